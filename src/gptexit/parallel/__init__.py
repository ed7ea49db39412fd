"""Read and render conversations in several processes."""
