"""What the formats of chat apps share: turns instead of nodes, and their text."""
