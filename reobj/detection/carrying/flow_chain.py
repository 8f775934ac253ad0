"""Where each pixel was in the key frame: flows from frame to frame, put together."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.carrying.optical_flow import Flow
from reobj.detection.carrying.sampling import nearest

#: limits of Sundaram et al., "Dense point trajectories by GPU-accelerated large displacement optical flow"
#: (ECCV 2010), equation 5: share of the squared motion, and square pixels
_SHARE, _PIXELS2 = 0.01, 0.5
#: a place that is in no image, and that no chain brings back into one
_NOWHERE = -1e6


def pixel_grid(height: int, width: int) -> Flow:
    """Coordinates x and y of every pixel, (H, W, 2) float32."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([x, y], axis=-1)


def consistent(back: Flow, there: Flow) -> NDArray[np.bool_]:
    """Pixels whose way back leads home again; what was hidden does not come home.

    Args:
        back: (H, W, 2) flow from this image to the last one.
        there: (H, W, 2) flow from the last image to this one, at the places where ``back`` leads.

    Returns:
        (H, W) bool.
    """
    return _squared(back + there) <= _SHARE * (_squared(back) + _squared(there)) + _PIXELS2


class FlowChain:
    """The key frame's place of each pixel of the present frame.

    A link takes the place of the nearest pixel of the last frame and adds what rounding left over. Between
    pixels nothing is blended, as that would make places up along the borders of objects.

    Args:
        height, width: of the images.
        check: whether pixels that are not consistent are distrusted from there on.

    Attributes:
        source: (H, W, 2) float32 pixels in the key frame; far outside of it for what was out of view.
        trusted: (H, W) uint8; 0 for what was hidden or out of view in between, else 1.
    """

    def __init__(self, height: int, width: int, check: bool = True) -> None:
        self._grid, self._check = pixel_grid(height, width), check
        self.source = self._grid
        self.trusted: NDArray[np.uint8] = np.ones((height, width), np.uint8)

    def add(self, there: Flow, back: Flow) -> None:
        """Goes one frame on: flow from the last frame to this one, and from this one to the last."""
        places = self._grid + back
        whole = np.rint(places)
        at = np.clip(whole, -1, 32766).astype(np.int16)  # what OpenCV takes for a map of whole pixels
        source = nearest(self.source, at, _NOWHERE)
        source += places
        source -= whole
        self.source, self.trusted = source, nearest(self.trusted, at)
        if self._check:
            again = nearest(there, at, None)
            self.trusted &= consistent(back, again)

    def correct(self, source: Flow, known: NDArray[np.bool_], unseen: NDArray[np.bool_]) -> None:
        """Takes places (H, W, 2) that are known otherwise, and drops what was out of view, (H, W)."""
        cv2.copyTo(source, (known | unseen).view(np.uint8), self.source)
        self.trusted |= known
        self.trusted[unseen] = 0

    def labels(self, key: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """The key frame's label image (H, W) as it lies in the present frame; 0 for what was out of view."""
        return nearest(key, self.source)


def _squared(flow: Flow) -> NDArray[np.float32]:
    """(H, W) squared lengths."""
    squares = flow * flow
    return squares[..., 0] + squares[..., 1]
