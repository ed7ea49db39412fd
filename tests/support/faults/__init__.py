"""Exports with faults, what a run makes of them, and who judges it."""
