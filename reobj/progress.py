"""How long work says how far it is, without knowing who shows it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called as ``progress(done, total)``, from the calling thread, as work goes on."""


def silent(done: int, total: int) -> None:
    """Shows nothing."""
