"""What the integration tests share beside their fixtures."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile

from reobj.live_run import NodeProcesses
from reobj.scans.bag_raw import header_of, read_raw
from reobj_ros.messages.stamps import to_ns

FRAMES = 20
"""Of the short bag."""

LABEL_IMAGE = {"reliability": "reliable", "sync_wait": 10.0, "device": "cpu", "detector.name": "label_image"}
"""Parameters of the nodes with stages: true masks, nothing lost, however late a busy machine delivers it."""

LOCK_STEP = {"lock_step": True, "settle": 2.0, "step_timeout": 30.0, "wait_for_subscribers": 120.0}
"""Parameters of a replay: nothing is shown before all listen to it, and nobody is overtaken."""


class Probe:
    """A node in the test's own process that hears and says."""

    def __init__(self, domain: int) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node("probe", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    def hear(self, message_type: Any, topic: str, qos: QoSProfile | int = 50) -> list[Any]:
        """A list that fills with the messages of a topic."""
        heard: list[Any] = []
        self.node.create_subscription(message_type, topic, heard.append, qos)
        return heard

    def until(self, condition: Callable[[], bool], timeout_s: float = 90.0) -> bool:
        """Spins until the condition holds."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._executor.spin_once(timeout_sec=0.05)
        return True

    def close(self) -> None:
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)


def memory_mb(pid: int) -> float:
    """What a process keeps in memory of its own, without files and what it shares; megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))
    return int(kilobytes) / 1e3


def shared_memory(pid: int) -> set[Path]:
    """The segments of Fast DDS in /dev/shm that belong to a process: it holds a lock file beside each."""
    held = {os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink()}
    locks = {Path(name) for name in held if name.startswith("/dev/shm/fastdds_") and name.endswith("_el")}
    return {lock.with_name(lock.name.removesuffix("_el")) for lock in locks if "port" not in lock.name}


def stamps_of(bag: Path) -> list[int]:
    """Of the images, nanoseconds."""
    return [header_of(message)[0] for message in read_raw(bag) if message.topic == "/image/compressed"]


def ends_at(heard: list[Any], stamp_ns: int) -> bool:
    """Whether the last message is of this stamp. One who falls far behind may have lost some before it."""
    return bool(heard) and to_ns(heard[-1].header.stamp) == stamp_ns


def play(nodes: NodeProcesses, bag: Path, probe: Probe, subscribers: int = 1) -> None:
    """Plays a bag to its end in lock-step with nodes that were started."""
    assert probe.until(lambda: probe.node.count_publishers("/objects") == 1)
    replay = nodes.start("replay_node", {"bag": str(bag), "subscribers": subscribers, **LOCK_STEP})
    assert probe.until(lambda: replay.poll() is not None, timeout_s=180)
    assert replay.returncode == 0
