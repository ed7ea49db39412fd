"""The files beside the conversations: assets by id, tables of names."""
