"""replay_node: a bag to topics, in real time, at a rate, or in lock-step with association."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock

from reobj.errors import ReobjError
from reobj.scans.bag_raw import RawMessage, bag_topics, header_of, read_raw
from reobj_msgs.msg import TrackedObjects
from reobj_ros.interfaces import message_class
from reobj_ros.parameters import Parameter, declare
from reobj_ros.spin import run
from reobj_ros.stamps import to_ns, to_time

PARAMETERS = (
    Parameter("bag", "", "the bag to replay: a folder or an mcap file"),
    Parameter("rate", 1.0, "speed, 1 = as it was recorded", 0.01, 100.0),
    Parameter("lock_step", False, "wait for the objects of each image before the next one; rate is ignored"),
    Parameter("step_timeout", 10.0, "lock-step: go on after so long without an answer, s", 0.1, 600.0),
    Parameter("loop", False, "start again at the end; stamps jump back"),
    Parameter(
        "subscribers", 1, "wait until so many listen to the image; 2 with one process per stage", 0, 100
    ),
    Parameter("wait_for_subscribers", 60.0, "longest wait for them, s", 0.0, 3600.0),
    Parameter(
        "settle", 1.0, "time for the other subscriptions to be found before the first message, s", 0.0, 60.0
    ),
    Parameter("publish_clock", True, "publish the bag's time on /clock"),
)

GLOBAL = ("/tf", "/tf_static")
"""Topics that have no namespace by convention."""


class ReplayNode(Node):
    """Publishes the serialised messages of a bag as they are; ends with the bag."""

    def __init__(self) -> None:
        super().__init__("replay_node")
        self.settings: dict[str, Any] = declare(self, PARAMETERS)
        self.exit_code = 0
        self.finished = False
        self._bag = Path(self.settings["bag"])
        self._topics = self._make_publishers()
        self._bag_clock = (
            self.create_publisher(Clock, "/clock", 10) if self.settings["publish_clock"] else None
        )
        self._answered = threading.Condition()
        self._last_answer_ns = -1
        self._awaited_ns: int | None = None
        self._frames = 0
        self._unanswered = 0
        self._stopping = False
        if self.settings["lock_step"]:
            self._objects = self.create_subscription(TrackedObjects, "objects", self._take_answer, 50)
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)
        self._thread.start()

    def _make_publishers(self) -> dict[str, Any]:
        """A publisher per topic, with a relative name so that namespace and remapping apply."""
        publishers = {}
        for topic in bag_topics(self._bag):
            made = message_class(topic.msgtype)
            if made is None:
                self.get_logger().warning(
                    f"{topic.name} is not replayed: {topic.msgtype} is not installed here"
                )
                continue
            durability = DurabilityPolicy.TRANSIENT_LOCAL if topic.latched else DurabilityPolicy.VOLATILE
            qos = QoSProfile(depth=50, durability=durability)
            name = topic.name if topic.name in GLOBAL else topic.name.lstrip("/")
            publishers[topic.name] = self.create_publisher(made, name, qos)
        return publishers

    def _run(self) -> None:
        try:
            self._wait_for_subscribers()
            started = time.monotonic()
            self._play()
            while self.settings["loop"] and not self._stopping:
                self._play()
            self._report(time.monotonic() - started)
        except ReobjError as error:
            self.get_logger().error(str(error))
            self.exit_code = 1
        except (InvalidHandle, rclpy_implementation.RCLError):
            if self.context.ok():  # else Ctrl-C took the publishers away under this thread
                self.exit_code = 1
                raise
        finally:
            self.finished = True

    def _wait_for_subscribers(self) -> None:
        deadline = time.monotonic() + self.settings["wait_for_subscribers"]
        images = [p for topic, p in self._topics.items() if is_image(topic)]
        if not images:
            raise ReobjError(f"{self._bag}: expected an image topic, got {', '.join(self._topics) or 'none'}")
        while not self._all_listen(images):
            if time.monotonic() > deadline:
                wanted = self.settings["subscribers"]
                self.get_logger().warning(
                    f"fewer than {wanted} listen to {images[0].topic_name}; replaying all the same"
                )
                break
            if self._stopping:
                return
            time.sleep(0.05)
        time.sleep(self.settings["settle"])

    def _all_listen(self, images: list[Any]) -> bool:
        """Whether enough listen and, in lock-step, somebody answers."""
        listening = max(publisher.get_subscription_count() for publisher in images)
        answered = not self.settings["lock_step"] or self.count_publishers("objects") > 0
        return answered and listening >= self.settings["subscribers"]

    def _play(self) -> None:
        started, first_ns = time.monotonic(), None
        for message in read_raw(self._bag):
            if self._stopping:
                return
            first_ns = message.stamp_ns if first_ns is None else first_ns
            if not self.settings["lock_step"]:
                due = started + (message.stamp_ns - first_ns) / 1e9 / self.settings["rate"]
                time.sleep(max(0.0, due - time.monotonic()))
            self._publish(message)
        self._wait_for_answer()

    def _publish(self, message: RawMessage) -> None:
        """One message. In lock-step an image waits for the answer to the one before it."""
        publisher = self._topics.get(message.topic)
        if publisher is None:
            return
        if is_image(message.topic):
            self._wait_for_answer()
            self._frames += 1
            self._awaited_ns = header_of(message)[0]
            if self._bag_clock is not None:
                self._bag_clock.publish(Clock(clock=to_time(message.stamp_ns)))
        publisher.publish(message.cdr)

    def _take_answer(self, message: TrackedObjects) -> None:
        with self._answered:
            self._last_answer_ns = to_ns(message.header.stamp)
            self._answered.notify_all()

    def _wait_for_answer(self) -> None:
        awaited, self._awaited_ns = self._awaited_ns, None
        if awaited is None or not self.settings["lock_step"]:
            return
        with self._answered:
            done = lambda: self._last_answer_ns == awaited or self._stopping  # noqa: E731
            if not self._answered.wait_for(done, self.settings["step_timeout"]):
                self._unanswered += 1
                self.get_logger().warning(f"no objects for the image of stamp {awaited} ns; going on")

    def _report(self, seconds: float) -> None:
        rate = self._frames / max(seconds, 1e-9)
        unanswered = f", {self._unanswered} without an answer" if self._unanswered else ""
        self.get_logger().info(
            f"replayed {self._frames} images in {seconds:.1f} s ({rate:.1f} Hz){unanswered}"
        )

    def destroy_node(self) -> None:
        """Ends the thread before the publishers go."""
        self._stopping = True
        with self._answered:
            self._answered.notify_all()
        self._thread.join(5.0)
        super().destroy_node()


def is_image(topic: str) -> bool:
    """Whether a topic carries the colour images, raw or compressed."""
    return topic.removesuffix("/compressed").rsplit("/", 1)[-1] == "image"


def main(args: list[str] | None = None) -> None:
    """Replays the bag and ends."""
    sys.exit(run(ReplayNode, args))


if __name__ == "__main__":
    main()
