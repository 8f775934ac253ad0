"""Non-maximum suppression by masks, across classes.

Boxes are not enough: things that stand behind each other have boxes with a high IoU, their masks have
none. Two masks with a high IoU are one object, which the network could not decide to call a cup or a bowl.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

#: pixels of a mask from which the IoU is reckoned; a mask of 0.05 % of the image still has ten of them
_SAMPLES = 160 * 120


def mask_overlaps(masks: Tensor) -> tuple[Tensor, Tensor]:
    """How much masks have in common, from an even grid of their pixels.

    Args:
        masks: (N, H, W) bool.

    Returns:
        (N, N) float32, IoU of each pair, 0 for empty ones; and (N,) float32, the part of the image in [0, 1]
        that each one covers.
    """
    height, width = masks.shape[1:]
    step = max(1, int((height * width / _SAMPLES) ** 0.5))
    flat = masks[:, step // 2 :: step, step // 2 :: step].flatten(1).float()
    common = flat @ flat.T
    areas = common.diagonal()
    overlaps = common / (areas[:, None] + areas[None] - common).clamp(min=1)
    return overlaps, areas / max(1, flat.shape[1])


def suppressed(overlaps: Tensor, most: float) -> Tensor:
    """Which ones have too much in common with a better one that is not suppressed itself.

    Args:
        overlaps: (N, N), of N findings, best first.
        most: overlap up to which both stay.

    Returns:
        (N,) bool, on the device of ``overlaps``.
    """
    too_much = (overlaps > most).cpu().numpy()
    gone = np.zeros(len(too_much), bool)
    for row in range(len(too_much)):  # each one depends on those before
        if not gone[row]:
            gone[row + 1 :] |= too_much[row, row + 1 :]
    return torch.from_numpy(gone).to(overlaps.device)
