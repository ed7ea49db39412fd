"""The way out: one module a format, one table of them."""
