"""A node's status on /diagnostics, by diagnostic_updater where that is installed, else by ourselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from reobj_ros.node.steady_timer import steady_timer

try:
    import diagnostic_updater
except ImportError:  # the ROS 2 wheels do not have it
    diagnostic_updater = None

PERIOD_PARAMETER = "diagnostic_updater.period"
TASK = "reobj"


@dataclass(frozen=True, slots=True)
class Status:
    """What a node says of itself.

    Attributes:
        level: one of DiagnosticStatus: OK, WARN or ERROR.
        message: the sentence that a person reads first.
        values: all else, as text.
    """

    level: bytes
    message: str
    values: Mapping[str, str]

    def pairs(self) -> list[KeyValue]:
        """The values as messages."""
        return [KeyValue(key=key, value=value) for key, value in self.values.items()]


class StatusTopic:
    """Publishes a status once a second, or as the parameter ``diagnostic_updater.period`` says.

    It is the same status by the same name either way; that name holds the node's namespace, so that two
    robots differ.

    Args:
        node: that it is about.
        hardware_id: the device that the node runs on.
        status: gives it; called in the executor's thread.
    """

    def __init__(self, node: Node, hardware_id: str, status: Callable[[], Status]) -> None:
        self._node, self._hardware_id, self._status = node, hardware_id or "none", status
        self._name = node.get_fully_qualified_name()
        self._updater: Any = None
        period_s = 1.0
        if diagnostic_updater is None:
            self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        else:
            period_s = self._use_updater()
        # Not by /clock: a clock that stands still is one of the things to be told.
        steady_timer(node, period_s, self.publish)

    def publish(self) -> None:
        """Publishes the status now."""
        if self._updater is not None:
            self._updater.force_update()
            return
        status = self._status()
        message = DiagnosticStatus(level=status.level, name=f"{self._name}: {TASK}", message=status.message)
        message.hardware_id, message.values = self._hardware_id, status.pairs()
        array = DiagnosticArray(status=[message])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _use_updater(self) -> float:
        """Makes the updater, and gives the period that it was told."""
        if self._node.has_parameter(PERIOD_PARAMETER):  # of the updater before its last deactivation
            self._node.undeclare_parameter(PERIOD_PARAMETER)
        self._updater = diagnostic_updater.Updater(self._node)
        self._node.destroy_timer(self._updater.timer)  # it follows /clock; ours does not
        self._updater.node_name = self._name
        self._updater.setHardwareID(self._hardware_id)
        self._updater.add(TASK, self._fill)
        return float(self._updater.period)

    def _fill(self, wrapper: Any) -> Any:
        status = self._status()
        wrapper.summary(status.level, status.message)
        wrapper.values = status.pairs()
        return wrapper
