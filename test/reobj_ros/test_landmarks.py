"""With small stand-ins for rtabmap_msgs, and with the real messages where they are installed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

from geometry_msgs.msg import PoseWithCovariance
from rclpy.serialization import deserialize_message, serialize_message
from scipy.spatial.transform import Rotation
from seen_objects import chair, result, seen
from std_msgs.msg import Header

from reobj.association.map.map_object import ObjectState
from reobj_ros.messages.conversions import UNKNOWN_ROTATION
from reobj_ros.messages.interfaces import message_module
from reobj_ros.messages.landmarks import LARGEST_ID, landmark_detections
from reobj_ros.messages.stamps import header

IMAGE = header(7, "camera")


@dataclass
class Landmark:
    header: Header = field(default_factory=Header)
    landmark_frame_id: str = ""
    id: int = 0
    size: float = 0.0
    pose: PoseWithCovariance = field(default_factory=PoseWithCovariance)


@dataclass
class Landmarks:
    header: Header = field(default_factory=Header)
    landmarks: list[Landmark] = field(default_factory=list)


STAND_INS = SimpleNamespace(LandmarkDetection=Landmark, LandmarkDetections=Landmarks)
REAL = message_module("rtabmap_msgs")


@pytest.fixture(
    params=[
        "stand-ins",
        pytest.param(
            "rtabmap_msgs",
            marks=pytest.mark.skipif(REAL is None, reason="needs rtabmap_msgs, which is not installed"),
        ),
    ]
)
def types(request: pytest.FixtureRequest) -> Any:
    return STAND_INS if request.param == "stand-ins" else REAL


def camera_at(place: list[float], yaw: float) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("z", yaw).as_matrix()
    pose[:3, 3] = place
    return pose


def found(types: Any, frame: Any, known: dict[int, Any], pose: np.ndarray, warned: list[str]) -> Any:
    message = landmark_detections(types, frame, known, pose, IMAGE, warned.append)
    if types is STAND_INS:
        return message
    return deserialize_message(serialize_message(message), type(message))


def test_a_landmark_is_where_the_camera_saw_the_object(types: Any) -> None:
    measured = dataclasses.replace(seen(0, 12, [2.0, 1.0, 3.0]), covariance=np.diag([0.1, 0.2, 0.3]))
    pose = camera_at([2.0, 0.0, 0.0], np.pi / 2)  # its x points along the map's y, its y against the map's x
    known = {12: chair(12, [5.0, 5.0, 5.0], [0.5, 0.4, 0.75])}  # where the map has it says nothing here
    message = found(types, result(measured), known, pose, [])
    (one,) = message.landmarks
    assert message.header == one.header == IMAGE
    assert (one.id, one.landmark_frame_id, one.size) == (12, "object_12", 0.75)
    where = one.pose.pose.position
    np.testing.assert_allclose([where.x, where.y, where.z], [1.0, 0.0, 3.0], atol=1e-12)
    expected = np.diag([0.2, 0.1, 0.3, *(UNKNOWN_ROTATION,) * 3])
    np.testing.assert_allclose(np.reshape(one.pose.covariance, (6, 6)), expected, atol=1e-12)


def test_only_identified_objects_that_were_measured_and_stayed_are_landmarks(types: Any) -> None:
    frame = result(seen(0, 12), seen(1, 0, [1.0, 1.0, 1.0]), seen(2, 13, [1.0, 1.0, 1.0]))
    moved = dataclasses.replace(chair(13, [1.0] * 3), state=ObjectState.MOVED)
    assert found(types, frame, {12: chair(12, [0.0] * 3), 13: moved}, np.eye(4), []).landmarks == []


def test_an_id_beyond_32_bits_is_left_out_and_told(types: Any) -> None:
    warned: list[str] = []
    large = LARGEST_ID + 1
    frame = result(seen(0, large, [1.0] * 3), seen(1, LARGEST_ID, [1.0] * 3))
    known = {large: chair(large, [1.0] * 3), LARGEST_ID: chair(LARGEST_ID, [1.0] * 3)}
    assert [one.id for one in found(types, frame, known, np.eye(4), warned).landmarks] == [LARGEST_ID]
    assert len(warned) == 1 and "32 bits" in warned[0]


def test_an_object_of_unknown_extent_has_no_size(types: Any) -> None:
    (one,) = found(types, result(seen(0, 3, [1.0] * 3)), {3: chair(3, [1.0] * 3)}, np.eye(4), []).landmarks
    assert one.size == 0.0
