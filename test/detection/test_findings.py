from __future__ import annotations

import numpy as np
import pytest
import torch

from reobj.detection.findings import FindingLimits, Findings, resolve_overlaps, to_instances
from reobj.errors import InputError
from reobj.types import Instances

NAMES = ("background", "chair", "cup", "tv")
HEIGHT, WIDTH = 32, 48


def squares(*boxes: tuple[int, int, int, int], value: float = 0.9) -> torch.Tensor:
    """Soft masks (N, 32, 48) that fill boxes x0 y0 x1 y1."""
    masks = torch.zeros(len(boxes), HEIGHT, WIDTH)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
        mask[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = value
    return masks


def some() -> Findings:
    """A chair, a better cup that overlaps it, a small tv, and a cup hidden behind both."""
    boxes = ((2, 2, 10, 10), (6, 6, 14, 14), (20, 20, 24, 24), (7, 7, 9, 9))
    return Findings(
        torch.tensor(boxes).float(),
        torch.tensor([0.6, 0.9, 0.8, 0.55]),
        torch.tensor([1, 2, 3, 2]),
        squares(*boxes),
    )


def instances(found: Findings, **options: object) -> Instances:
    limits = FindingLimits(**{"min_area": 0.0, **options})  # type: ignore[arg-type]
    return to_instances(found, NAMES, limits.wanted(NAMES), limits, HEIGHT, WIDTH)


def single(mask: torch.Tensor, box: list[float], score: float = 0.9, kind: int = 1) -> Findings:
    return Findings(torch.tensor([box]), torch.tensor([score]), torch.tensor([kind]), mask[None])


def test_best_first_and_the_better_takes_the_overlap() -> None:
    found = instances(some())
    assert found.labels == ("cup", "tv", "chair")
    np.testing.assert_allclose(found.scores, [0.9, 0.8, 0.6])
    assert (found.label_image[6:14, 6:14] == 1).all()
    assert (found.label_image == 3).sum() == 64 - 16
    assert found.boxes[2].tolist() == [2, 2, 10, 10]


def test_limits_on_class_count_and_area() -> None:
    assert instances(some(), labels=("tv", "chair")).labels == ("tv", "chair")
    assert instances(some(), max_instances=1).labels == ("cup",)
    assert instances(some(), min_area=40 / (HEIGHT * WIDTH)).labels == ("cup", "chair")
    assert instances(some(), max_share=40 / (HEIGHT * WIDTH)).labels == ("tv", "cup")
    assert instances(some(), min_score=0.7).labels == ("cup", "tv")
    assert len(instances(some(), mask_threshold=0.95)) == 0


def test_dropped_masks_leave_no_pixels_behind() -> None:
    found = instances(some(), min_area=40 / (HEIGHT * WIDTH))
    assert not found.label_image[20:24, 20:24].any()
    assert (found.label_image == 2).sum() == 48


def test_a_mask_that_fills_the_frame_hides_nothing_when_it_is_too_large() -> None:
    boxes = ((0, 0, WIDTH, HEIGHT), (4, 4, 14, 14))
    scores, classes = torch.tensor([0.9, 0.6]), torch.tensor([3, 1])
    found = Findings(torch.tensor(boxes).float(), scores, classes, squares(*boxes))
    assert instances(found).labels == ("tv",)
    assert instances(found, max_share=0.8).labels == ("chair",)


def test_one_object_found_as_two_classes_stays_once() -> None:
    boxes = ((2, 2, 12, 12), (2, 2, 12, 11), (2, 12, 12, 22))
    scores, classes = torch.tensor([0.7, 0.8, 0.6]), torch.tensor([1, 2, 1])
    found = Findings(torch.tensor(boxes).float(), scores, classes, squares(*boxes))
    assert instances(found).labels == ("cup", "chair")
    assert (instances(found).label_image[11, 2:12] == 0).all()  # no rim of the other one
    assert len(instances(found, max_overlap=1.0)) == 3


def test_masks_beside_each_other_in_one_box_both_stay() -> None:
    masks = torch.zeros(2, HEIGHT, WIDTH)
    masks[0, 4:20, 4:20] = masks[1, 4:20, 4:20] = torch.tril(torch.ones(16, 16))
    masks[1, 4:20, 4:20] = 1 - masks[0, 4:20, 4:20]
    boxes, scores = torch.tensor([[4.0, 4, 20, 20]] * 2), torch.tensor([0.9, 0.8])
    assert len(instances(Findings(boxes, scores, torch.tensor([1, 1]), masks))) == 2


def test_nothing_gives_no_instances_of_the_images_size() -> None:
    nothing = Findings(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0).long(), torch.zeros(0, 32, 48))
    found = instances(nothing)
    assert len(found) == 0 and found.label_image.shape == (HEIGHT, WIDTH)


