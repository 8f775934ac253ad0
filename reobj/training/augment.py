"""Varying a batch of views: on the device, all views at once.

Random numbers are drawn on the CPU by a generator of the step, so that a batch does not depend on the
device or on what was drawn before.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from reobj.training.sections import AugmentConfig
from reobj.views.batch import ViewBatch

#: Cells, per side, of the random field by which a mask's edge wanders.
_FIELD = 6
#: Sides of the rectangle that covers part of a view, as shares of the crop's side.
_ERASED = (0.15, 0.5)


def augment(
    batch: ViewBatch, mirrored: Tensor, config: AugmentConfig, generator: torch.Generator
) -> ViewBatch:
    """The batch, varied; shifts and zooms happened when it was cut.

    Args:
        batch: on any device.
        mirrored: (B,) bool, on the CPU: views that are mirrored.
        config: how much of everything.
        generator: of the CPU.

    Returns:
        A new batch on the same device. Pixels beyond the image's edge stay black.
    """
    batch = _mirror(batch, mirrored.to(batch.mask.device))
    colour, mask = _photometric(batch, config, generator), batch.mask
    if config.mask > 0:
        mask = _wandering_edge(mask, config.mask, generator)
    if config.erase > 0:
        colour, mask = _erase(colour, mask, config.erase, generator)
    if config.drop_foreground + config.drop_background > 0:
        colour = _drop(colour, mask, config, generator)
    return ViewBatch((colour * batch.inside[..., None]).to(torch.uint8), mask, batch.inside)


def _mirror(batch: ViewBatch, mirrored: Tensor) -> ViewBatch:
    chosen = mirrored[:, None, None]
    return ViewBatch(
        torch.where(chosen[..., None], batch.colour.flip(2), batch.colour),
        torch.where(chosen, batch.mask.flip(2), batch.mask),
        torch.where(chosen, batch.inside.flip(2), batch.inside),
    )


def _photometric(batch: ViewBatch, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """(B, S, S, 3) float32 in [0, 255]: another exposure, contrast and white balance for each view."""
    count, device = len(batch.mask), batch.mask.device
    colour = batch.colour.to(torch.float32)
    if max(config.brightness, config.contrast, config.colour) == 0:
        return colour
    factors = _uniform((count, 5), -1, 1, generator)
    contrast = (1 + config.contrast * factors[:, :1]).to(device)[:, None, None]
    gain = (1 + config.brightness * factors[:, 1:2]) * (1 + config.colour * factors[:, 2:])
    gain = gain.to(device)[:, None, None]
    seen = batch.inside.sum((1, 2)).clamp_min(1)[:, None]  # pixels beyond the edge are no part of the image
    middle = (colour.sum((1, 2)) / seen).mean(1)[:, None, None, None]
    return torch.lerp(middle, colour, contrast).mul_(gain).clamp_(0, 255)


def _wandering_edge(mask: Tensor, amount: float, generator: torch.Generator) -> Tensor:
    """Masks (B, S, S) bool whose edge moved in and out by up to ``amount`` of the side.

    The mask is blurred by a box of twice that width and cut at a random level instead of 1/2: one
    level per view, and a smooth random field about it. A mask that would vanish stays as it was.
    """
    count, size = len(mask), mask.shape[-1]
    reach = max(round(amount * size), 1)
    soft = F.avg_pool2d(mask[:, None].float(), 2 * reach + 1, 1, reach, count_include_pad=False)
    field = _uniform((count, 1, _FIELD, _FIELD), -0.25, 0.25, generator)
    level = 0.5 + field + _uniform((count, 1, 1, 1), -0.2, 0.2, generator)
    levels = F.interpolate(level.to(mask.device), (size, size), mode="bilinear", align_corners=False)
    moved = (soft > levels)[:, 0]
    return torch.where(moved.flatten(1).any(1)[:, None, None], moved, mask)


def _erase(
    colour: Tensor, mask: Tensor, probability: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Something of one colour stands before part of some views; it is not part of the object."""
    count, size = len(mask), mask.shape[-1]
    side = _uniform((count, 2), *_ERASED, generator)
    low = torch.rand(count, 2, generator=generator) * (1 - side)
    paint = (255 * torch.rand(count, 3, generator=generator)).to(colour.device)
    low[torch.rand(count, generator=generator) >= probability] = 2  # beyond the crop
    steps = (torch.arange(size) + 0.5) / size
    covered = (steps >= low[..., None]) & (steps < (low + side)[..., None])
    covered = covered.to(colour.device)
    box = covered[:, 1, :, None] & covered[:, 0, None, :]
    return torch.where(box[..., None], paint[:, None, None], colour), mask & ~box


def _drop(colour: Tensor, mask: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Some views lose their foreground, others their background."""
    lot = torch.rand(len(mask), generator=generator).to(mask.device)[:, None, None]
    without_object = lot < config.drop_foreground
    without_rest = ~without_object & (lot < config.drop_foreground + config.drop_background)
    black = torch.where(mask, without_object, without_rest)
    return colour * ~black[..., None]


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)
