"""Ways in: what reads a history into the neutral model."""
