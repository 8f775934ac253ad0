import xml.etree.ElementTree as ElementTree

import numpy as np

from reobj.types import Event, EventKind
from reobj.visual.colours import css_colour
from reobj.visual.timeline import Bar, Mark, Row, TimelineCollector, draw_timeline

SVG = "{http://www.w3.org/2000/svg}"
SECOND = 1_000_000_000


def texts(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_gap_of_up_to_a_second_does_not_end_a_bar_and_a_longer_one_does(scene) -> None:
    collector = TimelineCollector()
    for second in (0.0, 0.5, 1.5, 2.6):
        frame, instances, objects = scene([7], second)
        collector.add(frame.stamp_ns, instances, objects)
    assert collector.rows[7].bars == [Bar(0, 1_500_000_000), Bar(2_600_000_000, 2_600_000_000)]


def test_deferred_instances_have_no_row(scene) -> None:
    frame, instances, objects = scene([0, 5])
    collector = TimelineCollector()
    collector.add(frame.stamp_ns, instances, objects)
    assert list(collector.rows) == [5]


def test_reidentifications_are_marked_with_their_verdict(scene) -> None:
    _, instances, objects = scene([7])
    collector = TimelineCollector()
    collector.add(0, instances, objects, (), np.array([1]))
    event = Event(EventKind.REIDENTIFIED, 9 * SECOND, (7,), 1, 0.9, 9 * SECOND)
    collector.add(9 * SECOND, instances, objects, (event,), np.array([2]))
    assert collector.rows[7].marks == [Mark(9 * SECOND, 9 * SECOND, False)]


def test_bars_are_as_long_as_their_time_in_the_colour_of_their_id() -> None:
    rows = {7: Row("chair", [Bar(5 * SECOND, 15 * SECOND)]), 8: Row("cup", [Bar(5 * SECOND, 25 * SECOND)])}
    first, second = ElementTree.fromstring(draw_timeline(rows)).iter(f"{SVG}rect")
    assert (first.get("fill"), second.get("fill")) == (css_colour(7), css_colour(8))
    assert float(second.get("width", 0)) == 2 * float(first.get("width", 0))


def test_marks_have_a_shape_for_each_verdict() -> None:
    marks = [Mark(1 * SECOND, 1, True), Mark(2 * SECOND, 1, False), Mark(3 * SECOND, 1, None)]
    drawn = texts(draw_timeline({7: Row("chair", [Bar(0, 3 * SECOND)], marks)}))
    assert {"✓", "✗", "?"} <= set(drawn)


def test_labels_are_escaped() -> None:
    svg = draw_timeline({7: Row("<b>&", [Bar(0, 1)])})
    assert "<b>" not in svg
    assert "<b>& #7" in texts(svg)


def test_rows_beyond_the_limit_are_counted() -> None:
    rows = {i: Row("chair", [Bar(0, SECOND)]) for i in range(1, 6)}
    drawn = texts(draw_timeline(rows, max_rows=2))
    assert "and 3 more ids" in drawn
    assert "chair #3" not in drawn


def test_a_run_in_which_nothing_was_seen_is_drawn() -> None:
    assert ElementTree.fromstring(draw_timeline({})).tag == f"{SVG}svg"
