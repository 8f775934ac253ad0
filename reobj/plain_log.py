"""Which messages of the library people see, on the command line and in a node's log alike."""

from __future__ import annotations

import logging

LIBRARY = "reobj"
CHOSEN = "reobj.detection"
"""Whose plain messages count too: which detector was taken, on which device, and when it was ready."""


def is_for_people(record: logging.LogRecord) -> bool:
    """Warnings and errors of all, and plain messages of those that are chosen."""
    return record.levelno >= logging.WARNING or record.name.startswith(CHOSEN)
