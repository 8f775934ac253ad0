import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reobj.errors import InputError
from reobj.evaluation.truth_matching import match_truth, overlaps_of
from reobj.types import Instances, LabelImage


def instances_of(image: np.ndarray, count: int) -> Instances:
    return Instances(np.zeros((count, 4), np.float32), image, ("cup",) * count, np.ones(count, np.float32))


def image_of(rows: list[list[int]]) -> np.ndarray:
    return np.array(rows, np.uint16)


def test_iou_counts_shared_pixels_over_the_union() -> None:
    masks = instances_of(image_of([[1, 1, 1, 0, 2, 2]]), 2)
    truth = LabelImage(image_of([[0, 7, 7, 7, 9, 9]]), {})
    overlaps = overlaps_of(masks, truth)
    assert overlaps.true_ids.tolist() == [7, 9]
    assert overlaps.areas.tolist() == [3, 2]
    np.testing.assert_allclose(overlaps.iou, [[2 / 4, 0], [0, 1]])


def test_an_iou_of_exactly_the_least_one_is_a_match_and_one_below_is_none() -> None:
    masks = instances_of(image_of([[1, 1, 1, 0, 2, 2, 2, 0]]), 2)
    truth = LabelImage(image_of([[0, 7, 7, 7, 9, 0, 0, 9]]), {})
    assert match_truth(overlaps_of(masks, truth)).tolist() == [7, 0]


def test_each_true_object_is_matched_once() -> None:
    masks = instances_of(image_of([[1, 1, 2, 2]]), 2)
    truth = LabelImage(image_of([[5, 5, 5, 5]]), {})
    assert sorted(match_truth(overlaps_of(masks, truth)).tolist()) == [0, 5]


def test_an_empty_mask_shows_nothing() -> None:
    masks = instances_of(image_of([[0, 0, 2]]), 2)
    truth = LabelImage(image_of([[3, 3, 4]]), {})
    assert match_truth(overlaps_of(masks, truth)).tolist() == [0, 4]


def test_frames_without_instances_or_without_truth_match_nothing() -> None:
    nothing = image_of([[0, 0]])
    assert match_truth(overlaps_of(instances_of(nothing, 0), LabelImage(image_of([[1, 2]]), {}))).shape == (
        0,
    )
    assert match_truth(
        overlaps_of(instances_of(image_of([[1, 1]]), 1), LabelImage(nothing, {}))
    ).tolist() == [0]


def test_masks_of_another_size_than_the_truth_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected 2x1 pixels.*got 3x1"):
        overlaps_of(instances_of(image_of([[1, 1, 0]]), 1), LabelImage(image_of([[1, 1]]), {}))


def test_a_mask_without_its_instance_is_refused() -> None:
    with pytest.raises(InputError, match="values up to 1, the number of instances, got 2"):
        overlaps_of(instances_of(image_of([[1, 2]]), 1), LabelImage(image_of([[1, 2]]), {}))


label_images = hnp.arrays(np.uint16, (4, 6), elements=st.sampled_from([0, 1, 2, 3, 4, 65535]))


@settings(max_examples=50, deadline=None)
@given(masks=hnp.arrays(np.uint16, (4, 6), elements=st.integers(0, 4)), truth=label_images)
def test_iou_equals_that_of_each_pair_of_masks(masks: np.ndarray, truth: np.ndarray) -> None:
    overlaps = overlaps_of(instances_of(masks, 4), LabelImage(truth, {}))
    for row in range(4):
        for column, true_id in enumerate(overlaps.true_ids):
            both = ((masks == row + 1) & (truth == true_id)).sum()
            either = ((masks == row + 1) | (truth == true_id)).sum()
            assert overlaps.iou[row, column] == pytest.approx(both / either)
