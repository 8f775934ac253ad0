import colorsys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reobj.visual.colours import NO_ID, css_colour, id_colour, id_colours, text_colour


@given(st.integers(0, 2**64 - 1))
def test_an_id_has_one_colour_however_it_is_asked_for(object_id: int) -> None:
    colour = id_colour(object_id)
    assert tuple(id_colours(np.array([7, object_id], np.uint64))[1]) == colour
    assert css_colour(object_id) == "#" + bytes(colour).hex()


def test_no_id_is_grey() -> None:
    assert id_colour(0) == NO_ID
    assert len(set(NO_ID)) == 1


@given(st.integers(1, 2**64 - 1))
def test_an_id_is_never_as_grey_as_no_id(object_id: int) -> None:
    red, green, blue = (value / 255 for value in id_colour(object_id))
    assert colorsys.rgb_to_hsv(red, green, blue)[1] > 0.2


@pytest.mark.parametrize("first", [1, 50, 2**40])
def test_neighbouring_ids_look_different(first: int) -> None:
    colours = id_colours(np.arange(first, first + 8, dtype=np.uint64))
    lab = cv2.cvtColor((colours[None] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0]
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=2) + 1000 * np.eye(8)
    assert distance.min() > 15  # CIE 1976; 2.3 is just noticeable


def test_colours_of_no_ids_are_an_empty_array() -> None:
    assert id_colours([]).shape == (0, 3)


def test_text_is_black_on_light_and_white_on_dark_colours() -> None:
    assert text_colour((255, 230, 120)) == (0, 0, 0)
    assert text_colour((20, 40, 130)) == (255, 255, 255)


@given(st.integers(0, 2**64 - 1))
def test_text_on_the_colour_of_an_id_reaches_the_contrast_that_wcag_asks_for(object_id: int) -> None:
    def luminance(colour: tuple[int, int, int]) -> float:
        parts = [v / 255 for v in colour]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    background = id_colour(object_id)
    dark, light = sorted((luminance(background), luminance(text_colour(background))))
    assert (light + 0.05) / (dark + 0.05) >= 4.5
