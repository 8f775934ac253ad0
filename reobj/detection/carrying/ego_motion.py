"""Where each pixel was in the key frame by the camera's own motion, where the scene is rigid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.detection.carrying.optical_flow import Flow
from reobj.detection.carrying.sampling import nearest
from reobj.types import Frame, Intrinsics

#: two depths are of one surface when they differ by less than this, metres and share of the depth: about
#: three deviations of a structured-light camera at 1 to 4 m
_METRES, _SHARE = 0.02, 0.02
#: metres before the camera from which on a point can be seen
_NEAREST = 0.01
#: "depth" outside of the image
_OUTSIDE = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class RigidPlaces:
    """Where the surfaces of a frame were in the key frame.

    Attributes:
        source: (H, W, 2) float32 pixels in the key frame.
        known: (H, W) bool where the key frame shows the same surface there. Not where either depth is
            unknown, nor where it saw something nearer (which hid the surface) or farther (it came since).
        unseen: (H, W) bool where the surface was out of the key frame's view.
    """

    source: Flow
    known: NDArray[np.bool_]
    unseen: NDArray[np.bool_]


class EgoMotion:
    """Places in the key frame from depth and poses of both frames; looks at no colour.

    Args:
        camera: of both frames.
        size: height and width of their images.
    """

    def __init__(self, camera: Intrinsics, size: tuple[int, int]) -> None:
        self._camera = camera
        v, u = np.mgrid[: size[0], : size[1]].astype(np.float32)
        x, y = camera.rays(u, v)
        self._rays = np.stack([x, y, np.ones_like(x)]).astype(np.float32)
        self._points = np.empty_like(self._rays)  # written again each time: fresh memory costs more than sums
        self._source = np.empty((*size, 2), np.float32)

    @classmethod
    def of(cls, key: Frame) -> EgoMotion | None:
        """For frames of this one's camera; None when it lacks depth, pose or intrinsics."""
        if key.depth is None or key.pose is None or key.intrinsics is None:
            return None
        return cls(key.intrinsics, (key.height, key.width))

    def source(self, frame: Frame, key: Frame) -> RigidPlaces | None:
        """Where the surfaces of ``frame`` were in the key frame, if the scene stood still.

        None when a frame lacks depth or pose, or has another camera. Holds until the next call.
        """
        if frame.depth is None or frame.pose is None or key.depth is None or key.pose is None:
            return None
        if frame.intrinsics != self._camera:
            return None
        motion = (np.linalg.inv(key.pose) @ frame.pose).astype(np.float32)
        measured = (frame.depth > 0) & (frame.depth < np.inf)
        points, source = self._points, self._source
        np.einsum("ij,jhw->ihw", motion[:3, :3], self._rays, out=points)  # no BLAS, whose threads wait
        points *= np.where(measured, frame.depth, np.float32(0))
        points += motion[:3, 3, None, None]
        z = points[2]
        points[:2] /= np.maximum(z, np.float32(_NEAREST))
        source[..., 0], source[..., 1] = self._camera.project(points[0], points[1])
        there = nearest(key.depth, source, _OUTSIDE)
        same = np.abs(there - z) < _METRES + _SHARE * np.maximum(z, np.float32(_NEAREST))  # False for NaN
        return RigidPlaces(source, same & measured & (there > 0), measured & (there == _OUTSIDE))
