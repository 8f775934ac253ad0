"""Inputs and ImageChooser on a real node, with publishers in the same process."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from reobj_ros.image_chooser import publishers_of
from reobj_ros.inputs import INPUT_PARAMETERS, MISSED, Inputs
from reobj_ros.parameters import declare
from reobj_ros.stamp_join import ANY_STAMP_NS, Companion, Joined
from reobj_ros.stamps import header

MS = 1_000_000
Spin = Callable[..., bool]
MakeNode = Callable[..., Node]


class Logged:
    """A node's warnings."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, line: str) -> None:
        self.lines.append(line)

    info = warning


def inputs_of(node: Node, companions: dict[str, Companion] | None = None) -> tuple[Inputs, list[Joined]]:
    out: list[Joined] = []
    settings = declare(node, INPUT_PARAMETERS) | {"reliability": "reliable"}
    return Inputs(node, "image", companions or {}, out.append, settings), out


def test_an_image_topic_is_heard_under_its_remapped_name(make_node: MakeNode, spin: Spin) -> None:
    """count_publishers does not remap by itself."""
    node, camera = make_node("-r", "image:=front/rgb"), make_node()
    inputs, out = inputs_of(node)
    inputs.subscribe_image("image", "image", "compressed", "auto")
    publisher = camera.create_publisher(Image, "front/rgb", 10)
    assert spin(lambda: publisher.get_subscription_count() == 1, node, camera)
    publisher.publish(Image(header=header(10, "camera")))
    assert spin(lambda: [j.stamp_ns for j in out] == [10], node, camera)


def test_the_form_that_is_published_is_listened_to_and_followed(make_node: MakeNode, spin: Spin) -> None:
    node, camera = make_node(), make_node()
    inputs, out = inputs_of(node)
    inputs.subscribe_image("image", "image", "compressed", "auto")
    compressed = camera.create_publisher(CompressedImage, "image/compressed", 10)
    assert spin(lambda: compressed.get_subscription_count() == 1, node, camera)
    raw = camera.create_publisher(Image, "image", 10)
    assert spin(lambda: publishers_of(node, "image") == 1, node, camera)
    time.sleep(0.5)
    assert raw.get_subscription_count() == 0  # never both
    camera.destroy_publisher(compressed)
    assert spin(lambda: raw.get_subscription_count() == 1, node, camera)
    raw.publish(Image(header=header(20, "camera")))
    assert spin(lambda: len(out) == 1, node, camera)


def test_a_chosen_transport_is_not_changed(make_node: MakeNode, spin: Spin) -> None:
    node, camera = make_node(), make_node()
    inputs, _ = inputs_of(node)
    inputs.subscribe_image("image", "image", "compressed", "compressed")
    raw = camera.create_publisher(Image, "image", 10)
    compressed = camera.create_publisher(CompressedImage, "image/compressed", 10)
    assert spin(lambda: compressed.get_subscription_count() == 1, node, camera)
    assert raw.get_subscription_count() == 0


def test_an_input_that_has_ended_is_not_waited_for_and_can_come_back(make_node: MakeNode, spin: Spin) -> None:
    node, camera = make_node(), make_node()
    inputs, _ = inputs_of(node, {"overlay_image": Companion()})
    publisher = camera.create_publisher(Image, "image", 10)
    for _ in range(2):
        inputs.subscribe_image("overlay_image", "image", "compressed", "raw")
        assert "overlay_image" in inputs
        assert spin(lambda: publisher.get_subscription_count() == 1, node, camera)
        assert inputs.join.companions["overlay_image"].wanted
        inputs.unsubscribe_image("overlay_image")
        assert "overlay_image" not in inputs
        assert not inputs.join.companions["overlay_image"].wanted
        assert spin(lambda: publisher.get_subscription_count() == 0, node, camera)


@pytest.fixture
def watched(node: Node, monkeypatch: pytest.MonkeyPatch) -> tuple[Node, Logged]:
    logged = Logged()
    monkeypatch.setattr(node, "get_logger", lambda: logged)
    return node, logged


