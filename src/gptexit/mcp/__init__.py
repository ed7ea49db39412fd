"""The archive as a tool for assistants: a server of the Model Context Protocol, and its entry in
the configuration of a client."""
