from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from reobj.types import Decision, DecisionKind, Frame, Instances, TrackedObject, TrackState

Scene = tuple[Frame, Instances, tuple[TrackedObject, ...]]


@pytest.fixture
def scene() -> Callable[..., Scene]:
    """Makes a frame of 100 x 160 pixels with a 20 x 20 square per object id (0 = deferred)."""

    def make(
        object_ids: Sequence[int], second: float = 0.0, grey: int = 90, size: int = 20, label: str = "chair"
    ) -> Scene:
        image = np.zeros((100, 160), np.uint16)
        boxes = []
        for row in range(len(object_ids)):
            x0, y0 = 30 * row + 5, 40
            image[y0 : y0 + size, x0 : x0 + size] = row + 1
            boxes.append((x0, y0, x0 + size, y0 + size))
        count = len(object_ids)
        instances = Instances(
            np.array(boxes, np.float32).reshape(-1, 4), image, (label,) * count, np.ones(count, np.float32)
        )
        objects = tuple(
            TrackedObject(
                row,
                row + 1,
                TrackState.CONFIRMED,
                Decision(DecisionKind.MATCH if object_id else DecisionKind.DEFER, object_id, 0.9),
            )
            for row, object_id in enumerate(object_ids)
        )
        frame = Frame(np.full((100, 160, 3), grey, np.uint8), round(second * 1e9))
        return frame, instances, objects

    return make
