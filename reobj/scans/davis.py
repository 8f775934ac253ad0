"""Video sequences in the layout of DAVIS 2017 (Pont-Tuset et al., arXiv:1704.00675).

JPEGImages/480p/SEQUENCE/00000.jpg ...    the frames
Annotations/480p/SEQUENCE/00000.png ...   object numbers as palette index
ImageSets/2017/val.txt                    names of the sequences that are scored
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from reobj.errors import ScanError
from reobj.types import Frame, LabelImage

_IMAGES, _TRUTH, _SPLIT = "JPEGImages", "Annotations", Path("ImageSets", "2017", "val.txt")
_RATE_HZ = 24  #: the layout has no stamps
#: value of pixels that count for nobody
VOID = 255


@dataclass(frozen=True, slots=True)
class DavisSequence:
    """One sequence; a ``FrameSource``. Every frame has its true masks.

    Attributes:
        images: its folder of frames.
        truth: its folder of masks, named as the frames.
    """

    images: Path
    truth: Path

    @property
    def name(self) -> str:
        return self.images.name

    @property
    def has_truth(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self._frames())

    def __iter__(self) -> Iterator[tuple[Frame, LabelImage]]:
        """Frames by name, with their masks; stamps are those of 24 frames a second.

        Raises:
            ScanError: a frame or its masks are missing or cannot be read, or differ in size.
        """
        size: tuple[int, ...] | None = None
        for number, path in enumerate(self._frames()):
            colour, ids = _read_colour(path), _read_masks(self.truth / f"{path.stem}.png")
            if colour.shape[:2] != ids.shape:
                raise ScanError(
                    f"{path}: expected the size of its masks, {ids.shape}, got {colour.shape[:2]}"
                )
            if size not in (None, ids.shape):
                raise ScanError(f"{path}: expected the size of the frames before it, {size}, got {ids.shape}")
            size = ids.shape
            objects = {int(i): "void" if i == VOID else "object" for i in np.unique(ids) if i}
            yield Frame(colour, round(1e9 * number / _RATE_HZ)), LabelImage(ids, objects)

    def _frames(self) -> list[Path]:
        return sorted(self.images.glob("*.jpg"))


def is_davis(path: Path) -> bool:
    """Whether a folder means to have this layout."""
    return (path / _IMAGES).is_dir()


def davis_sequences(path: Path) -> list[DavisSequence]:
    """The sequences of a folder: those of its list ``val.txt``, or all when it has none.

    The 480p images are taken where there are several resolutions.

    Raises:
        ScanError: none there, or a listed one is missing.
    """
    sizes = sorted(folder.name for folder in (path / _IMAGES).iterdir() if folder.is_dir())
    if not sizes:
        raise ScanError(f"{path}: expected {_IMAGES}/480p/SEQUENCE, got an empty folder")
    size = "480p" if "480p" in sizes else sizes[0]
    images, truth = path / _IMAGES / size, path / _TRUTH / size
    listed = path / _SPLIT
    if listed.is_file():
        names = listed.read_text(encoding="utf-8").split()
    else:
        names = sorted(folder.name for folder in images.iterdir() if folder.is_dir())
    for folder in (side / name for name in names for side in (images, truth)):
        if not folder.is_dir():
            raise ScanError(f"{folder}: expected a folder of one sequence, got nothing there")
    return [DavisSequence(images / name, truth / name) for name in names]


def _read_colour(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ScanError(f"{path}: expected an image, got a file that cannot be read")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _read_masks(path: Path) -> NDArray[np.uint16]:
    """(H, W) palette indices, which OpenCV would turn into colours."""
    try:
        with Image.open(path) as image:
            ids = np.asarray(image)
    except (OSError, UnidentifiedImageError) as error:
        raise ScanError(f"{path}: expected masks, got {error}") from error
    if ids.ndim != 2:
        raise ScanError(f"{path}: expected palette indices, (H, W), got {ids.shape}")
    return ids.astype(np.uint16)
