from __future__ import annotations

import pytest
import torch
from torch import Tensor

from reobj.training.augment import augment
from reobj.training.sections import AugmentConfig
from reobj.views.batch import ViewBatch

SIDE = 32


@pytest.fixture
def batch() -> ViewBatch:
    """64 noisy views with a square object; the right eighth lies beyond the frame."""
    generator = torch.Generator().manual_seed(0)
    inside = torch.ones(64, SIDE, SIDE, dtype=torch.bool)
    inside[:, :, 28:] = False
    colour = torch.randint(0, 256, (64, SIDE, SIDE, 3), generator=generator, dtype=torch.uint8)
    mask = torch.zeros(64, SIDE, SIDE, dtype=torch.bool)
    mask[:, 8:20, 10:24] = True
    return ViewBatch(colour * inside[..., None], mask, inside)


def varied(batch: ViewBatch, mirrored: Tensor | None = None, seed: int = 0, **changes: float) -> ViewBatch:
    config = AugmentConfig(**{**dict.fromkeys(AugmentConfig.__slots__, 0), **changes})
    mirrored = torch.zeros(len(batch), dtype=torch.bool) if mirrored is None else mirrored
    return augment(batch, mirrored, config, torch.Generator().manual_seed(seed))


def same(first: ViewBatch, second: ViewBatch) -> bool:
    names = ("colour", "mask", "inside")
    return all(torch.equal(getattr(first, name), getattr(second, name)) for name in names)


def test_nothing_asked_for_changes_nothing(batch: ViewBatch) -> None:
    assert same(varied(batch), batch)


def test_a_mirrored_view_is_mirrored_in_all_its_parts(batch: ViewBatch) -> None:
    mirrored = torch.arange(len(batch)) % 2 == 1
    found = varied(batch, mirrored)
    assert torch.equal(found.colour[1], batch.colour[1].flip(1))
    assert torch.equal(found.mask[1], batch.mask[1].flip(1))
    assert torch.equal(found.inside[1], batch.inside[1].flip(1))
    assert torch.equal(found.colour[0], batch.colour[0])


@pytest.mark.parametrize("name", ["brightness", "contrast", "colour", "mask", "erase", "drop_foreground"])
def test_a_step_draws_the_same_again_and_another_step_something_else(batch: ViewBatch, name: str) -> None:
    first = varied(batch, **{name: 0.2})
    assert same(first, varied(batch, **{name: 0.2}))
    assert not same(first, varied(batch, seed=1, **{name: 0.2}))


def test_what_lies_beyond_the_frame_stays_black(batch: ViewBatch) -> None:
    found = varied(batch, brightness=0.5, contrast=0.5, colour=0.5, mask=0.2, erase=1.0)
    assert not found.colour[~batch.inside].any()


def test_brightness_is_one_factor_for_each_view(batch: ViewBatch) -> None:
    dark = ViewBatch(batch.colour // 4 * 2, batch.mask, batch.inside)  # twice as bright does not saturate
    found = varied(dark, brightness=0.5)
    seen = dark.colour[0] > 60
    ratio = found.colour[0][seen].float() / dark.colour[0][seen].float()
    assert ratio.max() - ratio.min() < 0.04  # rounding
    means = found.colour.float().mean((1, 2, 3)) / dark.colour.float().mean((1, 2, 3))
    assert 0.48 < means.min() < 0.6 and 1.4 < means.max() < 1.52


def test_contrast_keeps_the_mean_of_what_is_inside(batch: ViewBatch) -> None:
    middle = ViewBatch(
        ((batch.colour // 4 + 96) * batch.inside[..., None]).to(torch.uint8), batch.mask, batch.inside
    )
    found = varied(middle, contrast=0.5)
    before, after = (v.colour[:, :, :28].float() for v in (middle, found))
    assert (before.mean((1, 2, 3)) - after.mean((1, 2, 3))).abs().max() < 1
    ratios = after.std((1, 2, 3)) / before.std((1, 2, 3))
    assert 0.45 < ratios.min() < 0.6 and 1.4 < ratios.max() < 1.55


def test_the_masks_edge_wanders_both_ways_but_not_far(batch: ViewBatch) -> None:
    found = varied(batch, mask=0.1).mask  # reach: 3 pixels
    areas = found.sum((1, 2))
    assert areas.min() < 12 * 14 < areas.max()
    assert found[:, 12:16, 14:20].all()
    around = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    around[5:23, 7:27] = True
    assert not found[:, ~around].any()


def test_a_mask_that_would_vanish_stays(batch: ViewBatch) -> None:
    tiny = torch.zeros_like(batch.mask)
    tiny[:, 10, 10] = True
    assert varied(ViewBatch(batch.colour, tiny, batch.inside), mask=0.2).mask.flatten(1).any(1).all()


def test_an_empty_mask_stays_empty_and_a_full_one_full(batch: ViewBatch) -> None:
    for mask in (torch.zeros_like(batch.mask), torch.ones_like(batch.mask)):
        assert torch.equal(varied(ViewBatch(batch.colour, mask, batch.inside), mask=0.2).mask, mask)


def test_what_covers_a_view_is_one_rectangle_of_one_colour_and_no_object(batch: ViewBatch) -> None:
    found = varied(batch, erase=1.0)
    changed = (found.colour != batch.colour).any(-1)
    for view in range(8):
        rows, columns = (changed[view].any(d).nonzero()[:, 0] for d in (1, 0))
        box = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        colours = found.colour[view][box].reshape(-1, 3)[batch.inside[view][box].flatten()]
        assert len(torch.unique(colours, dim=0)) == 1
        assert not found.mask[view][box].any()
        assert 0 < changed[view].sum() <= 17 * 17  # half a side; part may lie beyond the frame


def test_the_object_or_the_rest_goes_black_as_often_as_asked(batch: ViewBatch) -> None:
    found = varied(batch, drop_foreground=0.25, drop_background=0.5)
    lit = (found.colour > 0).any(-1)
    no_object = ~(lit & batch.mask).flatten(1).any(1)
    no_rest = ~(lit & ~batch.mask).flatten(1).any(1)
    assert not (no_object & no_rest).any()
    assert 8 <= no_object.sum() <= 24
    assert 22 <= no_rest.sum() <= 42
