"""The object map from above, with the path of the camera, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.visual.colours import css_colour
from reobj.visual.placement import Box, first_free

_WIDTH, _MAX_HEIGHT, _MARGIN = 960, 760, 36
# An object without a known extent is drawn as a square of this side, in metres.
_NO_EXTENT = 0.12
_FONT = 11


@dataclass(frozen=True, slots=True, eq=False)
class TopViewObject:
    """One object of a map whose z axis points up.

    Attributes:
        object_id: > 0.
        label: its class.
        position: (3,) metres, centre.
        extent: (3,) metres, full side lengths along the axes of the map; None if not known.
    """

    object_id: int
    label: str
    position: NDArray[np.float64]
    extent: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if np.shape(self.position) != (3,) or not np.isfinite(self.position).all():
            raise InputError(mismatch("position", "(3,) finite", self.position))
        if self.extent is not None and (
            np.shape(self.extent) != (3,) or not np.isfinite(self.extent).all() or min(self.extent) < 0
        ):
            raise InputError(mismatch("extent", "(3,) finite, >= 0", self.extent))

    @property
    def box(self) -> Box:
        """Metres x0 y0 x1 y1 from above."""
        half = np.full(2, _NO_EXTENT / 2) if self.extent is None else np.maximum(self.extent[:2], 0.04) / 2
        (x0, y0), (x1, y1) = self.position[:2] - half, self.position[:2] + half
        return float(x0), float(y0), float(x1), float(y1)


def draw_top_view(
    objects: Sequence[TopViewObject],
    camera_path: NDArray[np.float64] | None = None,
    truth: Sequence[TopViewObject] = (),
) -> Markup:
    """An SVG element; it takes the text colour of the page it is put in.

    Args:
        objects: of the map; large ones are drawn first.
        camera_path: (P, 3) metres, positions of the camera in the order of time; None without poses.
        truth: true objects, drawn as dashed outlines; their ids are not shown.

    Raises:
        InputError: the path has another shape or holds NaN.
    """
    path = np.zeros((0, 3)) if camera_path is None else np.asarray(camera_path, np.float64)
    if path.ndim != 2 or path.shape[1] != 3 or not np.isfinite(path).all():
        raise InputError(mismatch("camera path", "(P, 3) finite", path.shape))
    plan = _Plan.around(path, [item.box for item in (*objects, *truth)])
    ordered = sorted(objects, key=lambda item: -_area(item.box))
    parts = [_grid(plan), _path(plan, path)]
    parts += [_outline(plan, item) for item in truth]
    parts += [_object(plan, item) for item in ordered]
    parts += _names(plan, ordered)
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-size="{}" '
        'font-family="system-ui, sans-serif" role="img" aria-label="The map from above with {} objects">'
    )
    head = head.format(_WIDTH, round(plan.height), _FONT, len(objects))
    return head + Markup("").join(parts) + Markup("</svg>")


@dataclass(frozen=True, slots=True)
class _Plan:
    """Metres to pixels: x to the right, y up."""

    x0: float
    y1: float
    scale: float
    left: float
    height: float

    @classmethod
    def around(cls, path: NDArray[np.float64], boxes: Sequence[Box]) -> _Plan:
        """As large as fits, with everything in it; one metre around nothing."""
        corners = np.array(boxes, np.float64).reshape(-1, 2)
        points = np.concatenate([path[:, :2], corners]) if len(path) + len(corners) else np.zeros((1, 2))
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        wide, high = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
        scale = min((_WIDTH - 2 * _MARGIN) / wide, (_MAX_HEIGHT - 2 * _MARGIN) / high)
        left = (_WIDTH - wide * scale) / 2
        return cls(float(x0), float(y0 + high), float(scale), float(left), float(high * scale + 2 * _MARGIN))

    def x(self, metres: float) -> float:
        return round(self.left + (metres - self.x0) * self.scale, 1)

    def y(self, metres: float) -> float:
        return round(_MARGIN + (self.y1 - metres) * self.scale, 1)

    def rectangle(self, box: Box) -> Box:
        """Pixels x, y, width, height of a box in metres."""
        x0, y0, x1, y1 = box
        return self.x(x0), self.y(y1), round((x1 - x0) * self.scale, 1), round((y1 - y0) * self.scale, 1)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _grid(plan: _Plan) -> Markup:
    """A line every metre (every ten in a large place) and a scale bar."""
    step = 1 if plan.scale > 12 else 10
    line = Markup(
        '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="currentColor" stroke-width=".6" opacity=".13"/>'
    )
    wide, high = _WIDTH / plan.scale, plan.height / plan.scale
    first_x, first_y = plan.x0 - plan.left / plan.scale, plan.y1 + _MARGIN / plan.scale - high
    lines = []
    for metre in range(step * math.ceil(first_x / step), math.ceil(first_x + wide), step):
        lines.append(line.format(plan.x(metre), 0, plan.x(metre), round(plan.height)))
    for metre in range(step * math.ceil(first_y / step), math.ceil(first_y + high), step):
        lines.append(line.format(0, plan.y(metre), _WIDTH, plan.y(metre)))
    bar = Markup(
        '<path d="M10 {0}v6h{1:.1f}v-6" fill="none" stroke="currentColor"/>'
        '<text x="{2:.1f}" y="{3}" fill="currentColor">{4} m</text>'
    )
    y, length = round(plan.height) - 14, step * plan.scale
    return Markup("").join(lines) + bar.format(y, length, 16 + length, y + 7, step)


def _path(plan: _Plan, path: NDArray[np.float64]) -> Markup:
    """The path of the camera; a ring where it begins and a dot where it ends."""
    if not len(path):
        return Markup("")
    points = " ".join(f"{plan.x(x)},{plan.y(y)}" for x, y in path[:: max(len(path) // 1000, 1), :2])
    drawn = Markup(
        '<polyline points="{}" fill="none" stroke="currentColor" stroke-width="1.6" opacity=".38" '
        'stroke-linejoin="round"><title>path of the camera</title></polyline>'
        '<circle cx="{}" cy="{}" r="5" fill="none" stroke="currentColor" stroke-width="2" opacity=".6">'
        "<title>start</title></circle>"
        '<circle cx="{}" cy="{}" r="5" fill="currentColor" opacity=".6"><title>end</title></circle>'
    )
    (x0, y0), (x1, y1) = path[0, :2], path[-1, :2]
    return drawn.format(points, plan.x(x0), plan.y(y0), plan.x(x1), plan.y(y1))


def _outline(plan: _Plan, item: TopViewObject) -> Markup:
    drawn = Markup(
        '<rect x="{}" y="{}" width="{}" height="{}" fill="none" stroke="currentColor" opacity=".5" '
        'stroke-dasharray="3 3"><title>true {}</title></rect>'
    )
    return drawn.format(*plan.rectangle(item.box), item.label)


def _object(plan: _Plan, item: TopViewObject) -> Markup:
    drawn = Markup(
        '<rect x="{}" y="{}" width="{}" height="{}" rx="2" fill="{}" fill-opacity=".5" stroke="{}" '
        'stroke-width="1.5"><title>{} #{}</title></rect>'
    )
    colour = css_colour(item.object_id)
    return drawn.format(*plan.rectangle(item.box), colour, colour, item.label, item.object_id)


def _names(plan: _Plan, objects: Sequence[TopViewObject]) -> list[Markup]:
    """The id of each object with its label where there is room, else the id alone; small objects first."""
    drawn = Markup(
        '<text x="{}" y="{}" text-anchor="middle" font-weight="600" fill="currentColor" '
        'style="paint-order:stroke;stroke:var(--page,#fff);stroke-width:3px">{}</text>'
    )
    taken: list[Box] = []
    names = []
    for item in reversed(objects):
        text = f"{item.label} #{item.object_id}"
        box = first_free(_places(plan, item, text), taken)
        if box is None:
            text = f"#{item.object_id}"
            places = _places(plan, item, text)
            box = first_free(places, taken) or places[0]
        taken.append(box)
        names.append(drawn.format(round((box[0] + box[2]) / 2, 1), round(box[3] - 3, 1), text))
    return names


def _places(plan: _Plan, item: TopViewObject, text: str) -> list[Box]:
    """Where a text could stand: below its object, above, beside it, a row further; on it if it is large."""
    x, y, width, height = plan.rectangle(item.box)
    centre_x, centre_y, half = x + width / 2, y + height / 2, _text_width(text) / 2
    on_it = [(centre_x, centre_y)] if min(width, height) > 2 * _FONT else []
    places = [
        *on_it,
        (centre_x, y + height + 8),
        (centre_x, y - 8),
        (x + width + half + 3, centre_y),
        (x - half - 3, centre_y),
        (centre_x, y + height + 22),
        (centre_x, y - 22),
    ]
    return [_text_box(*place, text) for place in places]


def _text_width(text: str) -> float:
    """About: a letter of a bold sans-serif face is 0.6 em wide."""
    return 0.6 * _FONT * len(text)


def _text_box(x: float, y: float, text: str) -> Box:
    half = _text_width(text) / 2
    return x - half, y - _FONT / 2 - 1, x + half, y + _FONT / 2 + 1
