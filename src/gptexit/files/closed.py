"""The end of standard output, in a module of its own: `gptexit --help` must wait for no other."""

from __future__ import annotations


class Closed(Exception):
    """Whoever reads our output has seen enough of it."""
