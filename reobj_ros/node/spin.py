"""Starting a node and ending it in order."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.signals import SignalHandlerOptions

from reobj.errors import ReobjError
from reobj_ros.node.distribution import RCLError, make_executor
from reobj_ros.node.managed import ManagedNode


class StopRequest:
    """What Ctrl-C and SIGTERM do to a node.

    While it is made, which may take long, the first one raises KeyboardInterrupt. Afterwards they only
    ask: an exception inside a callback could leave a bag half written. rclpy's own handlers would
    end the context at once, below a worker that is about to publish.

    Attributes:
        may_raise: the node is not made yet.
        came: one of them came.
    """

    def __init__(self) -> None:
        self.may_raise = True
        self.came = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def _take(self, number: int, frame: FrameType | None) -> None:
        first = not self.came
        self.came = True
        if first and self.may_raise:
            raise KeyboardInterrupt


def run(make_node: Callable[[], ManagedNode], args: list[str] | None = None) -> int:
    """Makes a node, starts it, spins it until it is told to stop or has ``finished``, and cleans up.

    Returns:
        0, or 1 when the node could not be made or started, or says so by its ``exit_code``.
    """
    stop = StopRequest()
    node = None
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node = make_node()
        if not node.start():
            return 1  # the node has said why
        stop.may_raise = False
        spin(node, stop)
    except KeyboardInterrupt:
        pass
    except (ReobjError, ParameterException) as error:
        return failed(error)
    except RCLError as error:
        if node is not None:
            raise
        return failed(error)  # a parameter file or remapping that cannot be read, a bad topic name
    finally:
        stop.may_raise = False
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0 if node is None else node.exit_code


def spin(node: ManagedNode, stop: StopRequest) -> None:
    """Runs the node's callbacks until one of both says that it is enough."""
    executor = make_executor()
    executor.add_node(node)
    while not (stop.came or node.finished):
        executor.spin_once(timeout_sec=0.1)
    executor.remove_node(node)


def failed(error: Exception) -> int:
    """One line on stderr, and the exit code that goes with it."""
    print(f"error: {error}", file=sys.stderr, flush=True)
    return 1
