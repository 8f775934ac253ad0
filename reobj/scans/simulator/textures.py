"""Turns the description of a texture into its image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.scans.simulator import artwork, patterns
from reobj.scans.simulator.scene import Texture

PAINTERS = patterns.PAINTERS | artwork.PAINTERS


def paint(texture: Texture) -> NDArray[np.uint8]:
    """The texture's image, (SIZE, SIZE, 3) uint8 RGB; the same texture always gives the same image.

    Raises:
        InputError: unknown kind.
    """
    if texture.kind not in PAINTERS:
        raise InputError(mismatch("texture kind", sorted(PAINTERS), texture.kind))
    colours = np.array(texture.colours, np.float32)
    image = PAINTERS[texture.kind](np.random.default_rng(texture.seed), colours)
    return np.clip(image * 255, 2, 250).astype(np.uint8)
