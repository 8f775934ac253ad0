"""Objects of the map by id, class, name, place, or by what they look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.map.map_object import MapObject
from reobj.association.map.object_map import ObjectMap
from reobj.encoding.base import Encoder
from reobj.errors import InputError, mismatch
from reobj.types import Frame, Instances

#: objects whose prototypes are gathered at a time: 134 MB of 16 x 512 numbers each
_AT_A_TIME = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What an object looks like.

    Attributes:
        colour: (H, W, 3) uint8 RGB.
        box: x0, y0, x1, y1 of the object in pixels, half-open; all 0 = the whole image.
    """

    colour: NDArray[np.uint8]
    box: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is looked for; all that is given must hold. Raises InputError where it is out of range.

    Attributes:
        object_ids: one of these, old ids too; empty = any.
        label: of this class, in upper or lower case; empty = any.
        name: with this in its name, in upper or lower case; empty = any.
        centre: (3,) metres in the map, no further than ``radius_m`` from it; None = anywhere.
        radius_m: > 0, used with ``centre``.
        example: (D,) of length 1, an embedding of the map's model; the most alike come first.
        limit: at most so many, > 0.
    """

    object_ids: tuple[int, ...] = ()
    label: str = ""
    name: str = ""
    centre: NDArray[np.float64] | None = None
    radius_m: float = 1.0
    example: NDArray[np.float32] | None = None
    limit: int = 20

    def __post_init__(self) -> None:
        if self.centre is not None:
            if self.centre.shape != (3,) or not np.isfinite(self.centre).all():
                raise InputError(mismatch("centre", "three finite numbers", self.centre.tolist()))
            if not 0 < self.radius_m < np.inf:
                raise InputError(mismatch("radius", "a finite number > 0", self.radius_m))
        if self.limit < 1:
            raise InputError(mismatch("limit", ">= 1", self.limit))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The objects that fulfil a query, the best first.

    Attributes:
        objects: R of them.
        similarity: (R,) float64 in [-1, 1], cosine to the example; None without one.
    """

    objects: tuple[MapObject, ...]
    similarity: NDArray[np.float64] | None = None


def find_objects(object_map: ObjectMap, query: Query) -> Found:
    """Looks through the living objects.

    With an example the most alike come first, else with a region the nearest, else the ids in the
    order in which they were given, or were made.

    Raises:
        UnknownObjectError: one of the ids is nobody's.
    """
    named = dict.fromkeys(object_map.resolve(i) for i in query.object_ids)
    items = [object_map.get(i) for i in named] if named else object_map.objects()
    found = [item for item in items if _has_words(item, query)]
    if query.centre is not None:
        found = _within(found, query.centre, query.radius_m)
    if query.example is None:
        return Found(tuple(found[: query.limit]))
    similarity = _similarity(object_map, [item.object_id for item in found], query.example)
    best = np.argsort(-similarity, kind="stable")[: query.limit]
    return Found(tuple(found[i] for i in best.tolist()), similarity[best])


def embed_example(encoder: Encoder, example: Example) -> NDArray[np.float32]:
    """The embedding (D,) of an example, by an encoder of the map's model.

    Raises:
        InputError: the box is empty or not within the image.
    """
    colour, box = example.colour, example.box
    height, width = colour.shape[:2]
    x0, y0, x1, y1 = box if any(box) else (0, 0, width, height)
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        expected = f"x0 < x1 <= {width} and y0 < y1 <= {height}"
        raise InputError(mismatch("example_box", expected, (x0, y0, x1, y1)))
    label_image = np.zeros((height, width), np.uint16)
    label_image[y0:y1, x0:x1] = 1
    boxes = np.array([[x0, y0, x1, y1]], np.float32)
    instances = Instances(boxes, label_image, ("",), np.ones(1, np.float32))
    found: NDArray[np.float32] = encoder.encode(Frame(colour, 0), instances).data[0]
    return found


def _has_words(item: MapObject, query: Query) -> bool:
    label, name = query.label.casefold(), query.name.casefold()
    return label in ("", item.label.casefold()) and name in item.name.casefold()


def _within(items: list[MapObject], centre: NDArray[np.float64], radius_m: float) -> list[MapObject]:
    """Those with a place in the region, the nearest first."""
    placed = [(item, np.linalg.norm(item.position - centre)) for item in items if item.position is not None]
    inside = [(item, away) for item, away in placed if away <= radius_m]
    return [item for item, _ in sorted(inside, key=lambda pair: pair[1])]


def _similarity(object_map: ObjectMap, ids: list[int], example: NDArray[np.float32]) -> NDArray[np.float64]:
    """(M,) cosine of the example to the nearest prototype of each object."""
    parts = [ids[start : start + _AT_A_TIME] for start in range(0, len(ids), _AT_A_TIME)]
    return np.concatenate([np.zeros(0), *(object_map.similarities(ids, example[None])[0] for ids in parts)])
