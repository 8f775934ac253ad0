"""Opening whatever holds frames: a ScanNet folder, a .sens file or a bag."""

from __future__ import annotations

from pathlib import Path

from reobj.errors import ScanError
from reobj.scans.bag_reader import BagScan
from reobj.scans.base import FrameSource
from reobj.scans.scannet import ScanNetScan


def open_source(path: Path | str) -> FrameSource:
    """The recording at ``path``.

    Raises:
        ScanError, BagError: nothing there, or it cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise ScanError(f"{path}: expected a scan folder, a .sens file or a bag, got nothing there")
    if path.suffix in (".mcap", ".db3") or (path / "metadata.yaml").exists() or any(path.glob("*.mcap")):
        return BagScan(path)
    return ScanNetScan(path)
