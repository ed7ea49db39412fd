"""The real apps that `make test-apps` runs."""
