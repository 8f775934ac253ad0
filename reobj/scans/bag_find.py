"""Which topics of a bag hold what a scan needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from rosbags.rosbag2 import Reader

from reobj.errors import BagError, mismatch
from reobj.scans.bag_raw import RawMessage, RecordedTopic, messages_of, topics_of
from reobj.scans.bag_storage import open_bag
from reobj.scans.bag_topics import TopicNames

IMAGE_TYPE = "sensor_msgs/msg/Image"
ODOMETRY_TYPE = "nav_msgs/msg/Odometry"

_IMAGES = (IMAGE_TYPE, "sensor_msgs/msg/CompressedImage")
_TRANSFORMS = ("tf2_msgs/msg/TFMessage",)
_SUFFIXES = {
    "image": ("/compressed",),
    "depth": ("/compressedDepth", "/compressed"),
    "instances": ("/compressed",),
}
_TYPES = {
    "image": _IMAGES,
    "depth": _IMAGES,
    "instances": _IMAGES,
    "camera_info": ("sensor_msgs/msg/CameraInfo",),
    "pose": ("geometry_msgs/msg/PoseStamped", ODOMETRY_TYPE),
    "tf": _TRANSFORMS,
    "tf_static": _TRANSFORMS,
    "label_names": ("std_msgs/msg/String",),
}


@dataclass(frozen=True, slots=True)
class ScanTopics:
    """The topics of one bag that hold what a scan needs; None for what is not there."""

    image: RecordedTopic
    depth: RecordedTopic | None
    camera_info: RecordedTopic | None
    pose: RecordedTopic | None
    tf: RecordedTopic | None
    tf_static: RecordedTopic | None
    instances: RecordedTopic | None
    label_names: RecordedTopic | None


@dataclass(frozen=True, slots=True)
class BagContents:
    """What is known of a bag before it is read through.

    Attributes:
        topics: which topics hold what.
        camera, label_names: the first message of the topic; None where there is none.
        static_transforms: all of them, wherever in the bag they are.
    """

    topics: ScanTopics
    camera: RawMessage | None
    label_names: RawMessage | None
    static_transforms: tuple[RawMessage, ...]


def find_contents(path: Path | str, names: TopicNames) -> BagContents:
    """Finds each topic under its name, raw or compressed; of several the one with the most messages.

    Raises:
        BagError: no colour images, a topic of another type, one that was asked for is not there,
            or the bag cannot be read.
    """
    with open_bag(path) as reader:
        topics = _scan_topics(path, topics_of(reader), names)
        static = [] if topics.tf_static is None else messages_of(reader, [topics.tf_static.name])
        return BagContents(
            topics=topics,
            camera=_first(reader, topics.camera_info),
            label_names=_first(reader, topics.label_names),
            static_transforms=tuple(static),
        )


def _first(reader: Reader, topic: RecordedTopic | None) -> RawMessage | None:
    return None if topic is None else next(messages_of(reader, [topic.name]), None)


def _scan_topics(path: Path | str, topics: Iterable[RecordedTopic], names: TopicNames) -> ScanTopics:
    recorded = {topic.name: topic for topic in topics if topic.count}
    found = {role.name: _find(recorded, role.name, getattr(names, role.name)) for role in fields(names)}
    for role in fields(names):
        name = getattr(names, role.name)
        asked_for = role.name == "image" or (name is not None and name != role.default)
        if asked_for and found[role.name] is None:
            there = ", ".join(f"{topic.name} ({topic.msgtype})" for topic in recorded.values())
            raise BagError(mismatch(str(path), f"messages on {name}", f"only {there or 'an empty bag'}"))
    return ScanTopics(**found)  # type: ignore[arg-type]


def _find(recorded: Mapping[str, RecordedTopic], role: str, name: str | None) -> RecordedTopic | None:
    if name is None:
        return None
    names = [name, *(name + suffix for suffix in _SUFFIXES.get(role, ()))]
    candidates = [recorded[candidate] for candidate in names if candidate in recorded]
    topic = max(candidates, key=lambda candidate: candidate.count, default=None)
    if topic is not None and topic.msgtype not in _TYPES[role]:
        raise BagError(mismatch(f"type of {topic.name}", " or ".join(_TYPES[role]), topic.msgtype))
    return topic
