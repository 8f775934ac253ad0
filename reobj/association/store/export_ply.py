"""A map as a point cloud with labels (PLY): the boxes of the objects, for any viewer of point clouds."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from reobj.association.store.rows import Ids, ObjectRows
from reobj.association.store.snapshot import MapSnapshot
from reobj.files import write_bytes

#: points along each edge of a box
_PER_EDGE = 16
#: degrees of hue between one object and the next (the golden angle): neighbours differ, none repeats
_HUE_STEP = 137.508

_POINT = np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3), ("object_id", "<f8"), ("label", "<i4")])
_PROPERTIES = (
    "float x\nproperty float y\nproperty float z\nproperty uchar red\nproperty uchar green\n"
    "property uchar blue\nproperty double object_id\nproperty int label"
)


def export_ply(snapshot: MapSnapshot, path: Path | str) -> int:
    """Writes the edges and the centre of each object's box, as points in metres in the map.

    Each point carries a colour, the object's id (a double, as PLY knows no 64-bit integers) and the
    number of its label; comments in the header say which label and which object that is. Objects
    without a place, and retired ones, are left out.

    Returns:
        How many objects were written.

    Raises:
        StorageError: the file cannot be written.
    """
    rows = snapshot.objects.select(snapshot.living())
    rows = rows.select(np.flatnonzero(np.isfinite(rows.positions).all(axis=1)))
    labels = [rows.label_of(row) for row in range(len(rows))]
    words = sorted(set(labels))
    template = _unit_box()
    points = np.zeros((len(rows), len(template)), _POINT)
    points["xyz"] = _placed(rows, template)
    points["rgb"] = _colours(rows.object_ids)[:, None]
    points["object_id"] = rows.object_ids[:, None]
    points["label"] = np.array([words.index(label) for label in labels], np.int32)[:, None]
    comments = [f"label {code} {word}" for code, word in enumerate(words)]
    for object_id, label, name in zip(rows.object_ids.tolist(), labels, rows.names, strict=True):
        comments.append(f"object {object_id} {label} {name}")
    write_bytes(path, _header(comments, points.size) + points.tobytes())
    return len(rows)


def _unit_box() -> NDArray[np.float64]:
    """(E, 3) points on the edges of a box of side 1 around the origin, and its centre."""
    along = np.linspace(-0.5, 0.5, _PER_EDGE)
    corners = itertools.product((-0.5, 0.5), repeat=2)
    edges = [np.insert(np.tile(c, (_PER_EDGE, 1)), axis, along, axis=1) for c in corners for axis in range(3)]
    return np.concatenate([*edges, np.zeros((1, 3))])


def _placed(rows: ObjectRows, template: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, E, 3) metres in the map."""
    sized = template * np.nan_to_num(rows.extents)[:, None]
    if not len(rows):
        return sized
    turned = Rotation.from_quat(rows.orientations).as_matrix()
    return np.einsum("mij,mej->mei", turned, sized) + rows.positions[:, None]


def _colours(object_ids: Ids) -> NDArray[np.uint8]:
    """(M, 3) RGB."""
    hsv = np.ones((1, len(object_ids), 3), np.float32)
    hsv[..., 0], hsv[..., 1] = object_ids * _HUE_STEP % 360, 0.75
    colours = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0] if len(object_ids) else hsv[0]
    return np.rint(255 * colours).astype(np.uint8)


def _header(comments: list[str], points: int) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += ["comment " + " ".join(text.split()) for text in comments]  # a line break would end the comment
    lines += [f"element vertex {points}", f"property {_PROPERTIES}", "end_header"]
    return ("\n".join(lines) + "\n").encode("ascii", "replace")
