import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from reobj.errors import InputError
from reobj.visual.colours import css_colour
from reobj.visual.top_view import TopViewObject, draw_top_view

SVG = "{http://www.w3.org/2000/svg}"


def thing(
    object_id: int, x: float, y: float, side: float | None = 1.0, label: str = "chair"
) -> TopViewObject:
    extent = None if side is None else np.array([side, side, 0.5])
    return TopViewObject(object_id, label, np.array([x, y, 0.4]), extent)


def rectangles(svg: str) -> list[dict[str, str]]:
    return [dict(e.attrib) for e in ElementTree.fromstring(svg).iter(f"{SVG}rect")]


def names(svg: str) -> list[str]:
    return [e.text or "" for e in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_x_goes_right_and_y_goes_up_in_one_scale() -> None:
    origin, right, up = rectangles(draw_top_view([thing(1, 0, 0), thing(2, 4, 0), thing(3, 0, 2)]))
    assert float(right["x"]) - float(origin["x"]) == pytest.approx(4 * float(origin["width"]), abs=0.5)
    assert float(origin["y"]) - float(up["y"]) == pytest.approx(2 * float(origin["height"]), abs=0.5)
    assert right["y"] == origin["y"]


def test_everything_lies_inside_the_picture() -> None:
    path = np.array([[-3.0, 8.0, 1.4], [9.0, -2.0, 1.4]])
    root = ElementTree.fromstring(draw_top_view([thing(1, 0, 0), thing(2, 40, 3)], path))
    width, height = (float(v) for v in root.get("viewBox", "").split()[2:])
    for shape in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(shape.get(k, "nan")) for k in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
    for point in next(root.iter(f"{SVG}polyline")).get("points", "").split():
        px, py = (float(v) for v in point.split(","))
        assert 0 <= px <= width
        assert 0 <= py <= height


def test_objects_have_their_colour_and_name_and_the_truth_only_an_outline() -> None:
    svg = draw_top_view([thing(7, 0, 0)], None, [thing(99, 0.1, 0)])
    outline, filled = rectangles(svg)
    assert (filled["fill"], outline["fill"]) == (css_colour(7), "none")
    assert "chair #7" in names(svg)
    assert not any("99" in name for name in names(svg))


def test_names_give_way_to_each_other() -> None:
    crowd = [thing(i, 0.05 * i, 0, None) for i in range(1, 4)] + [thing(9, 30, 0)]
    root = ElementTree.fromstring(draw_top_view(crowd))
    places = [
        (float(e.get("x", 0)), float(e.get("y", 0))) for e in root.iter(f"{SVG}text") if "#" in (e.text or "")
    ]
    assert len(places) == 4
    for n, (x, y) in enumerate(places):
        assert all(abs(x - a) > 30 or abs(y - b) > 10 for a, b in places[:n])


def test_labels_are_escaped() -> None:
    svg = draw_top_view([thing(1, 0, 0, label='<script>"')])
    assert "<script>" not in svg
    assert '<script>" #1' in names(svg)


def test_an_empty_map_is_drawn() -> None:
    assert ElementTree.fromstring(draw_top_view([])).tag == f"{SVG}svg"


@pytest.mark.parametrize("path", [np.zeros((4, 2)), np.full((2, 3), np.nan)])
def test_a_bad_path_is_refused(path: np.ndarray) -> None:
    with pytest.raises(InputError, match="camera path"):
        draw_top_view([], path)


def test_a_position_or_extent_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="position"):
        thing(1, float("nan"), 0)
    with pytest.raises(InputError, match="extent"):
        thing(1, 0, 0, -1.0)
