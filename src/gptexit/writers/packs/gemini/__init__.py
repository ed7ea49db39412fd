"""A pack for Gemini: a memory to paste, chats to upload, sources for Gems and notebooks."""
