"""What a person drew: a few label images and the names of the objects in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from reobj.errors import InputError, mismatch
from reobj.files import write_bytes
from reobj.refinement.archive import FrameArchive

NAMES_FILE = "labels.json"
#: ScanNet's instance images have 8 bits
MAX_ID = 255


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Label images by frame number.

    Attributes:
        images: (H, W) uint16 of each frame that was drawn in, 0 = nothing, ascending.
        names: of each id that occurs in one.
    """

    images: dict[int, NDArray[np.uint16]]
    names: dict[int, str]


def read_drawing(folder: Path, frames: int, size: tuple[int, int]) -> Drawing:
    """Reads ``<frame number>.png`` and ``labels.json`` of a folder.

    Args:
        folder: with PNG images of one channel, 8 or 16 bits or a palette, whose values are ids 1 to 255, 0
            for nothing; and a JSON object from ids to names.
        frames: of the recording.
        size: width and height of its images.

    Raises:
        InputError: a file is missing or damaged, an image has another size, no such frame or an id without a
            name, or nothing was drawn; the message names it.
    """
    if not folder.is_dir():
        raise InputError(
            mismatch(f"labels {folder}", f"a folder of <frame number>.png and {NAMES_FILE}", "none")
        )
    names = _read_names(folder / NAMES_FILE)
    files = {_frame_number(path, frames): path for path in sorted(folder.glob("*.png"))}
    images = {number: _read_image(files[number], size) for number in sorted(files)}
    ids = sorted({int(i) for image in images.values() for i in np.unique(image)} - {0})
    if not ids:
        expected = "label images <frame number>.png with at least one object"
        raise InputError(mismatch(f"labels {folder}", expected, f"{len(files)} images, all empty"))
    for number, image in images.items():
        unnamed = [i for i in np.unique(image).tolist() if i and i not in names]
        if unnamed:
            expected = f"a name in {NAMES_FILE} for every id"
            raise InputError(mismatch(f"{files[number]}", expected, f"none for {unnamed}"))
    return Drawing(images, {i: names[i] for i in ids})


def write_pictures(archive: FrameArchive, numbers: Sequence[int], folder: Path) -> None:
    """Writes ``<frame number>.jpg`` of frames, to draw in.

    Raises:
        InputError: no such frame; nothing was written.
        StorageError: the operating system refused a write.
    """
    for number in numbers:
        _check_number(f"picture {number}", number, len(archive))
    wanted = set(numbers)
    for number, (frame, _) in enumerate(archive):
        if number in wanted:
            picture = cv2.cvtColor(frame.colour, cv2.COLOR_RGB2BGR)
            _, data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, 95))
            write_bytes(folder / f"{number}.jpg", data.tobytes())
        if number >= max(wanted):
            return


def _frame_number(path: Path, frames: int) -> int:
    if not path.stem.isdecimal():
        raise InputError(mismatch(str(path), "a name such as 120.png, for frame 120", path.name))
    _check_number(str(path), int(path.stem), frames)
    return int(path.stem)


def _check_number(what: str, number: int, frames: int) -> None:
    if not 0 <= number < frames:
        raise InputError(mismatch(what, f"a frame number from 0 to {frames - 1}", number))


def _read_image(path: Path, size: tuple[int, int]) -> NDArray[np.uint16]:
    try:
        with Image.open(path) as image:
            ids = np.asarray(image)  # of a palette, the indices; OpenCV would give its colours
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise InputError(mismatch(str(path), "a PNG image", error)) from error
    if ids.ndim != 2 or not np.issubdtype(ids.dtype, np.integer):
        raise InputError(mismatch(str(path), "one channel of 8 or 16 bits", f"{ids.shape} {ids.dtype}"))
    if ids.shape[::-1] != size:
        expected = f"{size[0]}x{size[1]} pixels, as the recording"
        raise InputError(mismatch(str(path), expected, f"{ids.shape[1]}x{ids.shape[0]}"))
    if ids.min() < 0 or ids.max() > MAX_ID:
        raise InputError(mismatch(str(path), f"ids from 0 to {MAX_ID}", int(ids.max())))
    return ids.astype(np.uint16)


def _read_names(path: Path) -> dict[int, str]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        names = {int(number): name for number, name in data.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(mismatch(str(path), 'a JSON object such as {"1": "chair"}', error)) from error
    wrong = [name for name in names.values() if not isinstance(name, str) or not name.strip()]
    if wrong:
        raise InputError(mismatch(str(path), "names that are text", wrong))
    return names
