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
from launch.events.process import ProcessExited
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from launch import LaunchContext, LaunchDescription
from reobj.environment import node_environment

BOOLEAN = ["true", "false"]

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
                choices=BOOLEAN,
                description="true: no image is dropped, as fast as it goes",
            ),
            DeclareLaunchArgument(
                "loop", default_value="false", choices=BOOLEAN, description="true: again and again"
            ),
            DeclareLaunchArgument("record", default_value="", description="bag for the results; empty: none"),
            OpaqueFunction(function=check),  # before the first node, which an error would leave behind
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(LIVE)), launch_arguments={"reliability": "reliable"}.items()
            ),
            OpaqueFunction(function=make_replay),
        ]
    )


def check(context: LaunchContext) -> None:
    """Raises FileNotFoundError or ValueError for a wrong argument."""
    bag, rate = (LaunchConfiguration(name).perform(context) for name in ("bag", "rate"))
    if not Path(bag).exists():
        raise FileNotFoundError(f"argument bag: expected a folder or a file, nothing is at {bag!r}")
    try:
        float(rate)
    except ValueError:
        raise ValueError(f"argument rate: expected a number, got {rate!r}") from None


def make_replay(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The replay node, the recorder where one is wanted, and the shutdown at the bag's end."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    parameters = {
        "bag": text(given("bag")),
        "image_topic": text(given("image")),
        "rate": float(given("rate")),
        "lock_step": given("lock_step") == "true",
        "loop": given("loop") == "true",
        "subscribers": 1 if given("composed") == "true" else 2,
    }
    replay = Node(
        package="reobj_ros",
        executable="replay_node",
        namespace=given("namespace"),
        parameters=[parameters],
        additional_env=node_environment(),
        output="screen",
    )
    actions: list[LaunchDescriptionEntity] = [
        replay,
        RegisterEventHandler(
            OnProcessExit(
                target_action=replay, on_exit=[EmitEvent(event=Shutdown(reason="the bag has ended"))]
            )
        ),
        RegisterEventHandler(OnProcessExit(on_exit=end_after_failure)),
    ]
    if given("record"):
        recorder = Node(
            package="reobj_ros",
            executable="record_node",
            namespace=given("namespace"),
            parameters=[{"output": text(given("record"))}],
            output="screen",
        )
        actions.insert(0, recorder)
    return actions


def text(value: str) -> ParameterValue:
    """A text parameter, which launch would read as another type where it looks like one."""
    return ParameterValue(value, value_type=str)


def end_after_failure(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """No replay for nodes that are not all there; what was wrong stands in the log of the one that ended."""
    if event.returncode == 0 or context.is_shutdown:
        return []
    return [EmitEvent(event=Shutdown(reason=f"{event.process_name} has failed"))]
