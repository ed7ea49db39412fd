"""Small helpers for text: dates, JSON, the terminal."""
