"""Processes of the launch files: the nodes of this package, and failures that `ros2 launch` tells of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit, OnShutdown
from launch.events.process import ProcessExited
from launch_ros.actions import Node

from launch import Action, Event, EventHandler, LaunchContext
from reobj.environment import node_environment

PACKAGE = "reobj_ros"

RESPAWN_S = 2.0
"""Pause before a node that has ended is started again; one that always fails does not fill the log then."""


class Failed(Event):
    """What a failure becomes. An exception makes `ros2 launch` return 1, but raised in the handler of an exit
    or a shutdown it would keep the other handlers from hearing of it, those that end the nodes among them.

    Args:
        reason: a sentence.
    """

    name = "reobj_ros.launching.launch_processes.Failed"

    def __init__(self, reason: str) -> None:
        self.reason = reason


def own_node(executable: str, parameters: list[Any], **more: Any) -> Node:
    """A node of this package with the environment that it needs; ``more`` is as for launch_ros' Node."""
    return Node(
        package=PACKAGE,
        executable=executable,
        parameters=parameters,
        additional_env=node_environment(),
        output="screen",
        **more,
    )


def watched(processes: list[Action], required: bool) -> list[RegisterEventHandler]:
    """Has `ros2 launch` return 1 when one of the processes has failed: at once, or in the end.

    Args:
        processes: each of them; what is not of this package may end as it likes when it is asked to.
        required: whether a failure ends all; else the others go on.
    """
    failures: list[str] = []

    def ended(event: ProcessExited, context: LaunchContext) -> list[Action]:
        asked = context.is_shutdown and PACKAGE not in Path(event.cmd[0]).parts
        if event.returncode and not asked:
            failures.append(f"{event.process_name} has failed (exit code {event.returncode})")
        return tell() if required or context.is_shutdown else []

    def tell() -> list[Action]:
        told = "; ".join(failures)  # why they failed stands in their own log
        failures.clear()
        return [EmitEvent(event=Failed(told))] if told else []

    exits = [OnProcessExit(target_action=process, on_exit=ended) for process in processes]
    shutdown = OnShutdown(on_shutdown=lambda event, context: tell())
    return [RegisterEventHandler(handler) for handler in (*exits, shutdown, raising())]


def raising() -> EventHandler:
    """Turns ``Failed`` into the exception that `ros2 launch` logs and counts."""

    def fail(context: LaunchContext) -> None:
        raise RuntimeError(context.locals.event.reason)

    return EventHandler(
        matcher=lambda event: isinstance(event, Failed), entities=[OpaqueFunction(function=fail)]
    )
