"""Dense optical flow between two images, there and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Flow = NDArray[np.float32]

#: a shorter side of fewer pixels leaves DIS no room to search
_LEAST_SIDE = 16


class OpticalFlow(Protocol):
    """Where the pixels of one image are in another one."""

    def between(self, a: Image, b: Image) -> tuple[Flow, Flow]:
        """Flow from ``a`` to ``b`` and from ``b`` to ``a``.

        Args:
            a, b: (H, W, 3) uint8 RGB of one size.

        Returns:
            twice (H, W, 2) float32 pixels: pixel p of the first image is at p + flow[p] in the second.
        """
        ...


class DISFlow:
    """Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016), of OpenCV.

    Both directions are computed side by side on two threads.
    """

    def __init__(self) -> None:
        self._searches = [cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST) for _ in range(2)]
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="optical_flow")

    def between(self, a: Image, b: Image) -> tuple[Flow, Flow]:
        """See ``OpticalFlow``. Images too small to search are taken to stand still."""
        if min(a.shape[:2]) < _LEAST_SIDE:
            still = np.zeros((*a.shape[:2], 2), np.float32)
            return still, still
        greys = [_grey(image) for image in (a, b)]
        running = [
            self._threads.submit(_search, search, *pair)
            for search, pair in zip(self._searches, (greys, greys[::-1]), strict=True)
        ]
        there, back = (task.result() for task in running)
        return there, back


def _grey(image: Image) -> Image:
    """(H, W)."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def _search(search: cv2.DISOpticalFlow, a: Image, b: Image) -> Flow:
    """Flow from ``a`` to ``b``, both (H, W)."""
    return search.calc(a, b, np.zeros((*a.shape, 2), np.float32)).astype(np.float32, copy=False)
