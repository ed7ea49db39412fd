"""Read a ChatGPT data export, normalize it, and write it in formats that last."""

__version__ = "0.1.0"
