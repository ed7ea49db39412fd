"""Several exports, and several copies of a conversation, as one."""
