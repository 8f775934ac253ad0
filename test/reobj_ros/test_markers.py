from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from seen_objects import chair
from visualization_msgs.msg import Marker, MarkerArray

from reobj.association.map.map_object import MapObject, ObjectState
from reobj.visual.colours import id_colour
from reobj_ros.messages.markers import (
    AT_ONCE,
    PERIOD_S,
    SHORTEST_LIFE_S,
    SMALLEST_M,
    MarkerRounds,
    lifetime_s,
)


class Shown:
    """A map, its rounds, and RViz: what stands there after the arrays so far."""

    def __init__(self, *objects: MapObject) -> None:
        self.objects = {item.object_id: item for item in objects}
        self.rounds = MarkerRounds(self._describe, "map")
        self.markers: dict[tuple[str, int], Marker] = {}

    def _describe(self, object_ids: Sequence[int]) -> list[MapObject]:
        return [self.objects[i] for i in object_ids if i in self.objects]

    def next(self) -> MarkerArray:
        array = self.rounds.build(list(self.objects))
        for marker in array.markers:
            if marker.action == Marker.DELETEALL:
                self.markers.clear()
            elif marker.action == Marker.DELETE:
                del self.markers[marker.ns, marker.id]
            else:
                self.markers[marker.ns, marker.id] = marker
        return array


def actions(array: MarkerArray) -> list[tuple[int, str, int]]:
    return [(m.action, m.ns, m.id) for m in array.markers]


def test_an_object_is_a_box_in_its_colour_with_its_name_above() -> None:
    _, box, text = Shown(chair(12, [1.0, 2.0, 0.5], [0.5, 0.4, 0.8])).next().markers
    assert (box.type, box.pose.position.x, box.pose.position.z, box.scale.z) == (Marker.CUBE, 1.0, 0.5, 0.8)
    np.testing.assert_allclose(
        np.array([box.color.r, box.color.g, box.color.b]) * 255, id_colour(12), atol=0.01
    )
    assert text.text == "chair #12" and text.pose.position.z > 0.5 + 0.8 / 2
    assert box.header.frame_id == text.header.frame_id == "map"


def test_the_first_array_clears_what_an_earlier_process_left() -> None:
    shown = Shown()
    assert actions(shown.next()) == [(Marker.DELETEALL, "", 0)]
    assert actions(shown.next()) == []


def test_an_object_that_is_gone_is_deleted_once() -> None:
    shown = Shown(chair(1, [0.0, 0.0, 0.0]), chair(2, [1.0, 0.0, 0.0]))
    shown.next()
    del shown.objects[1]
    assert set(actions(shown.next())) == {
        (Marker.DELETE, "objects", 1),
        (Marker.DELETE, "labels", 1),
        (Marker.ADD, "objects", 2),
        (Marker.ADD, "labels", 2),
    }
    assert len(shown.next().markers) == 2


def test_an_object_without_a_position_is_not_shown() -> None:
    shown = Shown(chair(3, None))
    shown.next()
    assert shown.next().markers == []


def test_a_flat_object_keeps_the_thickness_that_rviz_needs() -> None:
    box = Shown(chair(1, [0.0, 0.0, 0.0], [0.5, 0.0, 0.3])).next().markers[1]
    assert (box.scale.x, box.scale.y) == (0.5, SMALLEST_M)


def test_a_box_is_turned_as_the_object_is_and_carries_its_name() -> None:
    named = dataclasses.replace(chair(12, [1.0, 2.0, 0.5], [0.5, 0.4, 0.8]), name="the red one")
    _, box, text = Shown(named).next().markers
    assert (box.pose.orientation.z, box.pose.orientation.w) == (0.6, 0.8)
    assert text.text == "the red one #12"


@pytest.mark.parametrize(
    ("state", "name"), [(ObjectState.ABSENT, "chair #1 (absent)"), (ObjectState.MOVED, "chair #1 (moved)")]
)
def test_what_became_of_an_object_stands_beside_its_id(state: ObjectState, name: str) -> None:
    assert Shown(dataclasses.replace(chair(1, [0.0] * 3), state=state)).next().markers[2].text == name


def test_an_absent_object_is_fainter() -> None:
    there, missed = chair(1, [0.0] * 3), dataclasses.replace(chair(2, [0.0] * 3), state=ObjectState.ABSENT)
    _, box, _, faint, _ = Shown(there, missed).next().markers
    assert faint.color.a < box.color.a / 2


def test_the_text_of_a_sofa_is_larger_than_that_of_a_cup() -> None:
    small, large = chair(1, [0.0] * 3, [0.08, 0.08, 0.1]), chair(2, [0.0] * 3, [2.0, 0.9, 0.8])
    _, _, cup, _, sofa = Shown(small, large).next().markers
    assert (cup.scale.z, sofa.scale.z) == (0.08, 0.25)


def test_each_array_shows_a_part_of_a_large_map_and_a_round_all_of_it() -> None:
    shown = Shown(*(chair(i, [0.0] * 3) for i in range(1, 2 * AT_ONCE + 11)))
    sizes = [sum(m.action == Marker.ADD for m in shown.next().markers) for _ in range(3)]
    assert sizes == [2 * AT_ONCE] * 3
    assert len(shown.markers) == 2 * (2 * AT_ONCE + 10)


def test_all_are_shown_again_before_they_vanish() -> None:
    shown = Shown(*(chair(i, [0.0] * 3) for i in range(1, 5 * AT_ONCE + 2)))
    last: dict[int, int] = {}
    for k in range(40):
        for marker in shown.next().markers:
            if marker.ns == "objects":
                waited_s = (k - last.get(marker.id, k)) * PERIOD_S
                assert waited_s <= marker.lifetime.sec / 2
                last[marker.id] = k
    assert len(last) == 5 * AT_ONCE + 1


def test_markers_of_a_small_map_vanish_soon_after_the_node_died() -> None:
    lifetime = Shown(chair(1, [0.0] * 3)).next().markers[1].lifetime
    assert (lifetime.sec, lifetime.nanosec) == (int(SHORTEST_LIFE_S), 0)
    assert lifetime_s(10_000) == 3 * 10_000 / AT_ONCE * PERIOD_S


def test_what_was_touched_comes_first() -> None:
    shown = Shown(*(chair(i, [0.0] * 3) for i in range(1, 3 * AT_ONCE)))
    shown.next()
    last = 3 * AT_ONCE - 1
    shown.objects[last] = dataclasses.replace(shown.objects[last], name="new")
    shown.rounds.touch([last, last, 7 * AT_ONCE])  # the latter is in no map
    first = shown.next().markers[:2]
    assert [marker.id for marker in first] == [last, last]
    assert shown.markers["labels", last].text.startswith("new")


def test_more_than_fits_was_touched_and_comes_next() -> None:
    shown = Shown(*(chair(i, [0.0] * 3) for i in range(1, 4 * AT_ONCE)))
    shown.next()
    wanted = list(range(2 * AT_ONCE, 4 * AT_ONCE - 50))
    shown.rounds.touch(wanted)
    arrays = [shown.next(), shown.next()]
    first, second = ([m.id for m in array.markers if m.ns == "objects"] for array in arrays)
    assert [*first, *second][: len(wanted)] == wanted


def test_a_marker_stays_in_the_map_whatever_time_it_is() -> None:
    _, box, text = Shown(chair(1, [0.0] * 3)).next().markers
    for marker in (box, text):
        assert marker.frame_locked and (marker.header.stamp.sec, marker.header.stamp.nanosec) == (0, 0)
