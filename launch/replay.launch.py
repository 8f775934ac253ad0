"""Object ids for a recorded scan: ros2 launch reobj_ros replay.launch.py bag:=BAG [name:=value ...]."""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription

LIVE = Path(get_package_share_directory("reobj_ros")) / "launch/live.launch.py"


def generate_launch_description() -> LaunchDescription:
    """The replay, the live system with all its arguments, and an end with the bag."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="the bag: a folder or an mcap file"),
            DeclareLaunchArgument("rate", default_value="1.0", description="speed, 1 = as it was recorded"),
            DeclareLaunchArgument(
                "lock_step",
                default_value="false",
                description="true: no image is dropped, as fast as it goes",
            ),
            DeclareLaunchArgument("loop", default_value="false", description="true: again and again"),
            DeclareLaunchArgument("record", default_value="", description="bag for the results; empty: none"),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(LIVE)), launch_arguments={"reliability": "reliable"}.items()
            ),
            OpaqueFunction(function=make_replay),
        ]
    )


def make_replay(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The replay node, the recorder where one is wanted, and the shutdown at the bag's end."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    replay = Node(
        package="reobj_ros",
        executable="replay_node",
        namespace=given("namespace"),
        parameters=[
            {
                "bag": given("bag"),
                "rate": float(given("rate")),
                "lock_step": given("lock_step").lower() == "true",
                "loop": given("loop").lower() == "true",
                "subscribers": 1 if given("composed").lower() == "true" else 2,
            }
        ],
        output="screen",
    )
    actions: list[LaunchDescriptionEntity] = [
        replay,
        RegisterEventHandler(
            OnProcessExit(
                target_action=replay, on_exit=[EmitEvent(event=Shutdown(reason="the bag has ended"))]
            )
        ),
    ]
    if given("record"):
        recorder = Node(
            package="reobj_ros",
            executable="record_node",
            namespace=given("namespace"),
            parameters=[{"output": given("record")}],
            output="screen",
        )
        actions.insert(0, recorder)
    return actions
