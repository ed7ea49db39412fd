"""ChatGPT's own export again: selected, repaired, merged, split below a size."""
