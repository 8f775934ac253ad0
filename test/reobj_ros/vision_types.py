"""Message classes of vision_msgs: small stand-ins, and the real ones where they are installed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from geometry_msgs.msg import Pose, PoseWithCovariance, Vector3
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

from reobj_ros.messages.interfaces import message_module


@dataclass
class Hypothesis:
    class_id: str = ""
    score: float = 0.0


@dataclass
class HypothesisWithPose:
    hypothesis: Hypothesis = field(default_factory=Hypothesis)
    pose: PoseWithCovariance = field(default_factory=PoseWithCovariance)


@dataclass
class Box2D:
    center: Any = field(
        default_factory=lambda: SimpleNamespace(position=SimpleNamespace(x=0.0, y=0.0), theta=0.0)
    )
    size_x: float = 0.0
    size_y: float = 0.0


@dataclass
class Box3D:
    center: Pose = field(default_factory=Pose)
    size: Vector3 = field(default_factory=Vector3)


@dataclass
class Detection2D:
    header: Header = field(default_factory=Header)
    results: list[HypothesisWithPose] = field(default_factory=list)
    bbox: Box2D = field(default_factory=Box2D)
    id: str = ""


@dataclass
class Detection3D:
    header: Header = field(default_factory=Header)
    results: list[HypothesisWithPose] = field(default_factory=list)
    bbox: Box3D = field(default_factory=Box3D)
    id: str = ""


@dataclass
class Array:
    header: Header = field(default_factory=Header)
    detections: list[Any] = field(default_factory=list)


STAND_INS = SimpleNamespace(
    ObjectHypothesis=Hypothesis,
    ObjectHypothesisWithPose=HypothesisWithPose,
    Detection2D=Detection2D,
    Detection3D=Detection3D,
    Detection2DArray=Array,
    Detection3DArray=Array,
)
REAL = message_module("vision_msgs")

TYPES = [
    pytest.param(STAND_INS, id="stand-ins"),
    pytest.param(
        REAL,
        id="vision_msgs",
        marks=pytest.mark.skipif(REAL is None, reason="needs vision_msgs, which is not installed"),
    ),
]
"""Parameters of a fixture."""


def over_the_wire(message: Any) -> Any:
    """A message as it arrives elsewhere; stand-ins are handed over as they are."""
    if message.__class__ is Array:
        return message
    return deserialize_message(serialize_message(message), type(message))
