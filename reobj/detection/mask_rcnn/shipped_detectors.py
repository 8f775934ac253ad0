"""The trained detectors that come with the package."""

from __future__ import annotations

from pathlib import Path

from reobj.card_file import CARD_FILE

DETECTORS = Path(__file__).parents[2] / "models" / "detectors"
"""One folder per detector that ships."""


def shipped_detectors() -> tuple[str, ...]:
    """Their names."""
    return tuple(sorted(path.parent.name for path in DETECTORS.glob(f"*/{CARD_FILE}")))


def detector_folder(weights: str) -> Path | None:
    """The folder of a detector that ships, by its name, or that of a path; None where neither is one.

    A folder of the same name as one that ships is meant when written with a slash: ``./rooms``.
    """
    if weights in shipped_detectors():
        return DETECTORS / weights
    folder = Path(weights).expanduser()
    return folder if folder.is_dir() else None
