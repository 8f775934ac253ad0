"""What does not fit into memory is said before it is begun, not hours later by the kernel."""

from __future__ import annotations

import os

from reobj.errors import InputError, mismatch

_GB = 1e9


def check_memory(needed: float, what: str, remedy: str) -> None:
    """Refuses work that needs more memory than this machine has.

    Args:
        needed: bytes.
        what: that needs them, for the message.
        remedy: what to do instead.

    Raises:
        InputError: with both figures and the remedy.
    """
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        fits = mismatch(what, f"at most the {there / _GB:.0f} GB of this machine", f"{needed / _GB:.0f} GB")
        raise InputError(f"{fits}: {remedy}")
