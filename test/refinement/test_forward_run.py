"""What the forward run leaves aside."""

from __future__ import annotations

import numpy as np
from painted_walk import PaintedWalk

from reobj.detection.masks import instances_from_label_image
from reobj.refinement.forward import WeakAside
from reobj.types import Frame, Instances


class Both:
    """Finds both things, one with a score of 0.9, one of 0.3."""

    def detect(self, frame: Frame) -> Instances:
        scores = np.array([0.3, 0.9], np.float32)
        return instances_from_label_image(PaintedWalk().ids(0), np.array([1, 2]), ["box", "cup"], scores)


def test_instances_below_the_score_are_kept_for_later() -> None:
    weak = WeakAside(Both(), 0.5)
    sure = weak.detect(PaintedWalk().frame(0))
    assert sure.labels == ("cup",)
    np.testing.assert_array_equal(sure.label_image == 1, PaintedWalk().ids(0) == 2)
    kept = weak.take()
    assert kept is not None
    assert kept.labels == ("box",)
    assert weak.take() is None
