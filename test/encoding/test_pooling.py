from __future__ import annotations

import numpy as np
import torch

from reobj.encoding.pooling import masked_mean, pool_cells

RNG = np.random.default_rng(0)


def test_masked_mean_is_the_mean_over_the_masks_pixels() -> None:
    features = torch.from_numpy(RNG.random((2, 3, 4, 5), dtype=np.float32))
    mask = torch.from_numpy(RNG.random((2, 1, 4, 5)) > 0.5)
    expected = features.permute(0, 2, 3, 1)[mask[:, 0]].mean(dim=0)
    torch.testing.assert_close(masked_mean(features, mask.float()), expected)


def test_full_cells_hold_mean_and_deviation_of_their_pixels() -> None:
    features = RNG.random((1, 2, 4, 6)).astype(np.float32)
    neutral = features.mean(axis=(0, 2, 3))
    pooled = (
        pool_cells(torch.from_numpy(features), torch.ones(1, 1, 4, 6), (2, 2), torch.from_numpy(neutral))
        .numpy()
        .reshape(2, 2, 2, 2)
    )  # mean or deviation, channel, row, column
    for row in range(2):
        for column in range(2):
            cell = features[0, :, 2 * row : 2 * row + 2, 3 * column : 3 * column + 3].reshape(2, -1)
            # the neutral value weighs a twentieth of the cell's six pixels
            mean = (cell.sum(axis=1) + 0.3 * neutral) / 6.3
            square = ((cell**2).sum(axis=1) + 0.3 * neutral**2) / 6.3
            np.testing.assert_allclose(pooled[0, :, row, column] ** 2, mean, rtol=1e-5)
            np.testing.assert_allclose(pooled[1, :, row, column] ** 4, square - mean**2, rtol=1e-3)


def test_a_cell_without_mask_has_the_neutral_mean() -> None:
    features = torch.rand(1, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    neutral = torch.tensor([0.25, 0.5])
    pooled = pool_cells(features, mask, (1, 2), neutral).view(2, 2, 2)
    torch.testing.assert_close(pooled[0, :, 1].square(), neutral)


def test_pixels_outside_the_mask_do_not_count() -> None:
    features = torch.rand(1, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., 1:3, 1:3] = 1
    changed = torch.where(mask > 0, features, 9.0)
    neutral = torch.zeros(2)
    torch.testing.assert_close(
        pool_cells(features, mask, (2, 1), neutral), pool_cells(changed, mask, (2, 1), neutral)
    )
