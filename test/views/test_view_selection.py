"""Which instances become views; boxes and overlaps counted by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from view_room import HEIGHT, WIDTH, make_truth

from reobj.errors import InputError
from reobj.types import Instances, LabelImage
from reobj.views.selection import check_truth, select_true, select_valid
from reobj.views.settings import ViewSettings

Box = tuple[int, int, int, int]


def detections(*found: tuple[str, Box]) -> Instances:
    image = np.zeros((HEIGHT, WIDTH), np.uint16)
    for number, (_, (x0, y0, x1, y1)) in enumerate(found, start=1):
        image[y0:y1, x0:x1] = number
    boxes = np.array([box for _, box in found], np.float32).reshape(-1, 4)
    return Instances(boxes, image, tuple(label for label, _ in found), np.ones(len(found), np.float32))


def one_chair(label: str = "chair") -> LabelImage:
    return make_truth({3: (label, (10, 10, 30, 30))})


def test_true_instances_are_taken_but_for_structure(settings: ViewSettings) -> None:
    chosen = select_true(make_truth(), settings)
    assert chosen.instances.tolist() == chosen.numbers.tolist() == [1, 2, 5]
    assert chosen.labels == ("chair", "chair", "cup")
    assert chosen.boxes.tolist() == [[20, 20, 36, 44], [60, 30, 80, 60], [45, 12, 50, 17]]
    assert chosen.overlaps.tolist() == [1, 1, 1]


def test_structure_is_kept_on_demand(settings: ViewSettings) -> None:
    chosen = select_true(make_truth(), dataclasses.replace(settings, exclude=()))
    assert chosen.labels == ("chair", "chair", "cup", "wall")


def test_a_box_below_the_least_side_is_counted_but_no_view() -> None:
    chosen = select_true(make_truth(), ViewSettings(min_side=6))
    assert chosen.labels == ("chair", "chair")
    assert chosen.detections == {"chair": 2, "cup": 1}


def test_a_mask_of_few_pixels_in_a_large_box_is_no_view() -> None:
    """Two single pixels of a thing that something else hides: a box of 30 x 30 and nothing in it."""
    ids = np.zeros((HEIGHT, WIDTH), np.uint16)
    ids[10, 10] = ids[39, 39] = 4
    assert len(select_true(LabelImage(ids, {4: "chair"}), ViewSettings(min_side=12))) == 0


def test_an_instance_without_a_name_is_an_object(settings: ViewSettings) -> None:
    truth = dataclasses.replace(make_truth({3: ("chair", (10, 10, 30, 30))}), labels={})
    assert select_true(truth, settings).labels == ("object",)


def test_a_frame_without_objects_gives_nothing(settings: ViewSettings) -> None:
    nothing = make_truth({})
    assert len(select_true(nothing, settings)) == 0
    assert len(select_valid(Instances.empty(HEIGHT, WIDTH), nothing, settings)) == 0
    assert len(select_valid(detections(("chair", (0, 0, 9, 9))), nothing, settings)) == 0
    assert len(select_valid(Instances.empty(HEIGHT, WIDTH), make_truth(), settings)) == 0


@pytest.mark.parametrize(("bottom", "overlap", "valid"), [(22, 0.60, False), (23, 0.65, True)])
def test_a_detection_is_valid_above_an_overlap_of_six_tenths(
    bottom: int, overlap: float, valid: bool, settings: ViewSettings
) -> None:
    """A box of the same width within one of 20 x 20: the overlap is its height over 20."""
    chosen = select_valid(detections(("chair", (10, 10, 30, bottom))), one_chair(), settings)
    assert chosen.instances.tolist() == [3] * valid
    assert chosen.overlaps == pytest.approx([overlap] * valid)
    assert chosen.detections == {"chair": 1}


@pytest.mark.parametrize(
    ("true", "found", "valid"),
    [("chair", "couch", False), ("office chair", "chair", True), ("table", "chair", False)],
)
def test_labels_have_to_agree_as_coco_names_them(
    true: str, found: str, valid: bool, settings: ViewSettings
) -> None:
    chosen = select_valid(detections((found, (10, 10, 30, 30))), one_chair(true), settings)
    assert chosen.labels == (found,) * valid


def test_of_two_detections_of_one_object_the_better_stays(settings: ViewSettings) -> None:
    found = detections(("chair", (10, 10, 30, 26)), ("chair", (10, 12, 30, 30)))
    chosen = select_valid(found, one_chair(), settings)
    assert (chosen.numbers.tolist(), chosen.instances.tolist()) == ([2], [3])
    assert chosen.overlaps == pytest.approx([0.9])
    assert chosen.detections == {"chair": 2}


def test_a_detection_takes_the_object_it_overlaps_most(settings: ViewSettings) -> None:
    truth = make_truth({1: ("chair", (10, 10, 30, 30)), 2: ("chair", (12, 10, 32, 30))})
    # Chair 2 hides all of chair 1 but a strip of 2 pixels, whose box is (10, 10, 12, 30).
    chosen = select_valid(detections(("chair", (11, 10, 32, 30))), truth, settings)
    assert chosen.instances.tolist() == [2]
    assert chosen.overlaps == pytest.approx([20 / 21])


def test_a_detection_with_an_empty_mask_is_no_view(settings: ViewSettings) -> None:
    found = detections(("chair", (10, 10, 30, 30)))
    empty = dataclasses.replace(found, label_image=np.zeros_like(found.label_image))
    assert len(select_valid(empty, one_chair(), settings)) == 0


def test_a_detected_box_ends_at_the_frame(settings: ViewSettings) -> None:
    found = detections(("chair", (60, 30, 80, 60)))
    beyond = dataclasses.replace(found, boxes=np.array([[60, 30, 80.4, 61]], np.float32))
    assert select_valid(beyond, make_truth(), settings).boxes.tolist() == [[60, 30, 80, 60]]


def test_detections_of_structure_are_not_counted(settings: ViewSettings) -> None:
    chosen = select_valid(detections(("wall", (0, 0, 80, 8))), make_truth(), settings)
    assert len(chosen) == 0 and not chosen.detections


def test_masks_of_another_size_are_refused(settings: ViewSettings) -> None:
    with pytest.raises(InputError, match="expected 80x60 pixels as their image, got 40x30"):
        select_valid(Instances.empty(30, 40), make_truth(), settings)
    with pytest.raises(InputError, match="expected 40x30 pixels as their image, got 80x60"):
        check_truth(make_truth(), 30, 40)