def watch_after(inputs: Inputs, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic() + seconds
    monkeypatch.setattr(time, "monotonic", lambda: now)
    inputs._watch()


def test_silence_names_the_topic_and_the_cure(
    watched: tuple[Node, Logged], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, logged = watched
    inputs, _ = inputs_of(node)
    inputs.subscribe("image", Image, "image")
    inputs._watch()
    assert logged.lines == []
    watch_after(inputs, 6.0, monkeypatch)
    watch_after(inputs, 1.0, monkeypatch)
    topic = f"{node.get_namespace()}/image"
    assert logged.lines == [f"{topic}: no message for 5 s; nobody publishes it: check its name and remap it"]


def test_a_publisher_of_another_qos_is_hinted_at(
    watched: tuple[Node, Logged], make_node: MakeNode, spin: Spin, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, logged = watched
    camera = make_node()
    qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    camera.create_publisher(Image, "image", qos)
    inputs, _ = inputs_of(node)  # reliable
    inputs.subscribe("image", Image, "image")
    assert spin(lambda: publishers_of(node, "image") == 1, camera)
    watch_after(inputs, 6.0, monkeypatch)
    assert len(logged.lines) == 1
    assert (
        "1 publish it" in logged.lines[0]
        and f"qos_overrides.{node.get_namespace()}/image.subscription" in logged.lines[0]
    )


@pytest.mark.parametrize(
    ("required", "slop_ns", "says"),
    [
        (
            True,
            0,
            "frames are dropped, as nothing of exactly their stamps comes; nobody publishes it",
        ),
        (False, 20 * MS, "frames go without it, as nothing within 20 ms of their stamps comes"),
    ],
)
def test_stamps_that_never_match_are_a_warning(
    watched: tuple[Node, Logged], required: bool, slop_ns: int, says: str
) -> None:
    node, logged = watched
    depth = Companion(slop_ns=slop_ns, required=required)
    inputs, _ = inputs_of(node, {"depth": depth})
    inputs.subscribe("depth", Image, "depth")
    if not required:
        depth.expected = lambda: True
    for i in range(MISSED):
        inputs.join.add_primary(i * 100 * MS, "image", 0.0)
    inputs.join.flush(9.0)
    inputs._watch()
    assert len(logged.lines) == 1 and logged.lines[0].startswith(f"{node.get_namespace()}/depth: {says}")
    assert inputs.join.dropped == (MISSED if required else 0)


def test_the_calibration_that_is_there_goes_with_every_image(make_node: MakeNode, spin: Spin) -> None:
    node, camera = make_node(), make_node()
    inputs, out = inputs_of(node, {"camera_info": Companion(slop_ns=ANY_STAMP_NS, keep=1)})
    inputs.subscribe("image", Image, "image")
    inputs.subscribe("camera_info", CameraInfo, "camera_info")
    images = camera.create_publisher(Image, "image", 10)
    infos = camera.create_publisher(CameraInfo, "camera_info", 10)
    assert spin(lambda: images.get_subscription_count() + infos.get_subscription_count() == 2, node, camera)
    infos.publish(CameraInfo(header=header(1, "camera"), width=640))
    images.publish(Image(header=header(5, "camera")))
    assert spin(lambda: len(out) == 1, node, camera)
    images.publish(Image(header=header(10**9, "camera")))
    assert spin(lambda: len(out) == 2, node, camera)
    assert [j.companions["camera_info"].width for j in out] == [640, 640]


def test_after_close_nothing_is_heard_any_more(make_node: MakeNode, spin: Spin) -> None:
    node, camera = make_node(), make_node()
    inputs, out = inputs_of(node, {"camera_info": Companion(slop_ns=ANY_STAMP_NS, keep=1)})
    inputs.subscribe_image("image", "image", "compressed", "raw")
    inputs.subscribe("camera_info", CameraInfo, "camera_info")
    publishers = [
        camera.create_publisher(Image, "image", 10),
        camera.create_publisher(CameraInfo, "camera_info", 10),
    ]
    assert spin(lambda: all(p.get_subscription_count() == 1 for p in publishers), node, camera)
    inputs.close()
    assert spin(lambda: not any(p.get_subscription_count() for p in publishers), node, camera)
    assert not list(node.timers)
    assert out == []
