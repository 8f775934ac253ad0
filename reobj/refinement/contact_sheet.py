"""One picture per annotation: each object in some of its frames, the least sure ones marked."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.refinement.frame_masks import FrameMasks
from reobj.types import Frame
from reobj.visual.colours import id_colour, text_colour
from reobj.visual.object_crop import outlined_crop

#: pictures of an object, side of one and height of the line of text below it, pixels
_COLUMNS, _SIDE, _TEXT = 8, 128, 16
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class ContactSheet:
    """Keeps, of every object, the least sure mask of each eighth of the recording.

    Args:
        frames: of the recording.
        names: of each object id.
    """

    def __init__(self, frames: int, names: Mapping[int, str]) -> None:
        self._frames, self._names = max(frames, 1), names
        self._tiles: dict[tuple[int, int], tuple[float, NDArray[np.uint8]]] = {}

    def add(self, number: int, frame: Frame, masks: FrameMasks) -> None:
        """Takes a frame with masks that all have an object."""
        column, instances = number * _COLUMNS // self._frames, masks.instances()
        for row, object_id in enumerate(masks.object_ids.tolist()):
            sure = float(masks.confidence[row])
            held = self._tiles.get((object_id, column))
            if held is None or sure < held[0]:
                jpeg = outlined_crop(frame.colour, instances, row, id_colour(object_id), _SIDE)
                crop = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
                self._tiles[object_id, column] = sure, _tile(crop, f"{number}: {100 * sure:.0f}%")

    def jpeg(self) -> bytes:
        """The picture: one row per object, with its name, and the recording from left to right."""
        rows = [self._row(object_id) for object_id in sorted(self._names)]
        return cv2.imencode(".jpg", np.concatenate(rows), (cv2.IMWRITE_JPEG_QUALITY, 85))[1].tobytes()

    def _row(self, object_id: int) -> NDArray[np.uint8]:
        colour = id_colour(object_id)
        head: NDArray[np.uint8] = np.full((_SIDE + _TEXT, _SIDE, 3), colour[::-1], np.uint8)
        for line, text in enumerate((f"#{object_id}", self._names[object_id])):
            plain = text.encode("ascii", "replace").decode()
            cv2.putText(
                head, plain, (6, 24 + 20 * line), _FONT, 0.5, text_colour(list(colour)), 1, cv2.LINE_AA
            )
        empty = np.full((_SIDE + _TEXT, _SIDE, 3), 255, np.uint8)
        tiles = [self._tiles.get((object_id, k), (0.0, empty))[1] for k in range(_COLUMNS)]
        return np.concatenate([head, *tiles], axis=1)


def _tile(crop: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """The crop (BGR), as large as it can be, in a white square with a line of text below."""
    scale = _SIDE / max(crop.shape[:2])
    size = (max(int(crop.shape[1] * scale), 1), max(int(crop.shape[0] * scale), 1))
    crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    tile: NDArray[np.uint8] = np.full((_SIDE + _TEXT, _SIDE, 3), 255, np.uint8)
    tile[: crop.shape[0], : crop.shape[1]] = crop
    cv2.putText(tile, text, (2, _SIDE + 12), _FONT, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return tile
