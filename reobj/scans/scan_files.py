"""Which files of a ScanNet scan are there, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reobj.errors import ScanError, mismatch


@dataclass(frozen=True, slots=True)
class ScanFiles:
    """The files of one scan; all but the ``.sens`` may be missing.

    Attributes:
        sens: colour, depth and poses.
        instances, labels: zips of images per frame; the filtered ones where there are both.
        aggregation: label of each instance.
        meta: sizes and alignment.
    """

    sens: Path
    instances: Path | None
    labels: Path | None
    aggregation: Path | None
    meta: Path | None

    @property
    def name(self) -> str:
        return self.sens.stem

    @property
    def folder(self) -> Path:
        return self.sens.parent


def find_scan(path: Path | str) -> ScanFiles:
    """The files of the scan at ``path``, a folder or a ``.sens`` file, whose siblings are then found too.

    Raises:
        ScanError: nothing there, or a folder without exactly one ``.sens`` file that could be meant.
    """
    path = Path(path)
    if path.is_dir():
        path = _sens_in(path)
    elif path.suffix != ".sens":
        raise ScanError(mismatch("scan", "a folder or a .sens file", path))
    elif not path.is_file():
        raise ScanError(f"no such file: {path}")
    start = path.with_suffix("")

    def first(*endings: str) -> Path | None:
        candidates = (start.with_name(start.name + ending) for ending in endings)
        return next((candidate for candidate in candidates if candidate.is_file()), None)

    return ScanFiles(
        sens=path,
        instances=first("_2d-instance-filt.zip", "_2d-instance.zip"),
        labels=first("_2d-label-filt.zip", "_2d-label.zip"),
        aggregation=first(".aggregation.json", "_vh_clean.aggregation.json"),
        meta=first(".txt"),
    )


def _sens_in(folder: Path) -> Path:
    named = folder / f"{folder.resolve().name}.sens"
    if named.is_file():
        return named
    found = sorted(folder.glob("*.sens"))
    if len(found) != 1:
        got = ", ".join(path.name for path in found) or "none"
        raise ScanError(mismatch(f"scan folder {folder}", f"{named.name} or one other .sens file", got))
    return found[0]
