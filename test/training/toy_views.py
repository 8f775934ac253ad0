"""A store of views that a tiny network learns in seconds, and the configuration that does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reobj.training.config import TrainConfig, parse_train_config
from reobj.types import Frame, LabelImage
from reobj.views.index import write_index
from reobj.views.scene import SceneViews
from reobj.views.settings import ViewSettings
from reobj.views.table import ViewTable

_SIDE = 64
_BOX = slice(24, 40)
SETTINGS = ViewSettings(max_side=64, min_side=4)


def write_toy_views(
    out: Path, scenes: int = 4, objects: int = 4, views: int = 6, first: int = 0, label: str = "chair"
) -> Path:
    """Rooms of equal chairs, each before a wall of its own colour; the light on the chair changes wildly."""
    outcomes = []
    for scene in range(first, first + scenes):
        rng = np.random.default_rng([scene, 7])
        writer = SceneViews(out, f"room{scene:02d}", SETTINGS)
        walls = rng.uniform(70, 180, (objects, 3))
        for view in range(views):
            for thing in range(objects):
                number = view * objects + thing
                image = walls[thing] + rng.normal(0, 12, (_SIDE, _SIDE, 3))
                image[_BOX, _BOX] = rng.uniform(0, 255, 3)
                ids = np.zeros((_SIDE, _SIDE), np.uint16)
                ids[_BOX, _BOX] = thing + 1
                frame = Frame(image.clip(0, 255).astype(np.uint8), stamp_ns=number * 2_000_000_000)
                writer.add(number, frame, None, LabelImage(ids, {thing + 1: label}))
        outcomes.append(writer.close())
    write_index(out, SETTINGS, outcomes)
    return out


def toy_config(**sections: Any) -> TrainConfig:
    """A configuration of seconds; sections are merged into it."""
    data: dict[str, Any] = {
        "model": {
            "network": "small",
            "crop_size": 16,
            "context": {"ratio": 2.0, "square": True},
            "options": {
                "widths": [8, 16],
                "blocks": [1],
                "layout_channels": 0,
                "dim": 16,
            },
        },
        "sampler": {"identities": 4, "views": 3, "scenes": 1},
        "augment": {"brightness": 0, "contrast": 0, "colour": 0},
        "optimizer": {"lr": 0.01},
        "budget": {"steps": 8, "validate_every": 4},
        "validation": {"min_gap": 0},
        "workers": 0,
    }
    for name, section in sections.items():
        data[name] = {**data.get(name, {}), **section} if isinstance(section, dict) else section
    return parse_train_config(data)


def table_of(
    scenes: list[int], instances: list[int], labels: list[int], frames: list[int] | None = None
) -> ViewTable:
    """A table with these columns, and nothing in the others."""
    count = len(scenes)
    return ViewTable(
        scenes=np.array(scenes, np.int64),
        instances=np.array(instances, np.int64),
        labels=np.array(labels, np.int64),
        frames=np.array(frames if frames is not None else range(count), np.int64),
        stamps_ns=np.arange(count, dtype=np.int64),
        boxes=np.zeros((count, 4), np.float32),
        regions=np.zeros((count, 4), np.float32),
        frame_sizes=np.ones((count, 2), np.int64),
        overlaps=np.ones(count, np.float32),
        poses=np.full((count, 4, 4), np.nan),
        directions=np.full((count, 3), np.nan, np.float32),
        scene_names=tuple(f"scene{n}" for n in range(max(scenes, default=-1) + 1)),
        label_names=tuple(f"label{n}" for n in range(max(labels, default=-1) + 1)),
    )
