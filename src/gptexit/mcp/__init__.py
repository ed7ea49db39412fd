"""Serve the archive to assistants over MCP, and add the server to a client's configuration."""
