"""What ROS and Python add to a frame of the composed node: no networks, everything else as it is.

    python benchmarks/node_overhead.py [--frames 300] [--instances 20]

A second process publishes 640x480 colour, depth, calibration and pose over DDS and sends the next frame
when the objects of the last one have come, as the replay does in lock-step. The live node runs here with
a detector and an encoder that answer at once. The time from publishing a frame to hearing its objects, less
the stages' own time, is what ROS and Python add: serialising, DDS, joining by stamp, decoding, the worker,
building and publishing the messages, and hearing them in the other process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from reobj.environment import node_environment
from reobj.types import Embeddings, Frame, FrameResult, Instances, ModelId

WIDTH, HEIGHT = 640, 480
WARM_UP = 30
TARGET_MS = 5.0


def main() -> None:
    """Publishes in a second process, answers in this one, and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=300, help="frames that count")
    parser.add_argument("--instances", type=int, default=20, help="instances in each frame")
    parser.add_argument("--single-threaded", action="store_true", help="rclpy's SingleThreadedExecutor")
    parser.add_argument("--publisher", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ |= node_environment() | {"ROS_DOMAIN_ID": "97", "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    if options.publisher:
        print(json.dumps(publish(options.frames + WARM_UP)))
        return
    command = [sys.executable, __file__, "--publisher", "--frames", str(options.frames)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as publisher:
        stages = serve(publisher, options.instances, options.single_threaded)
        assert publisher.stdout is not None
        trips = {int(stamp): ms for stamp, ms in json.loads(publisher.stdout.read()).items()}
    report(trips, stages, options.instances)


def serve(publisher: subprocess.Popen[bytes], count: int, single_threaded: bool) -> dict[int, float]:
    """Runs the live node until the publisher has ended. Gives the stages' milliseconds by stamp."""
    import rclpy

    from reobj.detection.registry import DETECTORS, DetectorEntry
    from reobj.encoding.registry import ENCODERS, EncoderEntry

    DETECTORS["fixed"] = DetectorEntry(NoOptions, lambda config, device, truth: FixedDetector(count))
    ENCODERS["fixed"] = EncoderEntry(NoOptions, lambda config, device: FixedEncoder(count))
    from reobj_ros.live_node import LiveNode  # only now: it offers what the registries hold
    from reobj_ros.node.distribution import make_executor

    settings = {"detector.name": "fixed", "encoder.name": "fixed", "device": "cpu", "reliability": "reliable"}
    rclpy.init(args=["--ros-args", *(part for k, v in settings.items() for part in ("-p", f"{k}:={v}"))])
    node = LiveNode()
    if not node.start():
        raise SystemExit("live_node cannot be started")
    stages: dict[int, float] = {}
    pipeline = node._cameras[""].pipeline
    step = pipeline.step

    def timed(frame: Frame) -> FrameResult:
        result = step(frame)
        stages[result.stamp_ns] = sum(result.latency_ms.values())
        return result

    pipeline.step = timed  # type: ignore[method-assign]
    executor = rclpy.executors.SingleThreadedExecutor() if single_threaded else make_executor()
    print(f"executor: {type(executor).__name__}")
    executor.add_node(node)
    while publisher.poll() is None:
        executor.spin_once(timeout_sec=0.1)
    node.destroy_node()
    rclpy.shutdown()
    return stages


def publish(frames: int) -> dict[int, float]:
    """Sends frames in lock-step. Gives the milliseconds from sending to hearing by stamp."""
    import rclpy
    from geometry_msgs.msg import PoseStamped
    from sensor_msgs.msg import CameraInfo, Image

    from reobj_msgs.msg import TrackedObjects
    from reobj_ros.messages.conversions import image_message
    from reobj_ros.messages.stamps import header, to_ns
    from reobj_ros.node.distribution import make_executor

    rclpy.init()
    node = rclpy.create_node("camera")
    types = {"image": Image, "depth": Image, "camera_info": CameraInfo, "pose": PoseStamped}
    out = {name: node.create_publisher(kind, name, 10) for name, kind in types.items()}
    heard: list[int] = []
    node.create_subscription(TrackedObjects, "objects", lambda m: heard.append(to_ns(m.header.stamp)), 10)
    executor = make_executor()
    executor.add_node(node)
    while not all(publisher.get_subscription_count() for publisher in out.values()):
        executor.spin_once(timeout_sec=0.1)
    time.sleep(1.0)

    rng = np.random.default_rng(0)
    colour = rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    depth = rng.integers(1000, 3000, (HEIGHT, WIDTH)).astype(np.uint16)
    k = [577.0, 0, 319.5, 0, 577.0, 239.5, 0, 0, 1]
    trips: dict[int, float] = {}
    for index in range(frames):
        head = header((index + 1) * 33_333_333, "camera_optical_frame")
        pose = PoseStamped(header=head)
        pose.pose.orientation.w = 1.0
        messages = {
            "depth": image_message(depth, "16UC1", head),
            "camera_info": CameraInfo(header=head, width=WIDTH, height=HEIGHT, k=k),
            "pose": pose,
            "image": image_message(colour, "rgb8", head),
        }
        started = time.perf_counter()
        for name, message in messages.items():
            out[name].publish(message)
        while not heard or heard[-1] != to_ns(head.stamp):
            executor.spin_once(timeout_sec=1.0)
        trips[to_ns(head.stamp)] = (time.perf_counter() - started) * 1e3
    node.destroy_node()
    rclpy.shutdown()
    return trips


def report(trips: dict[int, float], stages: dict[int, float], count: int) -> None:
    """Prints round trip, stages and what is left."""
    stamps = sorted(trips)[WARM_UP:]
    whole = np.array([trips[stamp] for stamp in stamps])
    work = np.array([stages[stamp] for stamp in stamps])
    rows = {"publish to objects heard": whole, "of it the stages": work, "ROS and Python add": whole - work}
    print(f"{WIDTH}x{HEIGHT}, colour and depth raw, {count} instances, {len(stamps)} frames, lock-step")
    for name, values in rows.items():
        p50, p95 = np.percentile(values, [50, 95])
        print(f"  {name:26} p50 {p50:6.2f} ms   p95 {p95:6.2f} ms")
    added = float(np.median(whole - work))
    print(
        f"  {1e3 / np.median(whole):.0f} frames/s; {added / TARGET_MS:.2f} of the {TARGET_MS:.0f} ms allowed"
    )


@dataclass(frozen=True)
class NoOptions:
    """The fixed stages have nothing to set."""


class FixedDetector:
    """The same boxes in every frame, in a grid."""

    def __init__(self, count: int) -> None:
        columns = int(np.ceil(np.sqrt(count)))
        side = min(WIDTH, HEIGHT) // (columns + 1)
        label_image = np.zeros((HEIGHT, WIDTH), np.uint16)
        boxes = []
        for index in range(count):
            y, x = (int(v) for v in np.array(divmod(index, columns)) * (side + 8) + 8)
            label_image[y : y + side, x : x + side] = index + 1
            boxes.append([x, y, x + side, y + side])
        scores = np.ones(count, np.float32)
        self._found = Instances(np.array(boxes, np.float32), label_image, ("chair",) * count, scores)

    def detect(self, frame: Frame) -> Instances:
        """What it always finds."""
        return self._found


class FixedEncoder:
    """One direction per instance."""

    def __init__(self, count: int) -> None:
        self.model = ModelId("fixed", "0", 512)
        data = np.eye(count, 512, dtype=np.float32)
        self._made: Any = Embeddings(data, self.model)

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        """What it always says."""
        return self._made


if __name__ == "__main__":
    main()
