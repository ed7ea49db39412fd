"""The writer `chatgpt`: ChatGPT's own export again, selected, repaired, merged and split."""
