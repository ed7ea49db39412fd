"""Small helpers for text: dates, JSON, Markdown, the terminal."""
