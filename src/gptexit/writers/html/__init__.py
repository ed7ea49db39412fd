"""The HTML archive: pages that open with a double click."""
