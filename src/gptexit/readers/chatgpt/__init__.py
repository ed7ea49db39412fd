"""The reader: a raw ChatGPT conversation to the neutral model."""
