"""Send an export into a running app, over its API. Needs the extra `gptexit[push]`."""
