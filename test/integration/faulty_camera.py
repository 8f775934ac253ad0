"""A simulated bag as the pictures of a camera with faults, shown to real nodes in lock-step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from identities import TrueObjects
from processes import Probe
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock

from reobj.scans.bag_faults import Disturbance, Faults, Step, frames_of, with_stamp
from reobj.scans.bag_raw import RawMessage, header_of
from reobj_msgs.msg import TrackedObjects
from reobj_ros.messages.interfaces import message_class
from reobj_ros.messages.stamps import SECOND_NS, to_ns, to_time

IMAGE, TRUTH = "/image/compressed", "/ground_truth/instances/compressed"
SHOWN = (IMAGE, TRUTH, "/camera_info", "/depth/compressedDepth", "/pose")
NAMES = "/ground_truth/label_names"
STEP_NS = SECOND_NS // 10


class FaultyCamera:
    """Shows the frames of a bag again and again, on a simulated clock that goes on from round to round.

    Args:
        probe: hears and says.
        bag: of the simulator.

    Attributes:
        now_ns: stamp of the next frame; whoever sets it back lets time jump.
        images: how many were published so far, the damaged ones too.
        answers: TrackedObjects heard so far.
        reports: values of the live node's diagnostics by name, one per second.
        levels: how often each level was among them.
    """

    def __init__(self, probe: Probe, bag: Path) -> None:
        self.now_ns = 10_000 * SECOND_NS
        self.images = 0
        self.reports: list[dict[str, str]] = []
        self.levels: Counter[bytes] = Counter()
        self._probe, self._frames, self._true = probe, frames_of(bag), TrueObjects(bag)
        self._publishers = {
            m.topic: self._publisher(m) for m in self._frames[0] if m.topic in (*SHOWN, NAMES)
        }
        self._clock = probe.node.create_publisher(Clock, "/clock", 10)
        self._shown: dict[int, int] = {}
        self.answers = probe.hear(TrackedObjects, "/objects")
        probe.node.create_subscription(DiagnosticArray, "/diagnostics", self._take_report, 50)
        for message in self._frames[0]:
            if message.topic == NAMES:
                self._publishers[NAMES].publish(message.cdr)

    def is_heard(self) -> bool:
        """Whether the node listens to all that is shown, and knows who waits for its answers.

        Who listens to what is told in the order in which it began: whose reports come, its answers do.
        """
        heard = all(self._publishers[topic].get_subscription_count() for topic in SHOWN)
        return heard and bool(self.reports)

    def show(self, faults: Faults | None = None, rounds: int = 1) -> dict[int, Counter[int]]:
        """Shows the bag so often, and waits for the objects of each frame that can be answered.

        On a machine so slow that parts of a frame come too late for each other, the node drops that frame
        and says so; then nothing more is waited for.

        Returns:
            How often each true object was said to be which object.
        """
        before = len(self.answers)
        for step in Disturbance(faults or Faults())(self._moments(rounds)):
            self._publish(step)
        return self._true.seen_as(self.answers[before:], self._shown)

    @property
    def unanswered(self) -> int:
        """Images so far to which no objects came."""
        return self.images - len(self.answers)

    def counted(self) -> dict[str, int]:
        """What the node says became of the images, once it has spoken of all of them."""
        assert self._probe.until(self._all_are_counted)
        return {name: int(self.reports[-1][name]) for name in ("processed", "failed", "dropped")}

    def _all_are_counted(self) -> bool:
        if not self.reports:
            return False
        processed, failed, dropped = (int(self.reports[-1][n]) for n in ("processed", "failed", "dropped"))
        # A report may overtake an answer.
        return processed + failed + dropped == self.images and len(self.answers) >= processed

    def _moments(self, rounds: int) -> Iterator[list[RawMessage]]:
        for _ in range(rounds):
            for number, frame in enumerate(self._frames):
                self._shown[self.now_ns] = number
                yield [with_stamp(m, self.now_ns) for m in frame if m.topic in SHOWN]
                self.now_ns += STEP_NS

    def _publish(self, step: Step) -> None:
        stamps = {t: {header_of(m)[0] for m in step.messages if m.topic == t} for t in (IMAGE, TRUTH)}
        self.images += len(stamps[IMAGE])
        wanted = (stamps[IMAGE] & stamps[TRUTH]) - step.damaged
        before = len(self.answers)
        self._clock.publish(Clock(clock=to_time(self.now_ns)))
        for message in step.messages:
            self._publishers[message.topic].publish(message.cdr)

        def is_done() -> bool:
            answered = {to_ns(answer.header.stamp) for answer in self.answers[before:]}
            return wanted <= answered or self._all_are_counted()

        assert self._probe.until(is_done), f"no objects for {wanted}, and nothing is said of them"

    def _publisher(self, message: RawMessage) -> Any:
        kind: Any = message_class(message.msgtype)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        qos = latched if message.topic == NAMES else QoSProfile(depth=50)
        return self._probe.node.create_publisher(kind, message.topic, qos)

    def _take_report(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if "live_node" in status.name:
                self.levels[status.level] += 1
                self.reports.append({pair.key: pair.value for pair in status.values})
