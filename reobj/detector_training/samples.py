"""From a picture to what the network learns from, varied."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reobj.detection.label_image import LabelImageConfig, LabelImageDetector
from reobj.detector_training.config import PictureAugmentConfig
from reobj.types import Frame, Instances, LabelImage

Colour = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture and its targets, on the CPU.

    Attributes:
        image: (3, H, W) uint8, RGB.
        boxes: (N, 4) int64 pixels x0 y0 x1 y1, half-open.
        classes: (N,) int64, from 1.
        masks: (N, H, W) uint8, 0 or 1.
    """

    image: Tensor
    boxes: Tensor
    classes: Tensor
    masks: Tensor

    def to(self, device: torch.device) -> tuple[Tensor, dict[str, Tensor]]:
        """The image, and the targets under torchvision's names, on another device."""
        named = {"boxes": self.boxes, "labels": self.classes, "masks": self.masks}
        targets = {name: value.to(device, non_blocking=True) for name, value in named.items()}
        return self.image.to(device, non_blocking=True), targets


def make_sample(
    colour: Colour, truth: LabelImage, classes: dict[str, int], exclude: tuple[str, ...]
) -> Sample:
    """The targets of a picture: what a detector could see of the objects whose classes are learned.

    Args:
        colour: (H, W, 3) uint8 RGB.
        truth: of the same size.
        classes: number of each label, from 1.
        exclude: labels that are no objects.
    """
    seen = visible_instances(colour, truth, exclude)
    rows = [row for row, label in enumerate(seen.labels) if label in classes]
    numbers = np.array(rows, np.uint16) + np.uint16(1)
    masks = seen.label_image[None] == numbers[:, None, None]
    return Sample(
        torch.from_numpy(np.ascontiguousarray(colour.transpose(2, 0, 1))),
        torch.from_numpy(seen.boxes[rows].reshape(-1, 4).astype(np.int64)),
        torch.tensor([classes[seen.labels[row]] for row in rows], dtype=torch.int64),
        torch.from_numpy(masks.astype(np.uint8)),
    )


def visible_instances(colour: Colour, truth: LabelImage, exclude: tuple[str, ...]) -> Instances:
    """The true instances that are large enough to be found, as the detector ``label_image`` gives them."""
    detector = LabelImageDetector(lambda _: truth, LabelImageConfig(exclude=exclude))
    return detector.detect(Frame(colour, 0))


def vary(
    colour: Colour, truth: LabelImage, config: PictureAugmentConfig, rng: np.random.Generator
) -> tuple[Colour, LabelImage]:
    """A part of the picture, perhaps mirrored, in another light.

    As many numbers are drawn whatever the configuration is.
    """
    height, width = truth.ids.shape
    share, x, y, mirrored = rng.uniform(size=4)
    side = 1 - config.zoom * share
    wide, high = max(1, round(width * side)), max(1, round(height * side))
    left, top = round(x * (width - wide)), round(y * (height - high))
    part = (slice(top, top + high), slice(left, left + wide))
    colour, ids = colour[part], truth.ids[part]
    if mirrored < config.flip:
        colour, ids = colour[:, ::-1], ids[:, ::-1]
    colour, ids = np.ascontiguousarray(colour), np.ascontiguousarray(ids)
    return _relight(colour, config, rng.uniform(-1, 1, 5)), LabelImage(ids, truth.labels)


def _relight(colour: Colour, config: PictureAugmentConfig, factors: NDArray[np.float64]) -> Colour:
    """Another contrast, exposure and white balance, by one table of 256 values per channel.

    Args:
        colour: (H, W, 3) uint8.
        config: how much.
        factors: (5,) in [-1, 1]: contrast, brightness and three channels.
    """
    middle = colour.mean()
    contrast = 1 + config.contrast * factors[0]
    gains = (1 + config.brightness * factors[1]) * (1 + config.colour * factors[2:])
    values = (middle + (np.arange(256) - middle) * contrast)[:, None] * gains
    table = values.clip(0, 255).round().astype(np.uint8)
    return np.asarray(cv2.LUT(colour, table[None]), np.uint8)
