"""What is known of every stored view, without its pixels."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.views.identities import identities_of

_NAMES = ("scene_names", "label_names")
#: Type and shape of a row of each column.
_COLUMNS: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "scenes": (np.int64, ()),
    "instances": (np.int64, ()),
    "labels": (np.int64, ()),
    "frames": (np.int64, ()),
    "stamps_ns": (np.int64, ()),
    "boxes": (np.float32, (4,)),
    "regions": (np.float32, (4,)),
    "frame_sizes": (np.int64, (2,)),
    "overlaps": (np.float32, ()),
    "poses": (np.float64, (4, 4)),
    "directions": (np.float32, (3,)),
}


@dataclass(frozen=True, slots=True, eq=False)
class ViewTable:
    """N views. The object that a view shows is its scene *and* its instance id.

    Attributes:
        scenes: (N,) int64, index into ``scene_names``.
        instances: (N,) int64, true instance id within the scene.
        labels: (N,) int64, index into ``label_names``.
        frames: (N,) int64, number of the frame in its scene's recording.
        stamps_ns: (N,) int64, time of the frame in nanoseconds.
        boxes: (N, 4) float32 pixels of the frame, x0 y0 x1 y1, half-open.
        regions: (N, 4) float32 pixels of the frame, what the stored image covers; within the frame.
        frame_sizes: (N, 2) int64 pixels, width and height of the frame.
        overlaps: (N,) float32, IoU of the box and the true one; 1 for true masks.
        poses: (N, 4, 4) float64 camera-to-map; NaN where not known.
        directions: (N, 3) float32 unit vectors in the map from the camera to the middle of the box; NaN
            where not known.
        scene_names, label_names: all different.
    """

    scenes: NDArray[np.int64]
    instances: NDArray[np.int64]
    labels: NDArray[np.int64]
    frames: NDArray[np.int64]
    stamps_ns: NDArray[np.int64]
    boxes: NDArray[np.float32]
    regions: NDArray[np.float32]
    frame_sizes: NDArray[np.int64]
    overlaps: NDArray[np.float32]
    poses: NDArray[np.float64]
    directions: NDArray[np.float32]
    scene_names: tuple[str, ...]
    label_names: tuple[str, ...]

    def __post_init__(self) -> None:
        for name, (kind, row) in _COLUMNS.items():
            column, shape = getattr(self, name), (len(self), *row)
            if column.shape != shape or column.dtype != kind:
                expected = f"{shape} {np.dtype(kind)}"
                raise InputError(mismatch(f"views: {name}", expected, f"{column.shape} {column.dtype}"))
        for codes, names in ((self.scenes, self.scene_names), (self.labels, self.label_names)):
            if len(set(names)) != len(names):
                raise InputError(mismatch("views: names of scenes and labels", "different names", names))
            if codes.size and not 0 <= codes.min() <= codes.max() < len(names):
                expected = f"indices of {len(names)} names"
                raise InputError(mismatch("views: codes", expected, f"{codes.min()} to {codes.max()}"))

    def __len__(self) -> int:
        return len(self.instances)

    def only(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> ViewTable:
        """Some of the views; the names stay, and with them the codes."""
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in _COLUMNS})

    def identities(self) -> NDArray[np.int64]:
        """(N,) int64: the same number for views of the same object, 0, 1, ... without gaps."""
        return identities_of(self.scenes, self.instances)
