"""Bad messages: one clear line in the log, nothing lost, and the next good frame is answered."""

from __future__ import annotations

from array import array
from pathlib import Path

import cv2
import numpy as np
import pytest
from processes import LABEL_IMAGE, Probe
from sensor_msgs.msg import CompressedImage, Image

from reobj.detection.registry import DETECTORS
from reobj.live_run import NodeProcesses
from reobj.types import Instances
from reobj_msgs.msg import InstanceMasks, ObjectEmbeddings, ObjectMap, TrackedObjects
from reobj_ros.messages.conversions import image_message, instance_messages, masks_message
from reobj_ros.messages.stamps import SECOND_NS, header, to_ns
from reobj_ros.node.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]

FRAME = "camera_optical_frame"


def picture(stamp_ns: int) -> Image:
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    return image_message(pixels, "rgb8", header(stamp_ns, FRAME))


def truth(stamp_ns: int, size: tuple[int, int] = (60, 80)) -> Image:
    ids = np.zeros(size, np.uint16)
    ids[10:40, 10:40] = 1
    ids[10:50, 50:75] = 2
    return image_message(ids, "16UC1", header(stamp_ns, FRAME))


class Camera:
    """Publishes image, depth and truth, and waits for what the live node answers."""

    def __init__(self, probe: Probe, nodes: NodeProcesses) -> None:
        self.probe, self._nodes = probe, nodes
        self._image = probe.node.create_publisher(Image, "/image", 10)
        self._truth = probe.node.create_publisher(Image, "/ground_truth/instances", 10)
        self._depth = probe.node.create_publisher(Image, "/depth", 10)
        self.objects = probe.hear(TrackedObjects, "/objects")
        nodes.start("live_node", LABEL_IMAGE)
        publishers = (self._image, self._truth, self._depth)
        assert probe.until(lambda: all(p.get_subscription_count() for p in publishers))
        for step in range(80):  # the first answers are lost where the node does not know yet who listens
            self.show(0.01 * (step + 1))
            if probe.until(lambda: any(o.object_id for m in self.objects for o in m.objects), 1.0):
                break

    def show(
        self,
        stamp_s: float,
        image: Image | None = None,
        mask: Image | None = None,
        depth: Image | None = None,
    ) -> None:
        stamp_ns = int(stamp_s * SECOND_NS)
        flat = image_message(np.full((60, 80), 2000, np.uint16), "16UC1", header(stamp_ns, FRAME))
        self._depth.publish(flat if depth is None else depth)
        self._truth.publish(truth(stamp_ns) if mask is None else mask)
        self._image.publish(picture(stamp_ns) if image is None else image)

    def answered(self, stamp_s: float) -> bool:
        stamp_ns = int(stamp_s * SECOND_NS)
        return self.probe.until(lambda: any(to_ns(m.header.stamp) == stamp_ns for m in self.objects))

    def log_says(self, text: str) -> bool:
        return self.probe.until(lambda: text in self._nodes.log("live_node").read_text())


@pytest.fixture
def camera(nodes: NodeProcesses, probe: Probe) -> Camera:
    return Camera(probe, nodes)


def test_bad_images_masks_and_depth_are_named_and_the_node_goes_on(camera: Camera) -> None:
    """One node through all of it, as a robot would: every bad message is followed by a good frame."""
    camera.show(1.0)
    assert camera.answered(1.0)

    odd = picture(int(1.1 * SECOND_NS))
    odd.encoding = "foo8"
    camera.show(1.1, image=odd)
    assert camera.log_says("'foo8'")

    nothing = Image(header=header(int(1.2 * SECOND_NS), FRAME), encoding="rgb8")
    camera.show(1.2, image=nothing)
    assert camera.log_says("expected width and height > 0, got 0x0")

    short = picture(int(1.3 * SECOND_NS))
    short.data = short.data[:100]
    camera.show(1.3, image=short)
    assert camera.log_says("got 100")

    camera.show(1.4, mask=truth(int(1.4 * SECOND_NS), size=(30, 40)))
    assert camera.log_says("expected 80x60 pixels as its image, got 40x30")

    wrong = image_message(np.zeros((60, 80), np.uint8), "mono8", header(int(1.5 * SECOND_NS), FRAME))
    camera.show(1.5, depth=wrong)
    assert camera.answered(1.5)  # colour alone
    assert camera.log_says("depth left out of this frame: depth encoding: expected 16UC1, mono16 or 32FC1")

    camera.show(1.6)
    assert camera.answered(1.6)
    before = next(m for m in camera.objects if to_ns(m.header.stamp) == int(1.6 * SECOND_NS))

    camera.show(0.2)  # a stamp that jumps back
    assert camera.answered(0.2)
    for step in range(1, 12):
        camera.show(0.2 + step / 10)
        assert camera.answered(0.2 + step / 10)
    maps = camera.probe.hear(ObjectMap, "/object_map", LATCHED)
    assert camera.probe.until(lambda: bool(maps))
    known = {item.object_id for item in maps[-1].objects}
    ids = {item.object_id for item in before.objects} - {0}
    assert ids and ids <= known


