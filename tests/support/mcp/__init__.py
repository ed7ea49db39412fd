"""An archive to serve, and a client of the server."""
