from __future__ import annotations

import numpy as np
import torch
from torchvision.ops import nms

from reobj.detection.nms import mask_overlaps, suppressed


def test_overlaps_of_small_images_are_those_of_the_definition() -> None:
    masks = torch.rand(6, 30, 40, generator=torch.Generator().manual_seed(0)) > 0.6
    masks[5] = False
    found, shares = (values.numpy() for values in mask_overlaps(masks))
    np.testing.assert_allclose(shares, masks.numpy().mean((1, 2)), rtol=1e-6)
    for i, first in enumerate(masks.numpy()):
        for j, second in enumerate(masks.numpy()):
            union = (first | second).sum()
            assert np.isclose(found[i, j], (first & second).sum() / union if union else 0)


def test_overlaps_of_large_images_are_near_those_of_the_definition() -> None:
    masks = torch.zeros(2, 960, 1280, dtype=torch.bool)
    masks[0, 100:500, 200:700] = True
    masks[1, 203:500, 311:890] = True
    exact = float((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())
    assert abs(float(mask_overlaps(masks)[0][0, 1]) - exact) < 0.01


def test_filled_boxes_are_suppressed_as_torchvision_suppresses_boxes() -> None:
    generator = torch.Generator().manual_seed(3)
    corners = torch.randint(0, 60, (50, 2), generator=generator)
    boxes = torch.cat([corners, corners + torch.randint(8, 40, (50, 2), generator=generator)], 1)
    masks = torch.zeros(50, 100, 100, dtype=torch.bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.tolist(), strict=True):
        mask[y0:y1, x0:x1] = True
    best_first = torch.arange(50, 0, -1).float()
    gone = suppressed(mask_overlaps(masks)[0], 0.3)
    assert torch.nonzero(~gone)[:, 0].tolist() == sorted(nms(boxes.float(), best_first, 0.3).tolist())
    assert gone.sum() > 5


def test_what_only_a_suppressed_one_overlaps_stays() -> None:
    overlaps = torch.tensor([[1.0, 0.8, 0.1], [0.8, 1.0, 0.8], [0.1, 0.8, 1.0]])
    assert suppressed(overlaps, 0.5).tolist() == [False, True, False]
