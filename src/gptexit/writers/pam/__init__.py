"""Portable AI Memory 1.0: a store of memories, and the conversations that they come from."""
