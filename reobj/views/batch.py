"""Crops of many views together, and as a network takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reobj.encoding.crops import Crops, normalised
from reobj.views.cutting import ViewCrop


@dataclass(frozen=True, slots=True, eq=False)
class ViewBatch:
    """B crops as they travel to the device: 8 bits per value, 5 bytes per pixel.

    Attributes:
        colour: (B, S, S, 3) uint8 RGB, black where not ``inside``.
        mask: (B, S, S) bool, True on the object.
        inside: (B, S, S) bool, False beyond the frame's edge.
    """

    colour: Tensor
    mask: Tensor
    inside: Tensor

    def __len__(self) -> int:
        return len(self.mask)

    def pin_memory(self) -> ViewBatch:
        """In page-locked memory, from which a GPU copies by itself; a DataLoader calls this."""
        return ViewBatch(self.colour.pin_memory(), self.mask.pin_memory(), self.inside.pin_memory())


def collate(crops: Sequence[ViewCrop]) -> ViewBatch:
    """One batch of B >= 1 crops of one size."""
    return ViewBatch(
        torch.from_numpy(np.stack([crop.colour for crop in crops])),
        torch.from_numpy(np.stack([crop.mask for crop in crops])),
        torch.from_numpy(np.stack([crop.inside for crop in crops])),
    )


def to_crops(batch: ViewBatch, device: torch.device) -> Crops:
    """The foreground and background images of all views, made on ``device`` at once.

    What ``CropCutter`` makes of a frame: a pixel of the other kind, or beyond the frame, is black before
    normalisation. The images are channels-last in memory.
    """
    colour = batch.colour.to(device, non_blocking=True).permute(0, 3, 1, 2).to(torch.float32)
    shown, black = normalised(colour), normalised(torch.zeros(1, 3, 1, 1, device=device))
    mask = batch.mask.to(device, non_blocking=True)[:, None]
    inside = batch.inside.to(device, non_blocking=True)[:, None]
    foreground, background = torch.where(mask, shown, black), torch.where(mask, black, shown)
    return Crops(foreground, background, mask.to(torch.float32), inside)
