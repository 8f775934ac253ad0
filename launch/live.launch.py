"""Object ids for a running camera: ros2 launch reobj_ros live.launch.py [name:=value ...]."""

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

# Arguments that become topic remappings: the nodes' name is the argument's name.
TOPICS = {
    "image": "colour image; its compressed form is IMAGE/compressed",
    "depth": "depth registered to colour; its compressed form is DEPTH/compressedDepth",
    "camera_info": "calibration of the colour camera",
    "pose": "PoseStamped of the camera's optical frame in the map",
    "corrected_path": "nav_msgs/Path of the key frames' poses as SLAM knows them now, for loop closures",
}

# Arguments that become parameters when they are given: argument -> parameter, meaning.
OVERRIDES = {
    "device": ("device", "auto, cpu, cuda or cuda:N"),
    "detector": ("detector.name", "mask_rcnn, or label_image for true masks from a simulator or bag"),
    "encoder": ("encoder.name", "which network makes the embeddings"),
    "image_transport": ("image_transport", "auto, raw or compressed"),
    "depth_transport": ("depth_transport", "auto, raw, compressed or none"),
    "reliability": ("reliability", "best_effort or reliable, of the camera's topics"),
    "pose_source": ("pose_source", "topic, tf or none"),
    "map_frame": ("map_frame", "fixed frame of the map"),
    "map": ("map_file", "file of the object map: taken up where it ended, made when it is not there"),
}

BOOLEAN = ["true", "false"]

SEPARATE = ("detector_node", "encoder_node", "association_node")


def generate_launch_description() -> LaunchDescription:
    """The arguments, then the nodes that they ask for."""
    topics = [
        DeclareLaunchArgument(name, default_value=name, description=text) for name, text in TOPICS.items()
    ]
    overrides = [
        DeclareLaunchArgument(name, default_value="", description=f"{text} (empty: as in params_file)")
        for name, (_, text) in OVERRIDES.items()
    ]
    return LaunchDescription(
        [
            *topics,
            *overrides,
            DeclareLaunchArgument(
                "params_file",
                default_value=str(SHARE / "config/live.yaml"),
                description="parameters of all nodes",
            ),
            DeclareLaunchArgument(
                "composed",
                default_value="true",
                choices=BOOLEAN,
                description="true: one process; false: one per stage",
            ),
            DeclareLaunchArgument("namespace", default_value="", description="namespace of nodes and topics"),
            DeclareLaunchArgument(
                "rviz", default_value="false", choices=BOOLEAN, description="true: start RViz"
            ),
            DeclareLaunchArgument(
                "log_level",
                default_value="info",
                choices=["debug", "info", "warn", "error"],
                description="what the nodes log",
            ),
            OpaqueFunction(function=make_nodes),
        ]
    )


def make_nodes(context: LaunchContext) -> list[Node]:
    """The nodes of the given arguments. Raises FileNotFoundError without the params_file."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    if not Path(given("params_file")).is_file():
        raise FileNotFoundError(f"argument params_file: expected a file, got {given('params_file')!r}")
    executables = ["live_node"] if given("composed") == "true" else SEPARATE
    # Typed by hand: launch would read "1" or "true" in a text parameter as another type.
    overrides = {
        parameter: ParameterValue(given(name), value_type=str)
        for name, (parameter, _) in OVERRIDES.items()
        if given(name)
    }
    nodes = [
        Node(
            package="reobj_ros",
            executable=executable,
            namespace=given("namespace"),
            parameters=[given("params_file"), overrides],
            remappings=remappings({name: given(name) for name in TOPICS}),
            ros_arguments=["--log-level", given("log_level")],
            additional_env=node_environment(),
            output="screen",
        )
        for executable in executables
    ]
    if given("rviz") == "true":
        nodes.append(
            Node(package="rviz2", executable="rviz2", arguments=["-d", str(SHARE / "config/reobj.rviz")])
        )
    return nodes


def remappings(topics: dict[str, str]) -> list[tuple[str, str]]:
    """Of each changed topic, and of the compressed forms that belong to it."""
    changed = {name: topic for name, topic in topics.items() if topic != name}
    suffixes = {"image": "compressed", "depth": "compressedDepth"}
    forms = {f"{n}/{suffixes[n]}": f"{t}/{suffixes[n]}" for n, t in changed.items() if n in suffixes}
    return [*changed.items(), *forms.items()]
