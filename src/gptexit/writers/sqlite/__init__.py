"""The target `sqlite`: a conversation as rows."""
