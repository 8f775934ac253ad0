from __future__ import annotations

import numpy as np
import pytest

from reobj.encoding.context import PAPER_CONTEXT, ContextSpec
from reobj.errors import InputError

BOX = np.array([[10, 20, 30, 60]], np.float32)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (ContextSpec(), [10, 20, 30, 60]),
        (PAPER_CONTEXT, [0, 10, 40, 70]),
        (ContextSpec(ratio=2.0), [0, 0, 40, 80]),
        (ContextSpec(ratio=2.0, pixels=5), [-5, -5, 45, 85]),
        (ContextSpec(square=True), [0, 20, 40, 60]),
    ],
)
def test_grown_boxes(spec: ContextSpec, expected: list[float]) -> None:
    assert spec.grow(BOX)[0].tolist() == expected


def test_a_box_without_extent_becomes_one_pixel() -> None:
    assert ContextSpec().grow(np.array([[5, 5, 5, 5]], np.float32))[0].tolist() == [4.5, 4.5, 5.5, 5.5]


@pytest.mark.parametrize("bad", [{"ratio": 0.9}, {"pixels": -1.0}, {"ratio": np.nan}, {"pixels": np.inf}])
def test_bad_values_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        ContextSpec(**bad)  # type: ignore[arg-type]
