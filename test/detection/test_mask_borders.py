from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.detection.carrying.mask_borders import refine_borders

SURE = np.ones((40, 60), np.uint8)


def scene() -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """A red and a green thing side by side on grey, and their true masks."""
    true = np.zeros((40, 60), np.uint16)
    true[10:30, 10:30], true[10:30, 30:50] = 1, 2
    paint = np.array([(120, 120, 120), (200, 40, 40), (40, 180, 60)], np.uint8)
    return paint[true], true


def test_masks_that_are_off_move_to_the_border_between_colours() -> None:
    colour, true = scene()
    for shift in ((2, 0), (-2, 0), (0, 2), (2, 2)):
        before = np.roll(true, shift, (0, 1))
        after = refine_borders(before, SURE, colour, 3)
        assert (after != true).sum() < 0.6 * (before != true).sum(), shift


def test_right_masks_stay_but_for_corners() -> None:
    colour, true = scene()
    assert (refine_borders(true, SURE, colour, 1) != true).sum() <= 4


def test_what_came_into_view_is_filled_up_to_the_border() -> None:
    colour, true = scene()
    labels, trusted = true.copy(), SURE.copy()
    labels[:, 40:], trusted[:, 40:] = 0, 0
    found = refine_borders(labels, trusted, colour, 1)
    assert (found != true).mean() < 0.01


def test_an_instance_of_which_nothing_is_certain_goes_to_its_surroundings() -> None:
    colour, true = scene()
    trusted = SURE.copy()
    trusted[true == 1] = 0
    found = refine_borders(true, trusted, colour, 1)
    assert not (found == 1).any()


def test_where_nothing_is_certain_there_are_no_masks() -> None:
    colour, true = scene()
    assert not refine_borders(true, np.zeros_like(SURE), colour, 1).any()
