import numpy as np
import pytest

from reobj.errors import InputError
from reobj.types import Instances
from reobj.visual.colours import NO_ID, id_colour
from reobj.visual.overlay import draw_overlay


def test_the_contour_has_the_colour_of_the_id(scene) -> None:
    frame, instances, objects = scene([7, 0])
    drawn = draw_overlay(frame.colour, instances, objects)
    assert tuple(drawn[40, 6]) == id_colour(7)
    assert tuple(drawn[59, 36]) == NO_ID


def test_the_inside_is_a_mixture_of_image_and_colour(scene) -> None:
    frame, instances, _ = scene([7])
    drawn = draw_overlay(frame.colour, instances, ())
    expected = 0.55 * 90 + 0.45 * np.array(NO_ID)
    np.testing.assert_allclose(drawn[50, 15], expected, atol=1)


def test_the_background_and_the_given_image_stay_as_they_are(scene) -> None:
    frame, instances, objects = scene([7])
    before = frame.colour.copy()
    drawn = draw_overlay(frame.colour, instances, objects)
    np.testing.assert_array_equal(frame.colour, before)
    np.testing.assert_array_equal(drawn[:35], before[:35])
    np.testing.assert_array_equal(drawn[:, 80:], before[:, 80:])


def test_a_tracked_instance_is_named_and_one_that_is_not_tracked_is_not(scene) -> None:
    frame, instances, objects = scene([0])
    named = draw_overlay(frame.colour, instances, objects)
    unnamed = draw_overlay(frame.colour, instances, ())
    behind_name, contour = ((image == NO_ID).all(axis=2).sum() for image in (named, unnamed))
    assert behind_name > 2 * contour > 0


def test_the_name_stands_on_the_mask_of_an_l_shaped_object(scene) -> None:
    frame, _, objects = scene([7])
    image = np.zeros((100, 160), np.uint16)
    image[0:96, 140:156] = 1
    image[0:8, 4:156] = 1  # its centroid, about (105, 27), is not on it
    instances = Instances(np.array([[4, 0, 156, 96]], np.float32), image, ("chair",), np.ones(1, np.float32))
    drawn = draw_overlay(frame.colour, instances, objects)
    off_the_mask = (drawn != frame.colour).any(axis=2) & (image == 0)
    rows, columns = np.nonzero(off_the_mask)
    assert ((columns > 90) | (rows < 20)).all()


def test_a_mask_too_small_to_be_sampled_is_named_at_its_box(scene) -> None:
    frame, _, objects = scene([7])
    image = np.zeros((100, 160), np.uint16)
    image[81, 61] = 1
    instances = Instances(np.array([[61, 81, 62, 82]], np.float32), image, ("chair",), np.ones(1, np.float32))
    drawn = draw_overlay(frame.colour, instances, objects)
    assert (drawn[75:90, 40:85] != frame.colour[75:90, 40:85]).any()


def test_a_label_beyond_ascii_is_drawn(scene) -> None:
    frame, instances, objects = scene([7], label="café 椅子")
    assert (draw_overlay(frame.colour, instances, objects) != frame.colour).any()


def test_an_image_without_instances_is_unchanged(scene) -> None:
    frame, instances, objects = scene([])
    np.testing.assert_array_equal(draw_overlay(frame.colour, instances, objects), frame.colour)


def test_masks_of_another_size_are_refused(scene) -> None:
    frame, instances, objects = scene([7])
    with pytest.raises(InputError, match=r"expected 100x100 pixels.*got 160x100"):
        draw_overlay(frame.colour[:, :100], instances, objects)


def test_an_object_without_its_instance_is_refused(scene) -> None:
    frame, _, objects = scene([7])
    with pytest.raises(InputError, match="indices of 0 instances"):
        draw_overlay(frame.colour, Instances.empty(100, 160), objects)