def test_a_damaged_jpeg_is_named_and_the_next_one_is_answered(nodes: NodeProcesses, probe: Probe) -> None:
    image = probe.node.create_publisher(CompressedImage, "/image/compressed", 10)
    mask = probe.node.create_publisher(Image, "/ground_truth/instances", 10)
    objects = probe.hear(TrackedObjects, "/objects")
    nodes.start("live_node", LABEL_IMAGE)
    assert probe.until(lambda: bool(image.get_subscription_count() and mask.get_subscription_count()))
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()

    def show(stamp_s: int, data: bytes) -> None:
        mask.publish(truth(stamp_s * SECOND_NS))
        message = CompressedImage(header=header(stamp_s * SECOND_NS, FRAME), format="jpeg")
        message.data = array("B", data)
        image.publish(message)

    log = nodes.log("live_node")
    show(1, b"no jpeg at all")
    assert probe.until(
        lambda: (
            "/image/compressed: frame skipped: compressed image: expected a whole image" in log.read_text()
        )
    )
    show(2, jpeg)
    assert probe.until(lambda: any(to_ns(m.header.stamp) == 2 * SECOND_NS for m in objects))
    assert "Traceback" not in log.read_text()


def test_nan_embeddings_are_refused_and_the_next_ones_are_taken(nodes: NodeProcesses, probe: Probe) -> None:
    embeddings = probe.node.create_publisher(ObjectEmbeddings, "/embeddings", 10)
    masks = probe.node.create_publisher(InstanceMasks, "/instances", 10)
    objects = probe.hear(TrackedObjects, "/objects")
    nodes.start("association_node", {"reliability": "reliable"})
    assert probe.until(lambda: bool(embeddings.get_subscription_count() and masks.get_subscription_count()))
    label_image = np.zeros((60, 80), np.uint16)
    label_image[10:40, 10:40] = 1
    instances = Instances(
        np.array([[10, 10, 40, 40]], np.float32), label_image, ("chair",), np.array([0.9], np.float32)
    )

    def say(stamp_s: int, value: float) -> None:
        head = header(stamp_s * SECOND_NS, FRAME)
        masks.publish(masks_message(instances, head))
        message = ObjectEmbeddings(header=head, model="m", model_hash="h", dim=1, data=[value])
        message.instances = instance_messages(instances)
        embeddings.publish(message)

    log = nodes.log("association_node")
    say(1, np.nan)
    refusal = "/embeddings: frame skipped: embeddings: expected finite rows of length 1"
    assert probe.until(lambda: refusal in log.read_text())
    say(2, 1.0)
    assert probe.until(lambda: bool(objects))
    assert [to_ns(m.header.stamp) for m in objects] == [2 * SECOND_NS]


@pytest.mark.parametrize(
    ("node", "parameters", "says"),
    [
        ("live_node", {"device": "cuda:77", "detector.name": "label_image"}, "device: 'cuda:77' asked for"),
        ("live_node", {"device": "tpu"}, "device: expected auto, cpu, cuda or cuda:N, got 'tpu'"),
        (
            "detector_node",
            {"detector.name": "yolo"},
            f"detector.name: expected one of auto, {', '.join(sorted(DETECTORS))}, got 'yolo'",
        ),
        ("encoder_node", {"encoder.name": "backbone", "encoder.weights": "missing.pth"}, "missing.pth"),
        ("encoder_node", {"encoder.name": "trained", "encoder.model": "nowhere"}, "got 'nowhere'"),
        (
            "association_node",
            {"association.max_prototypes": 0},
            "association.max_prototypes: expected at least 1, got 0",
        ),
        ("association_node", {"sync_wait": -1.0}, "sync_wait"),
        ("replay_node", {"bag": "nowhere"}, "nowhere, which does not exist"),
        ("record_node", {}, "parameter output: expected the path of a bag, got nothing"),
    ],
)
def test_a_wrong_parameter_ends_the_node_with_one_line(
    nodes: NodeProcesses, node: str, parameters: dict[str, object], says: str
) -> None:
    assert nodes.start(node, parameters).wait(120) == 1
    log = nodes.log(node).read_text()
    assert says in log
    assert "Traceback" not in log


def test_a_recorder_that_cannot_write_says_so_and_leaves_nothing(
    nodes: NodeProcesses, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert nodes.start("record_node", {"output": str(tmp_path / "file" / "bag")}).wait(120) == 1
    assert "cannot write" in nodes.log("record_node").read_text()
