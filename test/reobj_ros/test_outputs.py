"""What the outputs publish, heard over DDS in one process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from visualization_msgs.msg import Marker, MarkerArray

from reobj.association.associator import MapAssociator
from reobj.scans.message_arrays import compressed_to_rgb
from reobj.types import Embeddings, EventKind, Frame, FrameResult, Instances, Intrinsics, ModelId
from reobj_msgs.msg import ObjectEvent, ObjectMap, TrackedObjects
from reobj_ros.map.camera_outputs import CameraOutputs
from reobj_ros.map.map_outputs import PER_OBJECT_NS, SHORTEST_NS, MapOutputs
from reobj_ros.messages.interfaces import message_class
from reobj_ros.messages.stamps import to_ns
from reobj_ros.node.belongings import Belongings
from reobj_ros.node.publishers import LATCHED, is_heard, publisher_if

MODEL = ModelId("test", "ab", 8)
SIZE = (60, 80)
COLOUR = np.full((*SIZE, 3), 90, np.uint8)
STEP_NS = 100_000_000
Spin = Callable[..., bool]


class Robot:
    """A node with the outputs of a map and one camera, and who listens."""

    def __init__(self, node: Node, listener: Node, spin: Spin, prefix: str = "") -> None:
        self.node, self._listener, self._spin = node, listener, spin
        self.associator = MapAssociator()
        self.warned: list[str] = []
        self.of_map = MapOutputs(node, self.associator, "map")
        self.camera = CameraOutputs(node, self.of_map, self.warned.append, prefix)
        self.colours = 0
        self._frame = 0

    def hear(self, kind: Any, topic: str, qos: Any = 50) -> list[Any]:
        heard: list[Any] = []
        self._listener.create_subscription(kind, topic, heard.append, qos)
        (publisher,) = (p for p in self.node.publishers if p.topic_name.endswith(f"/{topic}"))
        assert self.until(lambda: publisher.get_subscription_count() > 0)
        return heard

    def until(self, condition: Callable[[], bool]) -> bool:
        return self._spin(condition, self.node, self._listener)

    def see(self, frames: int = 1) -> FrameResult:
        """Two things side by side, two metres before a camera one metre above the map's origin."""
        boxes = np.array([[10, 10, 30, 40], [45, 10, 65, 40]], np.float32)
        masks = np.zeros(SIZE, np.uint16)
        masks[10:40, 10:30], masks[10:40, 45:65] = 1, 2
        instances = Instances(boxes, masks, ("chair", "cup"), np.ones(2, np.float32))
        embeddings = Embeddings(np.eye(8, dtype=np.float32)[:2], MODEL)
        pose = np.eye(4)
        pose[2, 3] = 1.0
        camera = Intrinsics(80.0, 80.0, 39.5, 29.5, 80, 60)
        for _ in range(frames):
            self._frame += 1
            stamp_ns = 1_000_000_000 + STEP_NS * self._frame
            depth = np.full(SIZE, 2.0, np.float32)
            frame = Frame(COLOUR, stamp_ns, "camera", depth, camera, pose)
            found = self.associator.update(frame, instances, embeddings)
            result = FrameResult(stamp_ns, "camera", instances, embeddings, found.objects, found.events)
            self.camera.publish(result, pose, self._colour)
        return result

    def _colour(self) -> np.ndarray:
        self.colours += 1
        return COLOUR


@pytest.fixture
def robot(make_node: Callable[..., Node], spin: Spin) -> Robot:
    return Robot(make_node(), make_node(), spin)


def test_events_come_before_the_map_and_both_before_the_objects(robot: Robot) -> None:
    order: list[str] = []
    for kind, topic in ((ObjectEvent, "events"), (ObjectMap, "object_map"), (TrackedObjects, "objects")):
        (publisher,) = (p for p in robot.node.publishers if p.topic_name.endswith(f"/{topic}"))
        assert publisher.msg_type is kind
        publisher.publish = lambda message, topic=topic: order.append(topic)
    result = robot.see()
    while not result.events:
        order.clear()
        result = robot.see()
    assert order == ["events", "events", "object_map", "objects"]


