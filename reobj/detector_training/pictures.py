"""Pictures with their true instances on disk, to be read in any order.

One folder per scene: ``000012.jpg`` is the colour of frame 12, ``000012.png`` the true ids of its pixels
(16 bits, 0 = none), and ``scene.json`` all the rest. A scene's folder is renamed into place when it is whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.errors import ScanError, StorageError, mismatch
from reobj.files import atomic_path
from reobj.types import Frame, LabelImage

FORMAT, VERSION = "reobj pictures", 1
_CARD = "scene.json"
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]


@dataclass(frozen=True, slots=True)
class PictureScene:
    """The pictures of one scene, on disk.

    Attributes:
        folder: of the pictures; its name is that of the scene.
        source: what they were made from and how, as plain data.
        frames: numbers of the frames.
        labels: label of each id that occurs.
    """

    folder: Path
    source: Mapping[str, Any]
    frames: tuple[int, ...]
    labels: Mapping[int, str]

    def read(self, frame: int) -> tuple[NDArray[np.uint8], LabelImage]:
        """Colour (H, W, 3) uint8 RGB of a frame, and its true instances.

        Raises:
            ScanError: the files are missing or damaged.
        """
        colour, ids = self._image(frame, "jpg"), self._image(frame, "png")
        if colour.shape[:2] != ids.shape:
            raise ScanError(mismatch(f"{self.folder}: size of picture {frame}", ids.shape, colour.shape[:2]))
        return np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2RGB), np.uint8), LabelImage(ids, self.labels)

    def _image(self, frame: int, kind: str) -> NDArray[Any]:
        path = self.folder / f"{frame:06d}.{kind}"
        flags = cv2.IMREAD_COLOR if kind == "jpg" else cv2.IMREAD_UNCHANGED
        try:
            image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flags)
        except (OSError, cv2.error) as error:
            raise ScanError(f"{path}: cannot be read: {error}") from error
        if image is None or (kind == "png" and (image.ndim != 2 or image.dtype != np.uint16)):
            raise ScanError(mismatch(str(path), "a picture as reobj wrote it", "another file"))
        return image


def write_scene(
    folder: Path,
    source: Mapping[str, Any],
    frames: Iterable[tuple[int, Frame, LabelImage]],
    each: Callable[[int], None],
) -> PictureScene:
    """Writes the pictures of a scene; what stood there is replaced when all of them are written.

    Args:
        folder: of the scene.
        source: what tells these pictures from others of that name, as plain data.
        frames: number, frame and truth.
        each: is told how many frames are written, after each.

    Raises:
        StorageError: a write was refused. What ``frames`` raises.
    """
    numbers: list[int] = []
    labels: dict[int, str] = {}
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for number, frame, truth in frames:
            _write(temporary / f"{number:06d}.jpg", cv2.cvtColor(frame.colour, cv2.COLOR_RGB2BGR), _QUALITY)
            _write(temporary / f"{number:06d}.png", truth.ids, [])
            numbers.append(number)
            labels |= {i: truth.labels.get(i, "object") for i in np.unique(truth.ids).tolist() if i}
            each(len(numbers))
        scene = PictureScene(folder, dict(source), tuple(numbers), dict(sorted(labels.items())))
        (temporary / _CARD).write_text(json.dumps(_card(scene), indent=1), encoding="utf-8")
    return scene


def read_scene(folder: Path) -> PictureScene:
    """What ``write_scene`` wrote. Raises ScanError: nothing there, damaged, or of another version."""
    path = folder / _CARD
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if (data["format"], data["version"]) != (FORMAT, VERSION):
            raise ValueError(f"{data['format']} {data['version']}")
        labels = {int(i): str(label) for i, label in data["labels"].items()}
        return PictureScene(folder, data["source"], tuple(map(int, data["frames"])), labels)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScanError(mismatch(str(path), f"{FORMAT}, version {VERSION}", error)) from error


def _card(scene: PictureScene) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "source": scene.source,
        "frames": scene.frames,
        "labels": {str(i): label for i, label in scene.labels.items()},
    }


def _write(path: Path, image: NDArray[Any], options: list[int]) -> None:
    done, data = cv2.imencode(path.suffix, image, options)
    if not done:
        raise StorageError(f"cannot encode {path.name}, an image of {image.shape} {image.dtype}")
    path.write_bytes(data.tobytes())
