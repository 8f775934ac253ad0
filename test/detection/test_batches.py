from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from reobj.detection.batches import detect_all, same_sizes
from reobj.types import Frame, Instances


def frames(count: int) -> list[Frame]:
    return [Frame(np.zeros((4, 6, 3), np.uint8), stamp_ns) for stamp_ns in range(count)]


def answer(frame: Frame) -> Instances:
    """Empty; as wide as the stamp says, so that it can be told apart."""
    return Instances.empty(1, frame.stamp_ns + 1)


class Single:
    def __init__(self) -> None:
        self.sizes: list[int] = []

    def detect(self, frame: Frame) -> Instances:
        self.sizes.append(1)
        return answer(frame)


class Batched(Single):
    def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
        self.sizes.append(len(frames))
        return [answer(frame) for frame in frames]


@pytest.mark.parametrize(("detector", "sizes"), [(Single(), [1] * 7), (Batched(), [3, 3, 1])])
def test_every_frame_gets_its_answer_in_order(detector: Single, sizes: list[int]) -> None:
    found = list(detect_all(detector, iter(frames(7)), 3))
    assert [instances.label_image.shape[1] for instances in found] == [1, 2, 3, 4, 5, 6, 7]
    assert detector.sizes == sizes


def test_frames_of_one_size_go_together() -> None:
    shapes = [(4, 6), (6, 4), (4, 6), (4, 7), (6, 4)]
    images = [Frame(np.zeros((*shape, 3), np.uint8), 0) for shape in shapes]
    assert same_sizes(images) == [[0, 2], [1, 4], [3]]
