"""Training on bags, views or a bag being played: ros2 launch reobj_ros train.launch.py bags:=A,B out:=O."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from launch import LaunchContext, LaunchDescription
from reobj_ros.launching.launch_arguments import Given, boolean, overrides, remappings, text
from reobj_ros.launching.launch_processes import own_node, watched

SHARE = Path(get_package_share_directory("reobj_ros"))

# Arguments that become topic remappings: the node's name is the argument's name.
TOPICS = {
    "image": "colour image; its compressed form is IMAGE/compressed",
    "camera_info": "calibration of the colour camera",
    "pose": "PoseStamped of the camera's optical frame in the map",
    "instances": "masks of a detector, with masks:=detector",
}

# Arguments that become text parameters of their own names when they are given.
TEXTS = {
    "device": "auto, cpu, cuda or cuda:N",
    "masks": "truth or detector: whose masks the views have",
    "reliability": "best_effort or reliable, of the camera's topics",
    "pose_source": "topic, tf or none",
}

# Arguments that become lists of paths.
LISTS = {
    "bags": "source:=bags: bags, scans, or folders of those, separated by commas",
    "views": "source:=views: folders of views, separated by commas",
    "validation": "folders of views of other scenes to validate on, separated by commas",
}

STOP_S = "70"
"""Ctrl-C is followed by more than asking only after this: the last step and the checkpoint take a while."""


def generate_launch_description() -> LaunchDescription:
    """The arguments, then the node."""
    topics = [
        DeclareLaunchArgument(name, default_value=name, description=description)
        for name, description in TOPICS.items()
    ]
    lists = [
        DeclareLaunchArgument(name, default_value="", description=description)
        for name, description in LISTS.items()
    ]
    return LaunchDescription(
        [
            DeclareLaunchArgument("out", description="folder of the run: model, checkpoint, gathered views"),
            DeclareLaunchArgument(
                "config",
                default_value=str(SHARE / "config/train/small.yaml"),
                description="training configuration",
            ),
            DeclareLaunchArgument(
                "source",
                default_value="bags",
                choices=["bags", "views", "topics"],
                description="what to train on; topics: a bag that is being played",
            ),
            *lists,
            *topics,
            *overrides(TEXTS),
            boolean("resume", False, "true: from the checkpoint in out"),
            boolean("exit_at_end", True, "false: the node stays"),
            DeclareLaunchArgument(
                "params_file", default_value="", description="further parameters of the node; empty: none"
            ),
            DeclareLaunchArgument("namespace", default_value="", description="namespace of node and topics"),
            boolean("use_sim_time", False, "true: the time is that of /clock"),
            DeclareLaunchArgument(
                "log_level",
                default_value="info",
                choices=["debug", "info", "warn", "error"],
                description="what the node logs",
            ),
            OpaqueFunction(function=make_node),
        ]
    )


def make_node(context: LaunchContext) -> list[Any]:
    """The node of the given arguments. Raises FileNotFoundError without one of the files."""
    given = Given(context)
    node = own_node(
        "trainer_node",
        [*([given.file("params_file")] if given["params_file"] else []), settings(given)],
        namespace=given["namespace"],
        remappings=remappings({name: given[name] for name in TOPICS}),
        ros_arguments=["--log-level", given["log_level"]],
        sigterm_timeout=STOP_S,
    )
    return [*watched([node], required=True), node]


def settings(given: Given) -> dict[str, Any]:
    """The parameters that were given as arguments."""
    return {
        "output": text(given["out"]),
        "config": text(given.file("config")),
        "source": text(given["source"]),
        **{name: given.flag(name) for name in ("resume", "exit_at_end", "use_sim_time")},
        **{name: text(given[name]) for name in TEXTS if given[name]},
        **{name: given.names(name) for name in LISTS if given[name]},
    }
