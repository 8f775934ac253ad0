"""Pictures as the network sees them."""

from __future__ import annotations

import numpy as np
import torch
from toy_scenes import HEIGHT, WIDTH, make_picture

from reobj.detector_training.config import PictureAugmentConfig
from reobj.detector_training.samples import Sample, make_sample, vary
from reobj.types import LabelImage

CLASSES = {"chair": 1, "cup": 2}
PLAIN = PictureAugmentConfig(zoom=0, flip=0, brightness=0, contrast=0, colour=0)


def targets(sample: Sample) -> dict[int, tuple[list[float], int]]:
    """Class to box and area."""
    rows = zip(sample.classes.tolist(), sample.boxes.tolist(), sample.masks, strict=True)
    return {number: (box, int(mask.sum())) for number, box, mask in rows}


def test_a_sample_has_the_objects_and_not_the_wall() -> None:
    colour, truth = make_picture(0)
    sample = make_sample(colour, truth, CLASSES, ("wall",))
    ys, xs = np.nonzero(truth.ids == 1)
    box = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
    assert targets(sample)[1] == (box, len(xs))
    assert sorted(targets(sample)) == [1, 2]
    assert torch.equal(sample.image, torch.from_numpy(colour).permute(2, 0, 1))


def test_a_label_that_is_not_learned_is_background() -> None:
    sample = make_sample(*make_picture(0), {"cup": 1}, ("wall",))
    assert len(sample.boxes) == 1 and sample.masks.sum() == 16 * 16


def test_what_is_too_small_to_be_found_is_no_target() -> None:
    ids = np.zeros((HEIGHT, WIDTH), np.uint16)
    ids[30, 30] = 1
    sample = make_sample(np.zeros((HEIGHT, WIDTH, 3), np.uint8), LabelImage(ids, {1: "chair"}), CLASSES, ())
    assert sample.boxes.shape == (0, 4) and sample.masks.shape == (0, HEIGHT, WIDTH)


def test_without_variation_a_picture_stays_as_it_is() -> None:
    colour, truth = make_picture(1)
    same, same_truth = vary(colour, truth, PLAIN, np.random.default_rng(0))
    assert np.array_equal(same, colour) and np.array_equal(same_truth.ids, truth.ids)


def test_a_mirrored_picture_has_mirrored_truth() -> None:
    colour, truth = make_picture(1)
    always = PictureAugmentConfig(zoom=0, flip=1, brightness=0, contrast=0, colour=0)
    mirrored, mirrored_truth = vary(colour, truth, always, np.random.default_rng(0))
    assert np.array_equal(mirrored, colour[:, ::-1])
    assert np.array_equal(mirrored_truth.ids, truth.ids[:, ::-1])


def test_a_part_of_the_picture_is_a_part_of_the_truth() -> None:
    config = PictureAugmentConfig(zoom=0.5, flip=0, brightness=0, contrast=0, colour=0)
    for seed in range(8):
        colour, truth = make_picture(seed)
        part, part_truth = vary(colour, truth, config, np.random.default_rng(seed))
        height, width = part_truth.ids.shape
        assert HEIGHT // 2 <= height <= HEIGHT and WIDTH // 2 <= width <= WIDTH
        # Red is the chair and nothing else is.
        assert np.array_equal(part[..., 0] == 220, part_truth.ids == 1)


def test_light_changes_within_its_limits_and_the_truth_does_not() -> None:
    grey = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    truth = make_picture(0)[1]
    config = PictureAugmentConfig(zoom=0, flip=0, brightness=0.5, contrast=0.9, colour=0)
    values = [vary(grey, truth, config, np.random.default_rng(seed))[0] for seed in range(20)]
    shown = [int(value[0, 0, 0]) for value in values]
    assert 50 <= min(shown) < 70 and 130 < max(shown) <= 150
    assert all(np.ptp(value) == 0 for value in values)
