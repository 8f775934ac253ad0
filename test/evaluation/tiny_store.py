"""Stores of a few small views, and models that take no time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.encoding.context import ContextSpec
from reobj.encoding.model_file import save_model
from reobj.encoding.model_spec import ModelSpec, build_network, parse_model_spec
from reobj.scans.writer import ScanNetWriter
from reobj.types import Frame, Intrinsics, LabelImage
from reobj.views.index import write_index
from reobj.views.scene import SceneViews
from reobj.views.settings import ViewSettings

SIDE = 40
SETTINGS = ViewSettings(max_side=40, min_side=4)


def chairs(scene: int, objects: int, frames: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint16]]]:
    """Images and instance ids: grey chairs in front of walls of their own colours, all in every frame."""
    random = np.random.default_rng(scene)
    walls = random.uniform(30, 220, (objects, 3))
    for number in range(frames):
        image = np.repeat(walls, SIDE, axis=0)[None].repeat(SIDE, axis=0)
        image = image + random.normal(0, 8, image.shape)
        ids = np.zeros(image.shape[:2], np.uint16)
        for thing in range(objects):
            left = thing * SIDE + 12 + number
            image[14:26, left : left + 12] = 128
            ids[14:26, left : left + 12] = thing + 1
        yield image.clip(0, 255).astype(np.uint8), ids


def write_views(out: Path, scenes: int = 3, objects: int = 3, frames: int = 4) -> Path:
    """Rooms of chairs as a store; the frames are 2 s apart."""
    outcomes = []
    labels = dict.fromkeys(range(1, objects + 1), "chair")
    for scene in range(scenes):
        writer = SceneViews(out, f"room{scene}", SETTINGS)
        for number, (image, ids) in enumerate(chairs(scene, objects, frames)):
            frame = Frame(image, stamp_ns=number * 2_000_000_000)
            writer.add(number, frame, None, LabelImage(ids, labels))
        outcomes.append(writer.close())
    write_index(out, SETTINGS, outcomes)
    return out


def write_scans(out: Path, scenes: int = 3, objects: int = 3, frames: int = 4) -> Path:
    """The same rooms as scans in ScanNet's form, ``out/sceneNNNN_00``."""
    camera = Intrinsics(60, 60, SIDE * objects / 2, SIDE / 2, SIDE * objects, SIDE)
    labels = dict.fromkeys(range(1, objects + 1), "chair")
    for scene in range(scenes):
        with ScanNetWriter(out / f"scene{scene:04d}_00", camera, camera, labels) as scan:
            for number, (image, ids) in enumerate(chairs(scene, objects, frames)):
                depth = np.full(ids.shape, 1000, np.uint16)
                scan.add(number * 2_000_000, image, depth, np.eye(4), ids)
    return out


def small_spec(setup: str = "concat") -> ModelSpec:
    """A few hundred weights over crops of 16 pixels."""
    options = {"setup": setup, "widths": [8, 16], "blocks": [1], "layout_channels": 0, "dim": 8}
    spec = {"network": "small", "crop_size": 16, "options": options}
    return parse_model_spec({**spec, "context": ContextSpec(ratio=2.0, square=True)}, "model")


def write_model(folder: Path, name: str = "tiny", seed: int = 0) -> Path:
    """A model as it was drawn."""
    spec = small_spec()
    save_model(folder, name, spec, build_network(spec, seed), None, {}, {})
    return folder