def test_objects_have_the_stamp_of_the_image_and_the_frame_of_the_map(robot: Robot) -> None:
    heard = robot.hear(TrackedObjects, "objects")
    result = robot.see()
    assert robot.until(lambda: bool(heard))
    assert (to_ns(heard[0].header.stamp), heard[0].header.frame_id) == (result.stamp_ns, "camera")
    assert (heard[0].map_frame, len(heard[0].objects)) == ("map", 2)


def test_the_overlay_is_drawn_only_while_somebody_looks(robot: Robot) -> None:
    robot.see(2)
    assert robot.colours == 0 and not robot.camera.overlay_wanted
    raw = robot.hear(Image, "overlay")
    robot.see()
    assert robot.until(lambda: bool(raw))
    assert robot.colours == 1 and robot.camera.overlay_wanted


def test_the_compressed_overlay_shows_the_same_as_the_raw_one(robot: Robot) -> None:
    raw, jpeg = robot.hear(Image, "overlay"), robot.hear(CompressedImage, "overlay/compressed")
    robot.see()
    assert robot.until(lambda: bool(raw) and bool(jpeg))
    assert robot.colours == 1  # drawn once
    drawn = np.frombuffer(raw[0].data, np.uint8).reshape(*SIZE, 3)
    difference = np.abs(drawn.astype(int) - compressed_to_rgb(jpeg[0]))
    assert difference.mean() < 8  # edges of letters suffer
    assert jpeg[0].header == raw[0].header


