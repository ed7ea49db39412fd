"""Facts of ChatGPT's export that readers and writers share: its names, its trees, its values."""
