"""A raw conversation of ChatGPT's, read into the neutral model."""