def test_markers_go_on_without_frames_and_only_while_somebody_looks(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot.see(6)
    asked: list[int] = []
    describe = robot.of_map.describe
    monkeypatch.setattr(robot.of_map._rounds, "_describe", lambda ids: asked.append(1) or describe(ids))
    robot.of_map.refresh()
    assert not asked
    heard = robot.hear(MarkerArray, "markers", LATCHED)
    assert robot.until(lambda: len(heard) >= 2)  # by the timer
    assert asked
    texts = {m.text for array in heard for m in array.markers if m.action == Marker.ADD and m.text}
    assert texts == {"chair #1", "cup #2"}


def test_a_large_map_goes_out_less_often(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    robot.see(6)
    maps: list[int] = []
    monkeypatch.setattr(robot.of_map._map, "publish", lambda message: maps.append(len(message.objects)))
    few = SHORTEST_NS // STEP_NS
    robot.see(2 * few)
    assert len(maps) == 2
    (first, *_) = robot.associator.objects()
    many = 1_000_000_000 // PER_OBJECT_NS  # so many that the map may go out once in a second
    monkeypatch.setattr(robot.associator.object_map, "objects", lambda retired: (first,) * many)
    robot.of_map.publish_map(0)
    del maps[:]
    robot.see(1)  # the stamps of the images went back, or on by far: told at once
    robot.see(29)
    assert maps == [many] * 3


def test_a_camera_that_is_a_little_behind_another_is_no_reason_to_publish_the_map(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps: list[int] = []
    monkeypatch.setattr(
        robot.of_map._map, "publish", lambda message: maps.append(to_ns(message.header.stamp))
    )
    first = robot.see()
    empty = dataclasses.replace(first, events=())
    for behind_ns in (5_000_000, 0, 3_000_000):
        robot.of_map.see(dataclasses.replace(empty, stamp_ns=first.stamp_ns - behind_ns))
    assert maps == [first.stamp_ns]
    robot.of_map.see(dataclasses.replace(empty, stamp_ns=0))  # a bag that began again
    assert maps == [first.stamp_ns, 0]


def test_what_the_last_frame_did_is_told_even_if_no_frame_follows(robot: Robot) -> None:
    robot.see(6)
    heard = robot.hear(ObjectMap, "object_map", LATCHED)
    last = robot.see()
    assert robot.until(lambda: bool(heard) and to_ns(heard[-1].header.stamp) == last.stamp_ns)


def test_an_edit_is_told_with_the_map_after_it(robot: Robot) -> None:
    robot.see(6)
    heard = robot.hear(ObjectEvent, "events")
    renamed = robot.associator.keeper.rename(1, "b", stamp_ns=5)
    robot.of_map.publish_map(5, [renamed], "camera")
    assert robot.until(lambda: bool(heard))
    assert (heard[0].kind, heard[0].name) == (EventKind.RENAMED, "b")


def test_the_size_of_the_map_is_told_to_diagnostics(robot: Robot) -> None:
    robot.see(6)
    robot.of_map.publish_map(0)
    views = sum(item.views for item in robot.associator.objects())
    assert robot.of_map.size() == {"map_objects": 2, "map_views": views}


def test_the_topics_of_a_camera_have_its_prefix_and_those_of_the_map_have_none(
    make_node: Callable[..., Node], spin: Spin
) -> None:
    robot = Robot(make_node(), make_node(), spin, prefix="front/")
    namespace = robot.node.get_namespace()
    names = {p.topic_name.removeprefix(f"{namespace}/") for p in robot.node.publishers}
    assert names >= {"front/objects", "front/overlay", "front/overlay/compressed"}
    assert names >= {"events", "object_map", "markers"}


def test_they_can_be_destroyed_with_the_rest_and_made_again(
    make_node: Callable[..., Node], spin: Spin
) -> None:
    node, listener = make_node(), make_node()
    belongings = Belongings(node)
    before = len(list(node.publishers)), len(list(node.timers))
    Robot(node, listener, spin).see()
    belongings.destroy(pytest.fail)
    assert (len(list(node.publishers)), len(list(node.timers))) == before
    robot = Robot(node, listener, spin)
    heard = robot.hear(TrackedObjects, "objects")
    robot.see()
    assert robot.until(lambda: bool(heard))


def test_a_publisher_of_an_inactive_node_is_not_heard(
    context: Any, make_node: Callable[..., Node], spin: Spin
) -> None:
    node, listener = LifecycleNode("managed", context=context), make_node()
    publisher = node.create_lifecycle_publisher(TrackedObjects, "/managed_objects", 1)
    listener.create_subscription(TrackedObjects, "/managed_objects", lambda _: None, 1)
    assert spin(lambda: publisher.get_subscription_count() > 0, node, listener)
    assert not is_heard(publisher)
    publisher.on_activate(None)
    assert is_heard(publisher)
    node.destroy_node()


def test_a_message_that_is_not_installed_has_no_publisher(node: Node) -> None:
    assert publisher_if(node, None, "Detection2DArray", "detections") is None
    assert not is_heard(None)


@pytest.mark.parametrize(
    ("msgtype", "topic", "ids"),
    [
        ("vision_msgs/msg/Detection2DArray", "detections", {"1", "2"}),
        ("vision_msgs/msg/Detection3DArray", "detections_3d", {"1", "2"}),
        ("rtabmap_msgs/msg/LandmarkDetections", "landmark_detections", {1, 2}),
    ],
)
def test_the_types_of_others_are_published_where_they_are_installed(
    robot: Robot, msgtype: str, topic: str, ids: set[Any]
) -> None:
    kind = message_class(msgtype)
    if kind is None:
        assert not any(p.topic_name.endswith(f"/{topic}") for p in robot.node.publishers)
        pytest.skip(f"needs {msgtype}, which is not installed")
    robot.see(6)
    heard = robot.hear(kind, topic)
    result = robot.see()
    assert robot.until(lambda: bool(heard))
    message = heard[0]
    assert to_ns(message.header.stamp) == result.stamp_ns
    assert message.header.frame_id == ("map" if topic == "detections_3d" else "camera")
    items = message.landmarks if topic == "landmark_detections" else message.detections
    assert {item.id for item in items} == ids
    if topic == "landmark_detections":  # two metres ahead of the camera
        assert [item.pose.pose.position.z for item in items] == pytest.approx([2.0, 2.0], abs=0.01)
    if topic == "detections_3d":  # and three above the origin of the map
        assert [item.bbox.center.position.z for item in items] == pytest.approx([3.0, 3.0], abs=0.01)
