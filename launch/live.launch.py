"""Object ids for a running camera: ros2 launch reobj_ros live.launch.py [name:=value ...]."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription
from reobj_ros.launching.launch_arguments import Given, boolean, overrides, remappings, text
from reobj_ros.launching.launch_processes import RESPAWN_S, own_node, watched

SHARE = Path(get_package_share_directory("reobj_ros"))

# Arguments that become topic remappings of each camera: the nodes' name is the argument's name.
CAMERA_TOPICS = {
    "image": "colour image; its compressed form is IMAGE/compressed",
    "depth": "depth image; its compressed form is DEPTH/compressedDepth",
    "camera_info": "calibration of the colour camera",
    "depth_camera_info": "calibration of the depth camera, where depth is not registered to colour",
    "pose": "PoseStamped of the camera's optical frame or of pose_frame, with pose_source:=topic",
    "masks": "InstanceMasks of another node, with detector:=masks",
    "segments": "label image of another node, with masks_source:=segments or detections",
    "segments/detections": "Detection2DArray of another node, with masks_source:=detections or boxes",
}

# The same of what is one for all cameras.
MAP_TOPICS = {
    "odom": "Odometry of pose_frame, with pose_source:=odometry",
    "corrected_path": "nav_msgs/Path of the key frames' poses as SLAM knows them now, for loop closures",
}

# Arguments that become text parameters when they are given: argument -> parameter, meaning.
OVERRIDES = {
    "pose_source": ("pose_source", "where the camera's poses come from: topic, odometry, tf or none"),
    "pose_frame": (
        "pose_frame",
        "frame that the poses are of, such as base_link; the camera's where it is empty",
    ),
    "map_frame": ("map_frame", "fixed frame of the map"),
    "map": ("map_file", "file of the object map: taken up where it ended, made when it is not there"),
    "device": ("device", "auto, cpu, cuda or cuda:N"),
    "detector": (
        "detector.name",
        "auto, mask_rcnn, onnx, depth_segments, masks of another node, or label_image",
    ),
    "weights": (
        "detector.weights",
        "with detector:=mask_rcnn: coco, rooms (simulated ones), or a folder that reobj train-detector wrote",
    ),
    "masks_source": (
        "detector.source",
        "with detector:=masks its topics: masks, segments, detections or boxes",
    ),
    "encoder": ("encoder.name", "which encoder makes the embeddings: trained or backbone"),
    "image_transport": ("image_transport", "form of the images: auto, raw or compressed"),
    "depth_transport": ("depth_transport", "form of the depth: auto, raw, compressed or none"),
    "reliability": ("reliability", "of the camera's topics: best_effort or reliable"),
}

SEPARATE = ["detector_node", "encoder_node", "association_node"]


def generate_launch_description() -> LaunchDescription:
    """The arguments, then the nodes that they ask for."""
    topics = [
        DeclareLaunchArgument(name, default_value=name, description=description)
        for name, description in (CAMERA_TOPICS | MAP_TOPICS).items()
    ]
    return LaunchDescription(
        [
            *topics,
            DeclareLaunchArgument(
                "cameras",
                default_value="",
                description="names of several cameras, separated by commas: each topic lies below them, as "
                "front/image, or has {camera} in it, as /{camera}/image_raw; empty: one, without a name",
            ),
            *overrides({name: description for name, (_, description) in OVERRIDES.items()}),
            boolean("composed", True, "true: one process; false: one per stage"),
            DeclareLaunchArgument("namespace", default_value="", description="namespace of nodes and topics"),
            boolean("rviz", False, "true: start RViz"),
            DeclareLaunchArgument(
                "params_file",
                default_value=str(SHARE / "config/live.yaml"),
                description="parameters of all nodes",
            ),
            boolean("autostart", True, "false: the nodes wait for a lifecycle manager"),
            boolean("respawn", False, "true: a node that has ended is started again"),
            boolean("required", False, "true: a node that has failed ends all; without respawn"),
            boolean("use_sim_time", False, "true: the time is that of /clock"),
            DeclareLaunchArgument(
                "log_level",
                default_value="info",
                choices=["debug", "info", "warn", "error"],
                description="what the nodes log",
            ),
            OpaqueFunction(function=make_nodes),
        ]
    )


def make_nodes(context: LaunchContext) -> list[Any]:
    """The nodes of the given arguments.

    Raises:
        FileNotFoundError: without the params_file.
        ValueError: names of cameras or their topics that do not work, or RViz that is not installed.
    """
    given = Given(context)
    cameras = given.cameras()
    rviz = [make_rviz(given)] if given.flag("rviz") else []
    nodes = [
        own_node(
            executable,
            [given.file("params_file"), settings(given, cameras)],
            namespace=given["namespace"],
            remappings=[
                *remappings({name: given[name] for name in CAMERA_TOPICS}, cameras),
                *remappings({name: given[name] for name in MAP_TOPICS}),
            ],
            ros_arguments=["--log-level", given["log_level"]],
            respawn=given.flag("respawn"),
            respawn_delay=RESPAWN_S,
        )
        for executable in (["live_node"] if given.flag("composed") else SEPARATE)
    ]
    handlers = [] if given.flag("respawn") else watched(nodes, given.flag("required"))
    return [*handlers, *nodes, *rviz]


def settings(given: Given, cameras: list[str]) -> dict[str, Any]:
    """The parameters that were given as arguments; they go before those of the params_file."""
    texts = {parameter: text(given[name]) for name, (parameter, _) in OVERRIDES.items() if given[name]}
    flags = {"autostart": given.flag("autostart"), "use_sim_time": given.flag("use_sim_time")}
    return texts | flags | ({"cameras": cameras} if cameras else {})


def make_rviz(given: Given) -> Node:
    """RViz in the namespace of the nodes, so that the relative names of its file are theirs."""
    try:
        get_package_share_directory("rviz2")
    except PackageNotFoundError:
        raise ValueError("argument rviz: expected the package rviz2, which is not installed") from None
    frame = ["-f", given["map_frame"]] if given["map_frame"] else []
    return Node(
        package="rviz2",
        executable="rviz2",
        namespace=given["namespace"],
        parameters=[{"use_sim_time": given.flag("use_sim_time")}],
        arguments=["-d", str(SHARE / "config/reobj.rviz"), *frame],
    )
