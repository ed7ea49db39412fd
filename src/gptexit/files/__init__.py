"""Small helpers for files: kinds of files, writing in the background."""
