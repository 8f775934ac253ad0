"""The table that retrieval is asked about: one row per view, that is, one instance in one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.views.identities import identities_of


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """N views with their truth and their embeddings.

    The object that a view shows is its scene *and* its instance id: ids start anew in every scene.

    Attributes:
        instances: (N,) int64, true instance id within the scene.
        scenes: (N,) int64, index into ``scene_names``.
        labels: (N,) int64, index into ``label_names``.
        frames: (N,) int64, number of the frame in its scene's recording.
        stamps_ns: (N,) int64, time of the frame in nanoseconds.
        embeddings: (N, D) float32, finite; of any length, as some published encoders do not normalise.
        scene_names: names of all scenes, different.
        label_names: names of all classes, different.
        directions: (N, 3) float32 unit vectors in the map from the camera to the object, see
            ``viewing_directions``, NaN where the pose is not known; None without poses.
    """

    instances: NDArray[np.int64]
    scenes: NDArray[np.int64]
    labels: NDArray[np.int64]
    frames: NDArray[np.int64]
    stamps_ns: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    scene_names: tuple[str, ...]
    label_names: tuple[str, ...]
    directions: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        count = len(self.instances)
        for name in ("instances", "scenes", "labels", "frames", "stamps_ns"):
            _check_array(name, getattr(self, name), (count,), np.int64)
        _check_array("embeddings", self.embeddings, (count, self.embeddings.shape[-1]), np.float32)
        if self.directions is not None:
            _check_array("directions", self.directions, (count, 3), np.float32, unknown=True)
        _check_codes("scenes", self.scenes, self.scene_names)
        _check_codes("labels", self.labels, self.label_names)

    def __len__(self) -> int:
        return len(self.instances)

    def check_rows(self, rows: NDArray[np.int64]) -> None:
        """Raises InputError unless all of ``rows`` are rows of these views."""
        if rows.size and (rows.min() < 0 or rows.max() >= len(self)):
            raise InputError(mismatch("rows", f"rows of {len(self)} views", f"{rows.min()} to {rows.max()}"))

    def identities(self) -> NDArray[np.int64]:
        """(N,) int64: the same number for views of the same object, 0, 1, ... without gaps."""
        return identities_of(self.scenes, self.instances)


def viewing_directions(
    poses: NDArray[np.float64], rays: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Unit vectors in the map from the camera to what it looks at.

    Args:
        poses: (N, 4, 4) camera-to-map (optical frame: x right, y down, z forward).
        rays: (N, 3) direction of each object in its camera's optical frame, any length > 0; None takes
            the optical axis, which is off by as much as the object is off the centre of the image.

    Returns:
        (N, 3) float32.

    Raises:
        InputError: other shapes, or values without a direction.
    """
    if poses.ndim != 3 or poses.shape[1:] != (4, 4):
        raise InputError(mismatch("poses", "(N, 4, 4)", poses.shape))
    if rays is None:
        rays = np.broadcast_to(np.array([0.0, 0.0, 1.0]), (len(poses), 3))
    if rays.shape != (len(poses), 3):
        raise InputError(mismatch("rays", (len(poses), 3), rays.shape))
    turned = np.einsum("nij,nj->ni", poses[:, :3, :3], rays)
    lengths = np.linalg.norm(turned, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise InputError(mismatch("poses and rays", "finite values and rays longer than 0", "others"))
    return (turned / lengths).astype(np.float32)


def _check_array(
    name: str, array: NDArray[np.generic], shape: tuple[int, ...], dtype: type, unknown: bool = False
) -> None:
    if array.shape != shape or array.dtype != dtype:
        expected = f"{shape} {np.dtype(dtype)}"
        raise InputError(mismatch(f"views: {name}", expected, f"{array.shape} {array.dtype}"))
    if array.dtype.kind == "f" and not (unknown or np.isfinite(array).all()):
        raise InputError(mismatch(f"views: {name}", "finite values", "NaN or infinity"))


def _check_codes(name: str, codes: NDArray[np.int64], names: tuple[str, ...]) -> None:
    if len(set(names)) != len(names):
        raise InputError(mismatch(f"views: names of {name}", "different names", names))
    if codes.size and (codes.min() < 0 or codes.max() >= len(names)):
        expected = f"indices of {len(names)} names"
        raise InputError(mismatch(f"views: {name}", expected, f"{codes.min()} to {codes.max()}"))
