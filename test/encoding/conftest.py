from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from reobj.detection.masks import instances_from_label_image
from reobj.types import Frame, Instances

SmoothFrame = Callable[[int, int], Frame]
Rectangles = Callable[..., Instances]


def _smooth_frame(height: int, width: int, seed: int = 0) -> Frame:
    """A frame without detail finer than some pixels."""
    coarse = np.random.default_rng(seed).integers(
        0, 255, (height // 12 + 2, width // 12 + 2, 3), dtype=np.uint8
    )
    return Frame(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0)


def _rectangles(height: int, width: int, *boxes: tuple[int, int, int, int]) -> Instances:
    """Instances whose masks fill their boxes; the later one hides the earlier."""
    image = np.zeros((height, width), np.uint16)
    for number, (x0, y0, x1, y1) in enumerate(boxes, start=1):
        image[y0:y1, x0:x1] = number
    return instances_from_label_image(image, np.arange(1, len(boxes) + 1), ["chair"] * len(boxes))


@pytest.fixture(scope="session")
def smooth_frame() -> SmoothFrame:
    return _smooth_frame


@pytest.fixture(scope="session")
def rectangles() -> Rectangles:
    return _rectangles


@pytest.fixture
def frame() -> Frame:
    return _smooth_frame(60, 80)
