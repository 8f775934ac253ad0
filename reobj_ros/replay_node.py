"""replay_node: a bag to topics, in real time, at a rate, or in lock-step with association."""

from __future__ import annotations

import threading
import time
import traceback
from pathlib import Path
from typing import Any

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock

from reobj.errors import BagError, ConfigError, ReobjError, mismatch
from reobj.scans.bag_raw import RawMessage, bag_topics
from reobj_msgs.msg import TrackedObjects
from reobj_ros.input.image_chooser import publishers_of
from reobj_ros.messages.interfaces import message_class
from reobj_ros.messages.stamps import to_ns, to_time
from reobj_ros.node.managed import ManagedNode
from reobj_ros.node.parameters import Parameter
from reobj_ros.player import Player

PARAMETERS = (
    Parameter("bag", "", "the bag to replay: a folder or an mcap file"),
    Parameter("image_topic", "/image", "the bag's topic of colour images, without its /compressed"),
    Parameter("rate", 1.0, "speed, 1 = as it was recorded", 0.01, 100.0),
    Parameter("lock_step", False, "wait for the objects of each image before the next one; rate is ignored"),
    Parameter("step_timeout", 10.0, "lock-step: go on after so long without an answer, s", 0.1, 600.0),
    Parameter("loop", False, "start again at the end; stamps jump back"),
    Parameter("subscribers", 1, "wait until so many listen to the image; 2 with separate nodes", 0, 100),
    Parameter("wait_for_subscribers", 60.0, "longest wait for them, s", 0.0, 3600.0),
    Parameter("settle", 1.0, "time for the other subscriptions to be found before all starts, s", 0.0, 60.0),
    Parameter("publish_clock", True, "publish the bag's time on /clock"),
)

GLOBAL = ("/tf", "/tf_static")  #: topics that have no namespace by convention


class ReplayNode(ManagedNode):
    """Publishes the serialised messages of a bag as they are; ends with the bag.

    Deactivated, it stops; activated again, it begins the bag anew.
    """

    def __init__(self) -> None:
        super().__init__("replay_node", PARAMETERS)

    def configure(self) -> None:
        """Looks into the bag."""
        if not self.settings["bag"]:
            raise ConfigError("parameter bag: expected the path of a bag, got nothing")
        self._bag = Path(self.settings["bag"])
        self._topics = self._make_publishers(self._bag)
        self._images = self._image_publishers(self._bag)
        self._clock_publisher = self.create_publisher(Clock, "/clock", 10)

    def activate(self) -> None:
        """Plays the bag in a thread of its own."""
        in_step = self.settings["lock_step"]
        self._player = Player(
            self._bag,
            self._images,
            self._publish,
            self.settings["rate"],
            self.settings["step_timeout"] if in_step else None,
            self._unanswered,
        )
        if in_step:
            self.create_subscription(TrackedObjects, "objects", self._answered, 50)
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)
        self._thread.start()
        self.at_end(self._stop_playing)

    def _stop_playing(self) -> None:
        self._player.stop()
        self._thread.join(2.0)

    def _make_publishers(self, bag: Path) -> dict[str, Any]:
        """A publisher per topic, with a relative name so that namespace and remapping apply."""
        publishers = {}
        for topic in bag_topics(bag):
            made = message_class(topic.msgtype)
            if made is None:
                self.get_logger().warning(
                    f"{topic.name} is not replayed: {topic.msgtype} is not installed here"
                )
                continue
            durability = DurabilityPolicy.TRANSIENT_LOCAL if topic.latched else DurabilityPolicy.VOLATILE
            qos = QoSProfile(depth=max(50, topic.depth), durability=durability)
            name = topic.name if topic.name in GLOBAL else topic.name[1:]
            publishers[topic.name] = self.create_publisher(made, name, qos)
        return publishers

    def _image_publishers(self, bag: Path) -> dict[str, Any]:
        topic = "/" + self.settings["image_topic"].strip("/")
        found = {n: p for n, p in self._topics.items() if n in (topic, f"{topic}/compressed")}
        if not found:
            there = ", ".join(self._topics) or "no topics"
            raise BagError(mismatch(str(bag), f"images on {topic} (parameter image_topic)", there))
        return found

    def _run(self) -> None:
        try:
            self._wait_for_listeners()
            started = time.monotonic()
            while (to_end := self._player.play()) and self.settings["loop"]:
                pass
            rate = self._player.frames / max(time.monotonic() - started, 1e-9)
            self.get_logger().info(f"replayed {self._player.frames} images ({rate:.1f} Hz)")
            if to_end:  # a second at most: who has died never takes the last messages
                deadline = time.monotonic() + 1.0
                for publisher in self._topics.values():
                    publisher.wait_for_all_acked(Duration(seconds=max(0.0, deadline - time.monotonic())))
        except Exception as error:  # what ends the replay ends the node, with the reason
            self.exit_code = 1
            self.get_logger().error(str(error) if isinstance(error, ReobjError) else traceback.format_exc())
        finally:
            self.finished = True

    def _wait_for_listeners(self) -> None:
        wanted = self.settings["subscribers"]
        deadline = time.monotonic() + self.settings["wait_for_subscribers"]
        while not self._all_listen() and self._player.pause(0.05):
            if time.monotonic() > deadline:
                names = " and ".join(p.topic_name for p in self._images.values())
                answers = " or nobody publishes objects" if self.settings["lock_step"] else ""
                self.get_logger().warning(f"fewer than {wanted} listen to {names}{answers}; replaying anyway")
                break
        self._player.pause(self.settings["settle"])

    def _all_listen(self) -> bool:
        """Whether enough listen and, in lock-step, somebody answers."""
        listening = max(p.get_subscription_count() for p in self._images.values())
        answered = not self.settings["lock_step"] or publishers_of(self, "objects") > 0
        return answered and listening >= self.settings["subscribers"]

    def _answered(self, objects: TrackedObjects) -> None:
        self._player.answer(to_ns(objects.header.stamp))

    def _unanswered(self, stamp_ns: int) -> None:
        self.get_logger().warning(f"no objects for the image of stamp {stamp_ns} ns; going on")

    def _publish(self, message: RawMessage) -> None:
        if message.topic in self._images and self.settings["publish_clock"]:
            self._clock_publisher.publish(Clock(clock=to_time(message.stamp_ns)))
        if message.topic in self._topics:
            self._topics[message.topic].publish(message.cdr)
