"""Starting a node and ending it in order."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from reobj.errors import ReobjError


def run(make_node: Callable[[], Node], args: list[str] | None = None) -> int:
    """Initialises rclpy, spins the node until it is told to stop or has ``finished``, and cleans up.

    Returns:
        0, or 1 when the node could not be made or says so by its ``exit_code``.
    """
    rclpy.init(args=args)
    node = None
    try:
        node = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while rclpy.ok() and not getattr(node, "finished", False):
            executor.spin_once(timeout_sec=0.2)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (ReobjError, ValueError, InvalidParameterTypeException, InvalidParameterValueException) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        # launch, or an impatient hand, may send Ctrl-C again: what is half written must be completed.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return int(getattr(node, "exit_code", 0))
