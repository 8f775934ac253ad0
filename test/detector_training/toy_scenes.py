"""Scenes of coloured boxes: as recordings, and what a short training on them is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reobj.detector_training.config import DetectorTrainConfig, PictureAugmentConfig
from reobj.scans.writer import ScanNetWriter
from reobj.training.sections import BudgetConfig, OptimizerConfig
from reobj.types import Intrinsics, LabelImage

WIDTH, HEIGHT = 80, 64
CAMERA = Intrinsics(60.0, 60.0, 39.5, 31.5, WIDTH, HEIGHT)
LABELS = {1: "chair", 2: "cup", 3: "wall"}


def make_picture(seed: int) -> tuple[np.ndarray, LabelImage]:
    """A red chair and a blue cup somewhere before a grey wall and a black floor without an id."""
    rng = np.random.default_rng(seed)
    colour = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    ids = np.zeros((HEIGHT, WIDTH), np.uint16)
    a, b, c, d = rng.integers(0, 16, 4).tolist()
    things = [
        (3, (0, 0, WIDTH, 20), (120, 120, 120)),
        (1, (2 + a, 16 + b, 24, 28), (220, 30, 30)),
        (2, (46 + c, 24 + d, 16, 16), (30, 30, 220)),
    ]
    for number, (x, y, width, height), paint in things:
        colour[y : y + height, x : x + width] = paint
        ids[y : y + height, x : x + width] = number
    return colour, LabelImage(ids, LABELS)


def write_scene_scan(folder: Path, seed: int, frames: int = 4) -> Path:
    """A ScanNet scan of such pictures."""
    depth = np.full((HEIGHT, WIDTH), 1000, np.uint16)
    with ScanNetWriter(folder, CAMERA, CAMERA, LABELS) as scan:
        for number in range(frames):
            colour, truth = make_picture(100 * seed + number)
            scan.add(40_000 * number, colour, depth, np.eye(4), truth.ids.astype(np.uint8))
    return folder


def write_scene_scans(root: Path, scenes: int, frames: int = 4) -> list[Path]:
    return [write_scene_scan(root / f"scene{n:04d}_00", n, frames) for n in range(scenes)]


def short_config(steps: int = 2, validate_every: int = 1, **changes: Any) -> DetectorTrainConfig:
    """A run of seconds."""
    plain = DetectorTrainConfig(
        network="maskrcnn_mobilenet_v3_large_fpn",
        weights="random",
        input_size=64,
        every=1,
        batch=2,
        augment=PictureAugmentConfig(zoom=0.2),
        optimizer=OptimizerConfig(lr=1e-3),
        budget=BudgetConfig(steps=steps, validate_every=validate_every),
        max_validation=1,
        workers=0,
    )
    return replace(plain, **changes)
