"""A pack for Claude: a memory to paste, knowledge files for projects; and its API form."""
