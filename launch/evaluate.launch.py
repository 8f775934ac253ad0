"""How right the ids are in recordings with truth: ros2 launch reobj_ros evaluate.launch.py bags:=A,B."""

from __future__ import annotations

from typing import Any

from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch_ros.substitutions import ExecutableInPackage

from launch import LaunchContext, LaunchDescription
from reobj.environment import PATIENT
from reobj_ros.launching.launch_arguments import Given
from reobj_ros.launching.launch_processes import PACKAGE, watched

# Options of `reobj evaluate identity` with the defaults of a quick look: one system with all that is known.
OPTIONS = {
    "masks": ("true", "some of true, imperfect, detector, separated by commas"),
    "systems": ("reobj,deepsort,ceiling", "some of reobj, deepsort, deepsort_long, ceiling"),
    "modes": ("colour,colour_depth_pose", "some of colour, colour_depth, colour_depth_pose, drifting_pose"),
    "device": ("auto", "auto, cpu, cuda or cuda:N"),
    "config": ("", "encoder and association, as config/pipeline.yaml; empty: those that ship"),
    "frames": ("", "only so many frames of each recording; empty: all"),
    "workers": ("", "processes; empty: one per core"),
}


def generate_launch_description() -> LaunchDescription:
    """The arguments, then the evaluation. All ends with it."""
    options = [
        DeclareLaunchArgument(name, default_value=value, description=description)
        for name, (value, description) in OPTIONS.items()
    ]
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "bags",
                description="recordings with true instances: bags or scan folders, separated by commas",
            ),
            DeclareLaunchArgument(
                "out",
                default_value="out/identity",
                description="folder of the results: identity.html and tables",
            ),
            *options,
            OpaqueFunction(function=make_evaluation),
        ]
    )


def make_evaluation(context: LaunchContext) -> list[Any]:
    """The command of the given arguments. Raises FileNotFoundError without one of the files."""
    given = Given(context)
    bags = given.places("bags")
    if given["config"]:
        given.file("config")
    options = [part for name in OPTIONS if given[name] for part in (f"--{name}", given[name])]
    places = ["--out", given["out"], "--cache", f"{given['out']}/cache"]
    evaluation = ExecuteProcess(
        cmd=[
            ExecutableInPackage(package=PACKAGE, executable="reobj"),
            *("evaluate", "identity", *bags, *places, *options),
        ],
        additional_env=PATIENT,
        output="screen",
    )
    return [*watched([evaluation], required=True), evaluation]
