"""Archives read back, one module a format."""
