"""Watches the inputs of a node: what comes how often, and what is wrong with them and the cure."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from rclpy.clock import ROSClock
from rclpy.node import Node

from reobj_ros.input.image_chooser import publishers_of
from reobj_ros.input.stamp_join import ANY_STAMP_NS, Companion

SILENCE_S = 5.0
"""An input that says nothing for so long is warned about."""

MISSED = 10
"""So many frames in a row without an input that is published are warned about; fewer happen at the start."""

MISSED_SELDOM = 150
"""The same of an input that comes with some frames only: five seconds of 30 Hz."""

SLOPS = {"depth": "depth_slop", "pose": "pose_slop"}
"""Name of an input: the parameter that says how far its stamps may be from those of the frames, seconds."""

_OTHER_CLOCK_NS = 1_000_000_000
_KEPT = 1000  # arrivals of each input: five seconds of 200 Hz


class InputWatch:
    """Takes note of what arrives. For the executor's thread.

    Args:
        node: that subscribes.
        primary: name of the input that makes a frame.
        companions: the other inputs, by name.
        settings: the values of INPUT_PARAMETERS, and the slops where the node has them.

    Attributes:
        topics: of the inputs that are subscribed to, by name.
        refused: by name, the QoS policy for which a publisher was refused.
    """

    def __init__(
        self, node: Node, primary: str, companions: Mapping[str, Companion], settings: Mapping[str, Any]
    ) -> None:
        self.topics: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self._node, self._settings = node, settings
        self._primary, self._companions = primary, companions
        self._arrivals: dict[str, deque[float]] = {}
        self._unstamped: set[str] = set()
        self._since_s = time.monotonic()

    def heard(self, name: str, stamp_ns: int, now_s: float) -> None:
        """Takes note of a message."""
        self._arrivals.setdefault(name, deque(maxlen=_KEPT)).append(now_s)
        if stamp_ns == 0:
            self._unstamped.add(name)
        else:
            self._unstamped.discard(name)

    def rates(self) -> dict[str, float]:
        """Messages per second of each topic over the last seconds; 0 where nothing comes."""
        now_s = time.monotonic()
        return {self._full(topic): self._rate(name, now_s) for name, topic in self.topics.items()}

    def concerns(self) -> list[str]:
        """A sentence for each thing that is wrong now: the topic, what it is, and the cure."""
        return list(self._concerns(time.monotonic()))

    def _concerns(self, now_s: float) -> Iterator[str]:
        clock = self._node.get_clock()
        if isinstance(clock, ROSClock) and clock.ros_time_is_active and clock.now().nanoseconds == 0:
            yield "/clock: use_sim_time is set and no time comes; play with --clock or leave use_sim_time out"
        if self._is_silent(self._primary, now_s):
            what = f"no message for {SILENCE_S:.0f} s"
            yield f"{self._topic(self._primary)}: {what}; {self._cure(self._primary)}"
            return
        for name in sorted(self._unstamped):
            if name == self._primary or self._companions[name].slop_ns < ANY_STAMP_NS:
                yield f"{self._topic(name)}: its stamps are 0; let the driver set header.stamp"
        for name, companion in self._companions.items():
            if companion.missed >= (MISSED_SELDOM if companion.seldom else MISSED):
                lack = "frames are dropped" if companion.required else "frames go without it"
                yield f"{self._topic(name)}: {lack}, as {self._lack(name, companion, now_s)}"
        if "depth" in self._arrivals and "camera_info" not in self._arrivals and "camera_info" in self.topics:
            yield f"{self._topic('camera_info')}: depth is of no use without it; {self._cure('camera_info')}"

    def _lack(self, name: str, companion: Companion, now_s: float) -> str:
        """Why a companion is missed, and the cure."""
        if companion.gap_ns is None or self._is_silent(name, now_s):
            return f"no message comes; {self._cure(name)}"
        gap_s, parameter = companion.gap_ns / 1e9, SLOPS.get(name, "")
        how = f"{abs(gap_s):.3g} s {'later' if gap_s > 0 else 'earlier'}"
        if abs(companion.gap_ns) >= _OTHER_CLOCK_NS:
            cure = "are both clocks the same?"
        else:
            cure = "it must carry exactly their stamps"
            if parameter in self._settings:
                cure = f"raise {parameter} ({self._settings[parameter]:g} s)"
            if gap_s < 0:  # the right one may still be under way
                wait = f"raise sync_wait ({self._settings['sync_wait']:g} s)"
                cure = f"{wait} if it only comes later than they do, else {cure}"
        return f"none of its stamps fits those of {self._topic(self._primary)}, the nearest is {how}; {cure}"

    def _cure(self, name: str) -> str:
        """For a topic from which nothing comes."""
        topic = self._topic(name)
        publishers = publishers_of(self._node, topic)
        if not publishers:
            return "nobody publishes it: check its name and remap it"
        qos = f"qos_overrides.{topic}.subscription"
        if policy := self.refused.get(name):
            easy = "reliability: best_effort or " if policy == "reliability" else ""
            return f"its publisher offers another {policy} than is asked for: set {easy}{qos}.{policy}"
        return f"{publishers} publish it: check that they run, their stamps and their QoS ({qos})"

    def _is_silent(self, name: str, now_s: float) -> bool:
        arrivals = self._arrivals.get(name)
        return now_s - (arrivals[-1] if arrivals else self._since_s) >= SILENCE_S

    def _rate(self, name: str, now_s: float) -> float:
        recent = [at_s for at_s in self._arrivals.get(name, ()) if now_s - at_s <= SILENCE_S]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0

    def _topic(self, name: str) -> str:
        return self._full(self.topics.get(name, name))

    def _full(self, topic: str) -> str:
        resolved: str = self._node.resolve_topic_name(topic)
        return resolved
