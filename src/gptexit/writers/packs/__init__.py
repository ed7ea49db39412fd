"""Packs for other companies' assistants: conversations as knowledge files, within their limits."""
