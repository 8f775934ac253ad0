from __future__ import annotations

import numpy as np
import pytest

from reobj.detection.truth import TruthBuffer
from reobj.errors import InputError
from reobj.types import LabelImage


def truth(value: int) -> LabelImage:
    return LabelImage(np.full((2, 2), value, np.uint16), {value: "chair"})


def test_gives_the_image_of_exactly_the_stamp() -> None:
    buffer = TruthBuffer()
    first, second = truth(1), truth(2)
    buffer.put(10, first)
    buffer.put(11, second)
    assert buffer(10) is first
    assert buffer(11) is second


def test_a_missing_stamp_is_named() -> None:
    buffer = TruthBuffer()
    buffer.put(10, truth(1))
    with pytest.raises(InputError, match="stamp 12 ns"):
        buffer(12)


def test_the_first_put_leaves_first() -> None:
    buffer = TruthBuffer(capacity=2)
    for stamp in (30, 10, 20):
        buffer.put(stamp, truth(1))
    assert [stamp in buffer for stamp in (30, 10, 20)] == [False, True, True]


def test_a_stamp_put_again_is_replaced_and_counts_as_new() -> None:
    buffer = TruthBuffer(capacity=2)
    newer = truth(3)
    for stamp, image in ((1, truth(1)), (2, truth(2)), (1, newer), (3, truth(1))):
        buffer.put(stamp, image)
    assert buffer(1) is newer
    assert 2 not in buffer
