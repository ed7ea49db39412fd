"""The way in: an export, whatever it came as, to raw conversations and assets."""
