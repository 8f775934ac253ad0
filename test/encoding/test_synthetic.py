from __future__ import annotations

import torch

from reobj.encoding.crops import denormalised
from reobj.encoding.synthetic import synthetic_crops


def test_the_same_seed_gives_the_same_crops_and_another_seed_others() -> None:
    first, again, other = (synthetic_crops(3, 32, seed) for seed in (4, 4, 5))
    torch.testing.assert_close(first.background, again.background, rtol=0, atol=0)
    assert not torch.equal(first.background, other.background)


def test_foreground_and_background_never_share_a_pixel() -> None:
    crops = synthetic_crops(4, 32, 0)
    assert (denormalised(crops.foreground) * denormalised(crops.background)).abs().max() < 1e-5


def test_every_object_is_seen_and_leaves_a_background() -> None:
    share = synthetic_crops(20, 48, 1).mask.mean(dim=(1, 2, 3))
    assert share.min() > 0.01
    assert share.max() < 0.3
