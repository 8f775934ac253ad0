"""record_node: what the nodes publish into a bag, until it is told to stop."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile

from reobj.errors import BagError, ConfigError, ReobjError
from reobj.scans.bag_raw import RawMessage, header_of
from reobj.scans.bag_results import ResultBagWriter
from reobj.scans.bag_topics import Topic
from reobj_ros.messages.interfaces import definition_folder, message_class
from reobj_ros.node.managed import ManagedNode
from reobj_ros.node.parameters import Parameter
from reobj_ros.node.throttle import Throttle

DIAGNOSTICS = Topic("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
# In the order in which the nodes publish them for one frame: of what has come, rclpy takes the first first.
TOPICS = (
    Topic("/instances", "reobj_msgs/msg/InstanceMasks"),
    Topic("/embeddings", "reobj_msgs/msg/ObjectEmbeddings"),
    Topic("/events", "reobj_msgs/msg/ObjectEvent"),
    Topic("/objects", "reobj_msgs/msg/TrackedObjects"),
    Topic("/object_map", "reobj_msgs/msg/ObjectMap", latched=True),
    DIAGNOSTICS,
)
NAMES = [topic.name.lstrip("/") for topic in TOPICS]

PARAMETERS = (
    Parameter("output", "", "the bag to write; one that exists is replaced at the end"),
    Parameter("topics", NAMES, f"what to record, some of: {', '.join(NAMES)}"),
)


class RecordNode(ManagedNode):
    """Writes the serialised messages as they come. The bag gets its name when the node is cleaned up."""

    def __init__(self) -> None:
        super().__init__("record_node", PARAMETERS)
        self._may_warn = Throttle(5.0)
        self._recording = ExitStack()

    def configure(self) -> None:
        """Begins the bag."""
        settings = self.settings
        if not settings["output"]:
            raise ConfigError("parameter output: expected the path of a bag, got nothing")
        unknown = sorted(set(settings["topics"]) - set(NAMES))
        if unknown:
            raise ConfigError(
                f"parameter topics: expected some of {', '.join(NAMES)}, got {', '.join(unknown)}"
            )
        self._latest_ns = 0
        with ExitStack() as making:
            writer = ResultBagWriter(settings["output"], [definition_folder("reobj_msgs")])
            self._writer = making.enter_context(writer)
            for topic in self._wanted():
                self._writer.add_topic(topic)
            self._recording = making.pop_all()  # an error up to here has removed what was begun
        self.at_end(self._complete)

    def activate(self) -> None:
        """Records."""
        for topic in self._wanted():
            durability = DurabilityPolicy.TRANSIENT_LOCAL if topic.latched else DurabilityPolicy.VOLATILE
            qos = QoSProfile(depth=200, durability=durability)
            # /diagnostics is global by convention, all others are in the namespace.
            name = topic.name if topic is DIAGNOSTICS else topic.name.lstrip("/")
            kind: Any = message_class(topic.msgtype)
            self.create_subscription(kind, name, partial(self._take, topic), qos, raw=True)

    def _complete(self) -> None:
        try:
            self._recording.close()
        except ReobjError as error:
            self.get_logger().error(f"nothing is kept: {error}")
            self.exit_code = 1

    def _wanted(self) -> list[Topic]:
        return [topic for topic in TOPICS if topic.name.lstrip("/") in self.settings["topics"]]

    def _take(self, topic: Topic, cdr: Any) -> None:
        """Writes a message at its own stamp; diagnostics, which tell the wall's time, at the last one."""
        try:
            if topic is not DIAGNOSTICS:
                self._latest_ns = header_of(RawMessage(topic.name, topic.msgtype, 0, cdr))[0]
            self._writer.write(topic.name, self._latest_ns, cdr)
        except BagError as error:
            if self._may_warn(str(error)):
                self.get_logger().warning(f"message left out: {error}")
        except ReobjError as error:
            self._give_up(error)

    def _give_up(self, error: ReobjError) -> None:
        """Leaves no half-written bag behind and ends the node."""
        self.get_logger().error(f"recording ended, nothing is kept: {error}")
        self.exit_code = 1
        self._recording.pop_all().__exit__(type(error), error, error.__traceback__)
        self.finished = True
