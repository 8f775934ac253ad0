"""Object ids for a recorded scan: ros2 launch reobj_ros replay.launch.py bag:=BAG [name:=value ...]."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueCoroutine,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnExecutionComplete, OnProcessExit
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.ros_adapters import get_ros_node

from launch import Action, LaunchContext, LaunchDescription
from reobj_ros.launching.launch_arguments import COMPRESSED, Given, boolean, camera_topic, text
from reobj_ros.launching.launch_processes import own_node, watched

LIVE = Path(get_package_share_directory("reobj_ros")) / "launch/live.launch.py"

TRUTH = ("ground_truth/instances", "ground_truth/instances/compressed", "ground_truth/label_names")
"""Topics of a bag that no argument names."""

PATIENCE_S = 60.0
"""Longest wait of `ros2 bag play` for the nodes to listen."""

RESUME = ["ros2", "service", "call", "/rosbag2_player/resume", "rosbag2_interfaces/srv/Resume"]


def generate_launch_description() -> LaunchDescription:
    """The replay, the live system with all its arguments, and an end with the bag."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="the bag: a folder or an mcap file"),
            DeclareLaunchArgument(
                "player",
                default_value="reobj",
                choices=["reobj", "ros2"],
                description="reobj: replay_node; ros2: `ros2 bag play` with a clock, which the nodes follow",
            ),
            DeclareLaunchArgument("rate", default_value="1.0", description="speed, 1 = as it was recorded"),
            boolean(
                "lock_step", False, "true: no image is dropped, as fast as it goes; only of player:=reobj"
            ),
            boolean("loop", False, "true: again and again"),
            DeclareLaunchArgument("record", default_value="", description="bag for the results; empty: none"),
            # Of live.launch.py, with other defaults.
            boolean("required", True, "true: a node that has failed ends all; without respawn"),
            DeclareLaunchArgument(
                "reliability",
                default_value="reliable",
                description="of the bag's topics: reliable, as no image is to be lost, or best_effort",
            ),
            OpaqueFunction(function=check),  # before the first node, which an error would leave behind
            OpaqueFunction(function=follow_clock),
            IncludeLaunchDescription(PythonLaunchDescriptionSource(str(LIVE))),
            OpaqueFunction(function=make_replay),
        ]
    )


def check(context: LaunchContext) -> None:
    """Raises FileNotFoundError or ValueError for arguments that are wrong or do not go together."""
    given = Given(context, {"namespace": "", "cameras": "", "image": "image"})
    given.places("bag")
    given.number("rate")
    if given.flag("lock_step") and (given["player"] == "ros2" or given.cameras()):
        raise ValueError("argument lock_step: expected false with player:=ros2 or several cameras, got true")
    if given["namespace"] and given["image"].startswith("/"):
        raise ValueError(
            "argument image: expected a relative name with a namespace, into which the bag is played, "
            f"got {given['image']!r}"
        )


def follow_clock(context: LaunchContext) -> None:
    """`ros2 bag play` has a clock; the nodes take it unless ``use_sim_time`` was given."""
    if Given(context)["player"] == "ros2":
        context.launch_configurations.setdefault("use_sim_time", "true")


def make_replay(context: LaunchContext) -> list[Any]:
    """The player, the recorder where one is wanted, and the shutdown at the bag's end."""
    given = Given(context)
    ours = given["player"] == "reobj"
    player: Action = replay_node(given) if ours else bag_player(given)
    processes = [*([record_node(given)] if given["record"] else []), player]
    end = OnProcessExit(target_action=player, on_exit=[EmitEvent(event=Shutdown(reason="the bag has ended"))])
    return [
        *watched(processes, required=True),
        RegisterEventHandler(end),
        *processes,
        *([] if ours else resuming(given)),
    ]


def replay_node(given: Given) -> Action:
    """Our player, which waits for the nodes by itself."""
    parameters = {
        "bag": text(given["bag"]),
        "image_topic": text(image_topics(given)[0]),
        "rate": given.number("rate"),
        "lock_step": given.flag("lock_step"),
        "loop": given.flag("loop"),
        "subscribers": listeners(given),
    }
    return own_node("replay_node", [parameters], namespace=given["namespace"])


def record_node(given: Given) -> Action:
    """What writes the results into a bag."""
    return own_node("record_node", [{"output": text(given["record"])}], namespace=given["namespace"])


def bag_player(given: Given) -> Action:
    """`ros2 bag play`; what it publishes goes into the namespace of the nodes."""
    command = [
        "ros2",
        "bag",
        "play",
        given["bag"],
        "--clock",
        "100",
        "--rate",
        given["rate"],
        "--start-paused",
    ]
    if given.flag("loop"):
        command.append("--loop")
    if namespace := given["namespace"].strip("/"):
        images = image_topics(given)
        forms = [f"{image}/{COMPRESSED['image']}" for image in images]
        others = [given[name] for name in ("depth", "camera_info", "pose")]
        depths = [f"{given['depth']}/{COMPRESSED['depth']}"]
        names = [name.strip("/") for name in (*images, *forms, *others, *depths, *TRUTH)]
        command += ["--remap", *(f"/{name}:=/{namespace}/{name}" for name in names)]
    return ExecuteProcess(cmd=[*command, "--disable-keyboard-controls"], output="screen")


def image_topics(given: Given) -> list[str]:
    """The image of each camera."""
    return [camera_topic(given["image"], camera) for camera in given.cameras()] or [given["image"]]


def listeners(given: Given) -> int:
    """How many nodes listen to an image."""
    return 1 if given.flag("composed") else 2


def resuming(given: Given) -> list[Any]:
    """Has `ros2 bag play`, which starts paused, go on when the nodes listen."""
    prefix = f"/{given['namespace'].strip('/')}/".replace("//", "/")
    image = prefix + image_topics(given)[0].lstrip("/")
    wanted = listeners(given)

    async def wait(context: LaunchContext) -> None:
        node = get_ros_node(context)
        deadline = time.monotonic() + PATIENCE_S
        while max(map(node.count_subscribers, (image, f"{image}/compressed"))) < wanted:
            if time.monotonic() > deadline:
                node.get_logger().warning(f"fewer than {wanted} listen to {image}; playing all the same")
                break
            await asyncio.sleep(0.1)

    waiting = OpaqueCoroutine(coroutine=wait)
    resume = ExecuteProcess(cmd=RESUME, output="log")
    done = OnExecutionComplete(target_action=waiting, on_completion=[resume])
    return [*watched([resume], required=True), RegisterEventHandler(done), waiting]
