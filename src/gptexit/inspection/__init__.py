"""Inspect an export in one pass over its raw conversations; nothing is normalized, for speed."""
