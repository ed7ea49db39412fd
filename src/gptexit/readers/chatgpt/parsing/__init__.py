"""Files with conversations, parsed one conversation at a time."""
