"""Training on bags, views or a bag being played: ros2 launch reobj_ros train.launch.py bags:=A,B out:=O."""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from launch import LaunchContext, LaunchDescription
from reobj.environment import node_environment

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

BOOLEAN = ["true", "false"]

STOP_S = "70"
"""Ctrl-C is followed by more than asking only after this: the last step and the checkpoint take a while."""


def generate_launch_description() -> LaunchDescription:
    """The arguments, then the node."""
    topics = [
        DeclareLaunchArgument(name, default_value=name, description=text) for name, text in TOPICS.items()
    ]
    texts = [
        DeclareLaunchArgument(name, default_value="", description=f"{text} (empty: as in params_file)")
        for name, text in TEXTS.items()
    ]
    lists = [DeclareLaunchArgument(name, default_value="", description=text) for name, text in LISTS.items()]
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
            *texts,
            DeclareLaunchArgument(
                "resume",
                default_value="false",
                choices=BOOLEAN,
                description="true: from the checkpoint in out",
            ),
            DeclareLaunchArgument(
                "exit_at_end", default_value="true", choices=BOOLEAN, description="false: the node stays"
            ),
            DeclareLaunchArgument(
                "params_file", default_value="", description="further parameters of the node; empty: none"
            ),
            DeclareLaunchArgument("namespace", default_value="", description="namespace of node and topics"),
            DeclareLaunchArgument(
                "log_level",
                default_value="info",
                choices=["debug", "info", "warn", "error"],
                description="what the node logs",
            ),
            OpaqueFunction(function=make_node),
        ]
    )


def make_node(context: LaunchContext) -> list[Node]:
    """The node of the given arguments. Raises FileNotFoundError without one of the files."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    files = [name for name in ("config", "params_file") if given(name)]
    for name in files:
        if not Path(given(name)).is_file():
            raise FileNotFoundError(f"argument {name}: expected a file, got {given(name)!r}")
    # Typed by hand: launch would read "1" or "true" in a text parameter as another type.
    parameters = {
        "output": ParameterValue(given("out"), value_type=str),
        "resume": given("resume") == "true",
        "exit_at_end": given("exit_at_end") == "true",
        **{
            name: ParameterValue(given(name), value_type=str)
            for name in ("config", "source", *TEXTS)
            if given(name)
        },
        **{name: given(name).split(",") for name in LISTS if given(name)},
    }
    return [
        Node(
            package="reobj_ros",
            executable="trainer_node",
            namespace=given("namespace"),
            parameters=[*([given("params_file")] if given("params_file") else []), parameters],
            remappings=remappings({name: given(name) for name in TOPICS}),
            ros_arguments=["--log-level", given("log_level")],
            additional_env=node_environment(),
            output="screen",
            sigterm_timeout=STOP_S,
        )
    ]


def remappings(topics: dict[str, str]) -> list[tuple[str, str]]:
    """Of each changed topic, and of the compressed form of the image."""
    changed = {name: topic for name, topic in topics.items() if topic != name}
    forms = {"image/compressed": f"{changed['image']}/compressed"} if "image" in changed else {}
    return [*changed.items(), *forms.items()]
