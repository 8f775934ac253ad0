"""Recordings looked at more than once: ids refined in rounds, and annotation from a few drawn frames."""
