"""The Markdown archive: a note for each conversation, its assets beside, an index."""
