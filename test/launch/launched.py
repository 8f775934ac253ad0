"""What the launch tests share: a short bag, and listening to the ids."""

from __future__ import annotations

import tempfile
import time
from functools import lru_cache
from pathlib import Path

import rclpy
from ament_index_python.packages import get_package_share_directory
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_testing.actions import ReadyToTest
from rclpy.executors import SingleThreadedExecutor

from launch import LaunchDescription
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator import simulate
from reobj_msgs.msg import TrackedObjects
from reobj_ros.messages.stamps import to_ns

FRAMES = 10


@lru_cache
def short_bag() -> Path:
    """A bag of a few small frames, made once per process; it goes with the machine's temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="reobj_launch_test_"))
    scan = simulate(folder / "scene0007_00", seed=7, frames=FRAMES, size=(160, 120), workers=1)
    scan_to_bag(ScanNetScan(scan), folder / "bag")
    return folder / "bag"


def description(launch_file: str, arguments: dict[str, str]) -> LaunchDescription:
    """An installed launch file with its arguments, ready to be tested at once."""
    path = Path(get_package_share_directory("reobj_ros")) / "launch" / launch_file
    source = PythonLaunchDescriptionSource(str(path))
    return LaunchDescription(
        [IncludeLaunchDescription(source, launch_arguments=arguments.items()), ReadyToTest()]
    )


def listen(topic: str, frames: int, timeout_s: float) -> list[TrackedObjects]:
    """The last message for each stamp on ``topic``, until there are ``frames``, for at most ``timeout_s``."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("listener", context=context)
    heard: dict[int, TrackedObjects] = {}
    node.create_subscription(TrackedObjects, topic, lambda m: heard.update({to_ns(m.header.stamp): m}), 50)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    deadline = time.monotonic() + timeout_s
    while len(heard) < frames and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.2)
    node.destroy_node()
    rclpy.shutdown(context=context)
    return list(heard.values())
