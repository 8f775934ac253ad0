"""One stable colour per object id, the same in overlays, RViz markers, maps and pages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Grey of what has no id (yet).
NO_ID = (150, 150, 150)

# Consecutive ids turn the hue by the golden ratio, so any run of them is well spread, and step the
# lightness by another irrational number, so that ids of nearly one hue differ in it. Of seven tried for
# the second, the cube root of two keeps the closest two of 8, 15, 30 and 60 consecutive ids farthest apart.
_STEPS = tuple(int(part * 2**64) for part in ((5**0.5 - 1) / 2, 2 ** (1 / 3) - 1))
# In this range nearly every hue of this chroma is inside sRGB, and black or white text readable on it.
_LIGHTNESS = (0.58, 0.84)
_CHROMA = 0.145

# Oklab to linear sRGB (Ottosson 2020, "A perceptual color space for image processing").
_LMS_FROM_LAB = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_RGB_FROM_LMS = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def id_colours(object_ids: ArrayLike) -> NDArray[np.uint8]:
    """Colours of ids.

    Args:
        object_ids: (N,) integers >= 0; 0 is grey.

    Returns:
        (N, 3) uint8, sRGB.
    """
    ids = np.asarray(object_ids, dtype=np.uint64).reshape(-1)
    # Products modulo 1, in integers: a float would lose the fraction for a large id.
    turn, level = ((ids * np.uint64(step)).astype(np.float64) / 2**64 for step in _STEPS)
    lightness = _LIGHTNESS[0] + (_LIGHTNESS[1] - _LIGHTNESS[0]) * level
    hue = 2 * np.pi * turn
    lab = np.stack([lightness, _CHROMA * np.cos(hue), _CHROMA * np.sin(hue)], axis=1)
    linear = np.clip((lab @ _LMS_FROM_LAB.T) ** 3 @ _RGB_FROM_LMS.T, 0, 1)
    # The transfer function of sRGB (IEC 61966-2-1).
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    colours = np.rint(255 * encoded).astype(np.uint8)
    colours[ids == 0] = NO_ID
    return colours


def id_colour(object_id: int) -> tuple[int, int, int]:
    """The sRGB colour of one id, 0..255 each; grey for 0."""
    red, green, blue = id_colours([object_id])[0].tolist()
    return red, green, blue


def css_colour(object_id: int) -> str:
    """The colour of an id for CSS and SVG, e.g. ``#4fb7c2``."""
    return "#{:02x}{:02x}{:02x}".format(*id_colour(object_id))


def text_colour(background: Sequence[int]) -> tuple[int, int, int]:
    """Black or white, whichever stands out more on an sRGB colour (contrast ratio of WCAG 2.2)."""
    part = np.asarray(background, dtype=np.float64) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    # (L + .05) / .05 > 1.05 / (L + .05): black has the higher contrast.
    return (0, 0, 0) if (luminance + 0.05) ** 2 > 0.05 * 1.05 else (255, 255, 255)
