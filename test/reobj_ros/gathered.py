"""Frames with their truth, folders of views and a tiny training, for the tests of the trainer node."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from reobj.types import Frame, Instances, LabelImage
from reobj.views.settings import ViewSettings
from reobj_ros.messages.stamps import SECOND_NS
from reobj_ros.training.gathering import Gatherer

CHAIRS, CUPS = {1: "chair", 2: "chair"}, {1: "cup", 2: "cup"}


def frame(stamp_s: float) -> Frame:
    """80x60 pixels of noise."""
    colour = np.random.default_rng(int(stamp_s)).integers(0, 255, (60, 80, 3), np.uint8)
    return Frame(colour, int(stamp_s * SECOND_NS), "camera")


def truth(names: dict[int, str] = CHAIRS, size: tuple[int, int] = (60, 80)) -> LabelImage:
    """Two objects."""
    ids = np.zeros(size, np.uint16)
    ids[5:35, 5:30] = 1
    ids[20:55, 40:75] = 2
    return LabelImage(ids, names)


def detected_second() -> Instances:
    """The second object alone, a pixel off."""
    image = np.zeros((60, 80), np.uint16)
    image[20:55, 41:75] = 1
    boxes = np.array([[41, 20, 75, 55]], np.float32)
    return Instances(boxes, image, ("chair",), np.ones(1, np.float32))


def views(folder: Path, *scenes: dict[int, str]) -> Path:
    """A folder of views: four of each object, in a scene per mapping of names."""
    gatherer = Gatherer(folder, ViewSettings())
    for names in scenes:
        for stamp_s in range(1, 5):
            gatherer.add(frame(stamp_s), None, truth(names))
    return gatherer.finish()


def tiny_config(path: Path, steps: int = 2) -> Path:
    """A training configuration of a network of a few hundred weights."""
    options = {"widths": [4, 8], "blocks": [1], "layout_channels": 2, "layout_grid": 2, "dim": 12}
    context = {"ratio": 2.0, "square": True}
    content = {
        "model": {"network": "small", "crop_size": 32, "context": context, "options": options},
        "sampler": {"identities": 2, "views": 2, "scenes": 1},
        "budget": {"steps": steps, "validate_every": steps},
        "validation": {"min_gap": 0},
        "workers": 0,
    }
    path.write_text(yaml.safe_dump(content))
    return path
