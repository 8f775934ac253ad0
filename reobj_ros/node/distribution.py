"""What differs between the distributions of ROS 2, from Humble to Lyrical; nothing else asks which one it is.

Compared were rclpy 3.3 (Humble), 7.1 (Jazzy), 9.1 (Kilted) and the rolling branch. What else the nodes take
from rclpy has the same name and meaning in all of them.
"""

from __future__ import annotations

from rclpy.context import Context
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

__all__ = ["RCLError", "SubscriptionEventCallbacks", "make_executor"]

# Its only name; each release has moved other things around in that module.
RCLError = rclpy_implementation.RCLError


def make_executor(context: Context | None = None) -> Executor:
    """The executor with the least cost per message.

    The wait sets of SingleThreadedExecutor are built anew for each callback: with a node's dozen of
    subscriptions, services and timers that is most of what ROS adds to a frame. Kilted, and Jazzy from rclpy
    7.1.4 on, have one that is driven by events (benchmarks/node_overhead.py compares them); Humble has not.
    """
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor(context=context)
    return EventsExecutor(context=context)
