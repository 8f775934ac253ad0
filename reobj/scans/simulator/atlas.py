"""All textures of a world in one image, at every scale, so that one look-up samples them all."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.scans.simulator.noise import SIZE
from reobj.scans.simulator.scene import Texture
from reobj.scans.simulator.textures import paint

LEVELS = 7  #: SIZE, SIZE / 2 ... 4 pixels
PAD = 2  #: pixels of wrapped border around each image, for bilinear interpolation
ROW = SIZE + 2 * PAD
ROWS_PER_COLUMN = 110  #: OpenCV remaps images of less than 32768 rows
CHUNK = 512  #: width of the image that look-ups are folded into, for the same reason

_WIDTHS = [(SIZE >> level) + 2 * PAD for level in range(LEVELS)]
COLUMN = sum(_WIDTHS)
_STARTS = np.cumsum([0, *_WIDTHS[:-1]]).astype(np.float32)

#: Displayed value (0 to 255) to linear light.
_TO_LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """Mip maps of every texture (Williams 1983, "Pyramidal parametrics").

    Attributes:
        image: (rows, columns, 3) uint8.
        means: (T, 3) float32, mean linear colour of each texture.
    """

    image: NDArray[np.uint8]
    means: NDArray[np.float32]

    def sample(
        self, texture: NDArray[np.int32], uv: NDArray[np.float32], level: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Linear colours, (N, 3) float32, interpolated in the image and between two scales.

        Args:
            texture: (N,) index.
            uv: (N, 2), repeats with period 1.
            level: (N,) binary logarithm of the texels of the full image that a pixel covers.
        """
        level = np.clip(level, 0, LEVELS - 1.001)
        lower = level.astype(np.int32)
        fine = self._lookup(texture, uv, lower)
        coarse = self._lookup(texture, uv, lower + 1)
        share = (level - lower)[:, None]
        return fine + (coarse - fine) * share

    def _lookup(
        self, texture: NDArray[np.int32], uv: NDArray[np.float32], level: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        count = len(texture)
        size = np.right_shift(SIZE, level).astype(np.float32)
        wrapped = uv - np.floor(uv)
        column, row = texture // ROWS_PER_COLUMN, texture % ROWS_PER_COLUMN
        x = wrapped[:, 0] * size + (column * COLUMN + _STARTS[level] + np.float32(PAD - 0.5))
        y = wrapped[:, 1] * size + (row * ROW + np.float32(PAD - 0.5))
        found = cv2.remap(self.image, _folded(x), _folded(y), cv2.INTER_LINEAR)
        return np.asarray(cv2.LUT(found, _TO_LINEAR), np.float32).reshape(-1, 3)[:count]


def _folded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) as an image of CHUNK columns, filled up with zeros."""
    folded = np.zeros((-(-len(values) // CHUNK), CHUNK), np.float32)
    folded.reshape(-1)[: len(values)] = values
    return folded


def build_atlas(textures: tuple[Texture, ...]) -> Atlas:
    """Paints all textures."""
    columns = -(-len(textures) // ROWS_PER_COLUMN)
    image = np.zeros((ROW * min(len(textures), ROWS_PER_COLUMN), COLUMN * columns, 3), np.uint8)
    means = np.zeros((len(textures), 3), np.float32)
    for i, texture in enumerate(textures):
        column, row = divmod(i, ROWS_PER_COLUMN)
        picture = paint(texture)
        means[i] = _TO_LINEAR[picture].mean(axis=(0, 1))
        for start in _STARTS.astype(int):
            padded = np.pad(picture, ((PAD, PAD), (PAD, PAD), (0, 0)), mode="wrap")
            x, y = column * COLUMN + start, row * ROW
            image[y : y + len(padded), x : x + len(padded)] = padded
            picture = np.asarray(
                cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8
            )
    return Atlas(image, means)
