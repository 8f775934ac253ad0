"""With small stand-ins for vision_msgs, and with the real messages where they are installed."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

from seen_objects import chair, result, seen
from vision_types import TYPES, over_the_wire

from reobj_ros.messages.conversions import UNKNOWN_ROTATION
from reobj_ros.messages.detections import detections_2d, detections_3d
from reobj_ros.messages.stamps import header

IMAGE, MAP = header(7, "camera"), header(7, "map")


@pytest.fixture(params=TYPES)
def types(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_tracked_instance_is_a_box_in_the_image_with_its_id_label_and_score(types: Any) -> None:
    found = over_the_wire(detections_2d(types, result(seen(0, 12), seen(1, 0)), IMAGE))
    first, second = found.detections
    assert found.header == first.header == second.header == IMAGE
    assert (first.id, second.id) == ("12", "")
    # columns 10 to 29 and rows 20 to 59
    assert (first.bbox.center.position.x, first.bbox.center.position.y) == (20.0, 40.0)
    assert (first.bbox.size_x, first.bbox.size_y, first.bbox.center.theta) == (20.0, 40.0, 0.0)
    said = [(r.hypothesis.class_id, r.hypothesis.score) for d in found.detections for r in d.results]
    assert said == [("chair", 0.75), ("cup", 0.5)]


def test_an_object_is_where_and_as_large_as_the_map_says(types: Any) -> None:
    known = dataclasses.replace(
        chair(12, [1.0, 2.0, 0.5], [0.5, 0.4, 0.8]), covariance=np.diag([0.1, 0.2, 0.3]), label="armchair"
    )
    (one,) = over_the_wire(
        detections_3d(types, result(seen(0, 12, [9.0, 9.0, 9.0])), {12: known}, MAP)
    ).detections
    assert (one.id, one.header) == ("12", MAP)
    centre, size, estimate = one.bbox.center, one.bbox.size, one.results[0].pose
    assert (centre.position.x, centre.position.y, centre.position.z) == (1.0, 2.0, 0.5)
    assert (centre.orientation.z, centre.orientation.w) == (0.6, 0.8)
    assert (size.x, size.y, size.z) == (0.5, 0.4, 0.8)
    assert estimate.pose == centre
    expected = np.diag([0.1, 0.2, 0.3, *(UNKNOWN_ROTATION,) * 3])
    np.testing.assert_array_equal(np.reshape(estimate.covariance, (6, 6)), expected)
    assert one.results[0].hypothesis.class_id == "armchair"


def test_an_instance_without_an_object_is_where_it_is_seen_and_of_unknown_size(types: Any) -> None:
    (one,) = over_the_wire(detections_3d(types, result(seen(1, 0, [3.0, 2.0, 1.0])), {}, MAP)).detections
    assert (one.id, one.results[0].hypothesis.class_id) == ("", "cup")
    assert (one.bbox.center.position.x, one.bbox.center.position.z) == (3.0, 1.0)
    assert (one.bbox.size.x, one.bbox.size.y, one.bbox.size.z) == (0.0, 0.0, 0.0)
    assert one.results[0].pose.covariance[7] == 0.01


def test_what_has_no_place_is_left_out(types: Any) -> None:
    found = detections_3d(types, result(seen(0, 12), seen(1, 0)), {12: chair(12, None)}, MAP)
    assert over_the_wire(found).detections == []


def test_a_known_object_is_told_even_where_this_frame_has_no_depth(types: Any) -> None:
    found = detections_3d(types, result(seen(0, 12)), {12: chair(12, [1.0, 2.0, 0.5])}, MAP)
    assert [one.id for one in over_the_wire(found).detections] == ["12"]
