"""Small helpers for files: media types, opening no link, work in the background."""
