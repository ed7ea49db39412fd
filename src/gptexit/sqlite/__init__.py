"""The SQLite archive as a file: its schema, and the sink that writes it."""
