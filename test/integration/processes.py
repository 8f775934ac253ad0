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

FRAMES = 20
"""Of the short bag."""

LABEL_IMAGE = {"reliability": "reliable", "device": "cpu", "detector.name": "label_image"}
"""Parameters of the nodes with stages: true masks, nothing lost."""


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

    def until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> bool:
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