def test_hundreds_are_cut_to_the_best() -> None:
    generator = torch.Generator().manual_seed(0)
    corners = torch.randint(0, 28, (700, 2), generator=generator)
    boxes = torch.cat([corners, corners + 3], 1)
    scores = torch.rand(700, generator=generator)
    found = Findings(boxes.float(), scores, torch.ones(700).long(), squares(*boxes.tolist()))
    kept = instances(found, max_instances=20, min_score=0.0)
    assert len(kept) == 20 and kept.scores.min() > 0.9
    assert set(np.unique(kept.label_image)) == set(range(21))


@pytest.mark.parametrize(
    ("box", "score", "kind"),
    [
        ([2.0, 2, float("nan"), 10], 0.9, 1),
        ([2.0, 2, 2, 10], 0.9, 1),
        ([10.0, 2, 2, 10], 0.9, 1),
        ([60.0, 2, 70, 10], 0.9, 1),
        ([2.0, 2, 10, 10], float("nan"), 1),
        ([2.0, 2, 10, 10], float("inf"), 1),
        ([2.0, 2, 10, 10], 0.9, 4),
        ([2.0, 2, 10, 10], 0.9, -1),
    ],
)
def test_what_makes_no_sense_is_dropped(box: list[float], score: float, kind: int) -> None:
    mask = squares((2, 2, 10, 10))[0]
    assert len(instances(single(mask, [2.0, 2, 10, 10]))) == 1
    assert len(instances(single(mask, box, score, kind))) == 0


def test_a_box_that_leaves_the_image_ends_at_its_edge() -> None:
    found = instances(single(squares((40, -5, 48, 8))[0], [40.0, -5, float("inf"), 8]))
    assert found.boxes.tolist() == [[40, 0, 48, 8]]


def test_a_mask_without_pixels_is_dropped() -> None:
    assert len(instances(single(torch.zeros(HEIGHT, WIDTH), [2.0, 2, 10, 10]))) == 0
    nan = torch.full((HEIGHT, WIDTH), float("nan"))
    assert len(instances(single(nan, [2.0, 2, 10, 10]))) == 0


def test_each_pixel_goes_to_the_first_mask_that_has_it() -> None:
    masks = torch.rand(9, 11, 13, generator=torch.Generator().manual_seed(1)) > 0.7
    first = np.where(masks.numpy().any(0), masks.numpy().argmax(0) + 1, 0)
    label_image, areas = resolve_overlaps(masks)
    np.testing.assert_array_equal(label_image, first)
    np.testing.assert_array_equal(areas, [(first == number).sum() for number in range(1, 10)])


def test_no_masks_give_an_empty_label_image() -> None:
    label_image, areas = resolve_overlaps(torch.zeros(0, 4, 5, dtype=torch.bool))
    assert label_image.shape == (4, 5)
    assert len(areas) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_score": 1.5}, "min_score: expected a number in"),
        ({"max_overlap": -0.1}, "max_overlap: expected a number in"),
        ({"max_instances": 0}, "max_instances: expected an integer >= 1"),
    ],
)
def test_limits_out_of_range_are_named(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FindingLimits(**options)  # type: ignore[arg-type]


def test_a_class_that_the_network_does_not_know_is_named() -> None:
    with pytest.raises(InputError, match=r"classes of the network.*chair.*sofa"):
        FindingLimits(labels=("chair", "sofa")).wanted(NAMES)
