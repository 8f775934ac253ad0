"""Arguments of the launch files: what was given, typed and checked, and the topics that they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.parameter_descriptions import ParameterValue

from launch import LaunchContext

COMPRESSED = {"image": "compressed", "depth": "compressedDepth", "segments": "compressed"}
"""Image topics: what the compressed form of each ends with."""

CAMERA = "{camera}"
"""Stands for a camera's name in the name of a topic."""


class Given:
    """The arguments of a launch file, as they were given. What is wrong names the argument.

    Args:
        context: of the launch.
        defaults: values of arguments that are not declared yet, as they come with a file to be included.
    """

    def __init__(self, context: LaunchContext, defaults: Mapping[str, str] | None = None) -> None:
        self._context = context
        self._defaults = defaults or {}

    def __getitem__(self, name: str) -> str:
        return str(LaunchConfiguration(name, default=self._defaults.get(name)).perform(self._context))

    def flag(self, name: str) -> bool:
        """Of an argument that is ``true`` or ``false``."""
        return self[name] == "true"

    def number(self, name: str) -> float:
        """Raises ValueError for anything else."""
        try:
            return float(self[name])
        except ValueError:
            raise ValueError(f"argument {name}: expected a number, got {self[name]!r}") from None

    def names(self, name: str) -> list[str]:
        """What is separated by commas, without blanks around it; none when it is empty."""
        return [part.strip() for part in self[name].split(",") if part.strip()]

    def file(self, name: str) -> str:
        """The path of a file. Raises FileNotFoundError where there is none."""
        if not Path(self[name]).is_file():
            raise FileNotFoundError(f"argument {name}: expected a file, got {self[name]!r}")
        return self[name]

    def places(self, name: str) -> list[str]:
        """Paths of folders or files, one at least. Raises FileNotFoundError where nothing is."""
        found = self.names(name)
        for path in found or [""]:
            if not path or not Path(path).exists():
                raise FileNotFoundError(
                    f"argument {name}: expected a folder or a file, nothing is at {path!r}"
                )
        return found

    def cameras(self) -> list[str]:
        """The names of the argument ``cameras``. Raises ValueError for one that cannot be in a topic."""
        found = self.names("cameras")
        wrong = [name for name in found if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)]
        if wrong or len(set(found)) < len(found):
            got = ", ".join(wrong) or self["cameras"]
            raise ValueError(
                f"argument cameras: expected different names of letters, digits and _, got {got!r}"
            )
        return found


def boolean(name: str, default: bool, description: str) -> DeclareLaunchArgument:
    """An argument that is ``true`` or ``false``."""
    value = "true" if default else "false"
    return DeclareLaunchArgument(
        name, default_value=value, choices=["true", "false"], description=description
    )


def overrides(texts: Mapping[str, str]) -> list[DeclareLaunchArgument]:
    """Arguments that leave a parameter as it is while they are empty; name to description."""
    return [
        DeclareLaunchArgument(name, default_value="", description=f"{text} (empty: as in params_file)")
        for name, text in texts.items()
    ]


def text(value: str) -> ParameterValue:
    """A text parameter, which launch would read as another type where it looks like one."""
    return ParameterValue(value, value_type=str)


def remappings(topics: Mapping[str, str], cameras: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Of each topic that has another name, and of the compressed forms that belong to it.

    Args:
        topics: name in the node to name outside.
        cameras: with several, the node's names are ``CAMERA/name``. Names outside that are relative lie below
            the camera's name, too; absolute ones say by ``{camera}`` where it stands.

    Raises:
        ValueError: an absolute name without ``{camera}``, which all cameras would share.
    """
    names = [(name, topic) for name, topic in topics.items() if topic != name]
    for name, topic in names:
        if cameras and topic.startswith("/") and CAMERA not in topic:
            raise ValueError(
                f"argument {name}: expected {CAMERA} in the name of each camera's topic, got {topic!r}"
            )
    forms = [(f"{n}/{COMPRESSED[n]}", f"{t}/{COMPRESSED[n]}") for n, t in names if n in COMPRESSED]
    if not cameras:
        return names + forms
    return [
        (f"{camera}/{name}", camera_topic(topic, camera))
        for camera in cameras
        for name, topic in names + forms
    ]


def camera_topic(topic: str, camera: str) -> str:
    """The name outside of one camera's topic."""
    if CAMERA in topic:
        return topic.replace(CAMERA, camera)
    return topic if topic.startswith("/") else f"{camera}/{topic}"
