"""Reading and rendering of conversations in several processes."""
