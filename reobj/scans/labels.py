"""The small text files of a scan: aggregation, label map and meta data."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.errors import ScanError, mismatch
from reobj.scans.mesh import SEGMENTS_SUFFIX
from reobj.scans.sens_format import SensHeader

LABEL_MAP_NAME = "scannetv2-labels.combined.tsv"
LABEL_MAP_LEVELS = 3  # a download has it beside scans/: folders to look in above the scan's own
UNNAMED = "object"  #: the label of an instance whose name is not known


def read_aggregation(path: Path) -> dict[int, str]:
    """Label of each instance id (objectId + 1) from ``aggregation.json``.

    Raises:
        ScanError: unreadable, not JSON, or without the segGroups that ScanNet has.
    """
    try:
        groups = json.loads(_text(path))["segGroups"]
        return {int(group["objectId"]) + 1: str(group["label"]) for group in groups}
    except (ValueError, TypeError, KeyError) as error:
        expected = "JSON with segGroups of objectId and label"
        raise ScanError(mismatch(str(path), expected, f"{type(error).__name__}: {error}")) from error


def aggregation(name: str, objects: Mapping[int, str], *, with_segments: bool) -> dict[str, object]:
    """The content of ``aggregation.json``; with a mesh, the segment of an instance has the instance's id."""
    return {
        "sceneId": f"scannet.{name}",
        "appId": "reobj",
        "segGroups": [
            {
                "id": instance - 1,
                "objectId": instance - 1,
                "segments": [instance] if with_segments else [],
                "label": label,
            }
            for instance, label in sorted(objects.items())
        ],
        "segmentsFile": f"scannet.{name}{SEGMENTS_SUFFIX}",
    }


def read_label_map(path: Path) -> dict[int, str]:
    """Name (``raw_category``) of each raw label id. Raises ScanError: unreadable or another table."""
    rows = csv.DictReader(_text(path).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        return {int(row["id"]): row["raw_category"] for row in rows}
    except (KeyError, ValueError, TypeError) as error:
        expected = "a table with the columns id and raw_category"
        raise ScanError(mismatch(str(path), expected, f"{type(error).__name__}: {error}")) from error


def write_label_map(path: Path, label_ids: Mapping[str, int]) -> None:
    """Writes a label map with the columns that are known."""
    rows = (
        f"{number}\t{label}\t{label}\n" for label, number in sorted(label_ids.items(), key=lambda e: e[1])
    )
    path.write_text("id\traw_category\tcategory\n" + "".join(rows), encoding="utf-8")


def find_label_map(folder: Path) -> Path | None:
    """The nearest label map in ``folder`` or above it; None without one."""
    folder = folder.resolve()
    candidates = (place / LABEL_MAP_NAME for place in (folder, *folder.parents[:LABEL_MAP_LEVELS]))
    return next((path for path in candidates if path.is_file()), None)


def read_meta(path: Path) -> dict[str, str]:
    """The ``key = value`` lines of ``sceneXXXX_YY.txt``. Raises ScanError: unreadable."""
    pairs = (line.split("=", 1) for line in _text(path).splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def meta_text(header: SensHeader, frames: int) -> str:
    """The content of ``sceneXXXX_YY.txt`` for a scan whose axes are upright already."""
    colour, depth = header.colour_camera, header.depth_camera
    identity = _numbers(np.eye(4).ravel())
    entries = {"axisAlignment": identity, "colorHeight": colour.height}
    entries |= {"colorToDepthExtrinsics": identity, "colorWidth": colour.width}
    entries |= {"depthHeight": depth.height, "depthWidth": depth.width}
    entries |= {"fx_color": colour.fx, "fx_depth": depth.fx, "fy_color": colour.fy, "fy_depth": depth.fy}
    entries |= {"mx_color": colour.cx, "mx_depth": depth.cx, "my_color": colour.cy, "my_depth": depth.cy}
    entries |= {"numColorFrames": frames, "numDepthFrames": frames, "numIMUmeasurements": 0}
    return "".join(f"{key} = {value}\n" for key, value in entries.items())


def axis_alignment(meta: Mapping[str, str], where: str) -> NDArray[np.float64]:
    """(4, 4) float64 from the scan's world to upright axes; identity where the meta data has none.

    Raises:
        ScanError: an entry that is not sixteen finite numbers.
    """
    text = meta.get("axisAlignment")
    if text is None:
        return np.eye(4)
    try:
        matrix = np.array(text.split(), np.float64)
    except ValueError:
        matrix = np.zeros(0)
    if matrix.size != 16 or not np.isfinite(matrix).all():
        raise ScanError(mismatch(f"axisAlignment in {where}", "16 finite numbers", repr(text)))
    return matrix.reshape(4, 4)


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:.6f}" for value in values)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ScanError(f"cannot read {path}: {error.strerror}") from error
