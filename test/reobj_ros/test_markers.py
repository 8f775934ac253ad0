from __future__ import annotations

import dataclasses

import numpy as np
from visualization_msgs.msg import Marker, MarkerArray

from reobj.association.map.map_object import MapObject
from reobj.visual.colours import id_colour
from reobj_ros.markers import SMALLEST_M, MarkerPublisher
from reobj_ros.stamps import header

HEADER = header(7, "map")


def chair(object_id: int, position: list[float] | None, extent: list[float] | None = None) -> MapObject:
    return MapObject(
        object_id=object_id,
        uuid="",
        name="",
        label="chair",
        label_share=1.0,
        position=None if position is None else np.array(position),
        covariance=None,
        extent=None if extent is None else np.array(extent),
        orientation=None if position is None else np.array([0.0, 0.0, 0.6, 0.8]),
        views=1,
        visits=1,
        prototypes=1,
        first_seen_ns=0,
        last_seen_ns=0,
    )


def actions(array: MarkerArray) -> list[tuple[int, str, int]]:
    return [(m.action, m.ns, m.id) for m in array.markers]


def test_an_object_is_a_box_in_its_colour_with_its_name_above() -> None:
    array = MarkerPublisher().build([chair(12, [1.0, 2.0, 0.5], [0.5, 0.4, 0.8])], HEADER)
    _, box, text = array.markers
    assert (box.type, box.pose.position.x, box.pose.position.z, box.scale.z) == (Marker.CUBE, 1.0, 0.5, 0.8)
    np.testing.assert_allclose(
        np.array([box.color.r, box.color.g, box.color.b]) * 255, id_colour(12), atol=0.01
    )
    assert text.text == "chair #12" and text.pose.position.z > 0.5 + 0.8 / 2
    assert box.header.frame_id == text.header.frame_id == "map"


def test_the_first_array_clears_what_an_earlier_process_left() -> None:
    publisher = MarkerPublisher()
    assert actions(publisher.build([], HEADER)) == [(Marker.DELETEALL, "", 0)]
    assert actions(publisher.build([], HEADER)) == []


def test_an_object_that_is_gone_is_deleted_once() -> None:
    publisher = MarkerPublisher()
    publisher.build([chair(1, [0.0, 0.0, 0.0]), chair(2, [1.0, 0.0, 0.0])], HEADER)
    assert actions(publisher.build([chair(2, [1.0, 0.0, 0.0])], HEADER)) == [
        (Marker.ADD, "objects", 2),
        (Marker.ADD, "labels", 2),
        (Marker.DELETE, "objects", 1),
        (Marker.DELETE, "labels", 1),
    ]
    assert len(publisher.build([chair(2, [1.0, 0.0, 0.0])], HEADER).markers) == 2


def test_an_object_without_a_position_is_not_shown() -> None:
    publisher = MarkerPublisher()
    publisher.build([], HEADER)
    assert publisher.build([chair(3, None)], HEADER).markers == []


def test_a_flat_object_keeps_the_thickness_that_rviz_needs() -> None:
    box = MarkerPublisher().build([chair(1, [0.0, 0.0, 0.0], [0.5, 0.0, 0.3])], HEADER).markers[1]
    assert (box.scale.x, box.scale.y) == (0.5, SMALLEST_M)


def test_a_box_is_turned_as_the_object_is_and_carries_its_name() -> None:
    named = dataclasses.replace(chair(12, [1.0, 2.0, 0.5], [0.5, 0.4, 0.8]), name="the red one")
    _, box, text = MarkerPublisher().build([named], HEADER).markers
    assert (box.pose.orientation.z, box.pose.orientation.w) == (0.6, 0.8)
    assert text.text == "the red one #12"
