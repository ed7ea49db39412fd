"""The memory that ChatGPT kept of its user, collected from an export by rules."""
