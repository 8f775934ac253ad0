"""Inputs and ImageChooser on a real node, with publishers in the same process."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from reobj_ros.input.image_chooser import publishers_of
from reobj_ros.input.input_watch import MISSED, MISSED_SELDOM
from reobj_ros.input.inputs import INPUT_PARAMETERS, Inputs
from reobj_ros.input.stamp_join import ANY_STAMP_NS, Companion, Joined
from reobj_ros.messages.stamps import header
from reobj_ros.node.parameters import declare

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
            "frames are dropped, as no message comes; nobody publishes it: check its name and remap it",
        ),
        (False, 20 * MS, "frames go without it, as no message comes; nobody publishes it"),
    ],
)
def test_an_input_that_frames_lack_is_a_warning(
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


def test_as_many_images_wait_for_late_masks_as_a_parameter_says(node: Node) -> None:
    out: list[Joined] = []
    settings = declare(node, INPUT_PARAMETERS) | {"sync_keep": 40}
    inputs = Inputs(node, "image", {"masks": Companion(required=True)}, out.append, settings)
    for stamp_ns in range(1, 43):
        inputs.join.add_primary(stamp_ns, "image", 0.0)
    for stamp_ns in range(1, 43):
        inputs.join.add("masks", stamp_ns, "masks", 0.1)
    assert [joined.stamp_ns for joined in out] == list(range(3, 43))
    assert inputs.join.dropped == 2


def test_an_input_that_comes_with_some_frames_only_is_missed_later(node: Node) -> None:
    masks = Companion(required=True, seldom=True)
    inputs, _ = inputs_of(node, {"masks": masks})
    inputs.subscribe("masks", Image, "masks")
    for i in range(MISSED_SELDOM):
        assert inputs.concerns() == []
        inputs.join.add_primary(i * 100 * MS, "image", 0.0)
        inputs.join.flush(9.0)
    assert len(inputs.concerns()) == 1
    inputs._take("masks", Image(header=header(10**11, "camera")))
    inputs._take("image", Image(header=header(10**11, "camera")))
    assert inputs.concerns() == []


@pytest.mark.parametrize(
    ("offset_ms", "says"),
    [
        (3200, "the nearest is 3.2 s later; are both clocks the same?"),
        (-3200, "the nearest is 3.2 s earlier; are both clocks the same?"),
        (35, "the nearest is 0.035 s later; raise depth_slop (0.02 s)"),
        (
            -35,
            "the nearest is 0.035 s earlier; raise sync_wait (0.2 s) if it only comes later than they do, "
            "else raise depth_slop (0.02 s)",
        ),
    ],
)
def test_stamps_that_never_match_are_told_with_their_difference(
    node: Node, offset_ms: int, says: str
) -> None:
    depth = Companion(slop_ns=20 * MS, expected=lambda: True)
    settings = declare(node, INPUT_PARAMETERS) | {"depth_slop": 0.02}
    inputs = Inputs(node, "image", {"depth": depth}, lambda joined: None, settings)
    inputs.subscribe("depth", Image, "depth")
    depth.expected = lambda: True
    for i in range(MISSED):
        stamp_ns = (i + 1) * 10**10
        inputs._take("depth", Image(header=header(stamp_ns + offset_ms * MS, "camera")))
        inputs._take("image", Image(header=header(stamp_ns, "camera")))
        inputs.join.flush(time.monotonic() + 1.0)
    (line,) = inputs.concerns()
    space = node.get_namespace()
    assert line == (
        f"{space}/depth: frames go without it, as none of its stamps fits those of {space}/image, {says}"
    )


def test_what_is_published_with_another_qos_is_told_with_the_cure(
    watched: tuple[Node, Logged], make_node: MakeNode, spin: Spin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The middleware says so by itself; nothing but the subscriber's own node is spun."""
    node, _ = watched
    camera = make_node()
    inputs, _ = inputs_of(node)  # reliable
    inputs.subscribe("image", Image, "image")
    camera.create_publisher(Image, "image", QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    assert spin(lambda: bool(inputs._watched.refused), node)
    now = time.monotonic() + 6.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    topic = f"{node.get_namespace()}/image"
    assert inputs.concerns() == [
        f"{topic}: no message for 5 s; its publisher offers another reliability than is asked for: "
        f"set reliability: best_effort or qos_overrides.{topic}.subscription.reliability"
    ]


def test_depth_without_camera_info_is_told(node: Node) -> None:
    companions = {"depth": Companion(), "camera_info": Companion(slop_ns=ANY_STAMP_NS, keep=1)}
    inputs, _ = inputs_of(node, companions)
    inputs.subscribe("depth", Image, "depth")
    inputs.subscribe("camera_info", CameraInfo, "camera_info")
    inputs._take("depth", Image(header=header(10, "camera")))
    says = "depth is of no use without it; nobody publishes it: check its name and remap it"
    assert inputs.concerns() == [f"{node.get_namespace()}/camera_info: {says}"]
    inputs._take("camera_info", CameraInfo(header=header(10, "camera")))
    assert inputs.concerns() == []


def test_stamps_of_zero_are_told_until_they_are_set(node: Node) -> None:
    inputs, out = inputs_of(node, {"camera_info": Companion(slop_ns=ANY_STAMP_NS, keep=1)})
    inputs.subscribe("image", Image, "image")
    inputs._take("camera_info", CameraInfo())  # its stamp never counts
    inputs._take("image", Image())
    says = "its stamps are 0; let the driver set header.stamp"
    assert inputs.concerns() == [f"{node.get_namespace()}/image: {says}"]
    inputs._take("image", Image(header=header(10, "camera")))
    assert inputs.concerns() == [] and len(out) == 2


def test_a_simulated_clock_that_stands_still_is_told_and_images_are_found_all_the_same(
    make_node: MakeNode, spin: Spin
) -> None:
    node, camera = make_node("-p", "use_sim_time:=true"), make_node()
    inputs, out = inputs_of(node)
    inputs.subscribe_image("image", "image", "compressed", "auto")
    publisher = camera.create_publisher(Image, "image", 10)
    assert spin(lambda: publisher.get_subscription_count() == 1, node, camera)
    publisher.publish(Image(header=header(10, "camera")))
    assert spin(lambda: len(out) == 1, node, camera)
    assert [line.partition(":")[0] for line in inputs.concerns()] == ["/clock"]


def test_rates_are_messages_per_second_of_each_topic(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, _ = inputs_of(node, {"depth": Companion()})
    inputs.subscribe("image", Image, "image")
    inputs.subscribe("depth", Image, "depth")
    begin = time.monotonic()
    for i in range(21):
        monkeypatch.setattr(time, "monotonic", lambda i=i: begin + i / 10)
        inputs._take("image", Image(header=header(i + 1, "camera")))
    space = node.get_namespace()
    assert inputs.rates() == pytest.approx({f"{space}/image": 10.0, f"{space}/depth": 0.0})
    monkeypatch.setattr(time, "monotonic", lambda: begin + 60.0)
    assert inputs.rates()[f"{space}/image"] == 0.0


def test_waits_and_slops_are_followed_as_they_change(node: Node, spin: Spin) -> None:
    settings = declare(node, INPUT_PARAMETERS) | {"depth_slop": 0.02}
    depth = Companion(slop_ns=20 * MS)
    inputs = Inputs(node, "image", {"depth": depth}, lambda joined: None, settings)
    settings |= {"depth_slop": 0.5, "sync_wait": 3.0}
    assert spin(lambda: (depth.slop_ns, inputs.join.wait_s) == (500 * MS, 3.0), node)


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
