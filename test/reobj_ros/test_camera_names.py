"""The names of a node's cameras, and what they make of those of topics."""

from __future__ import annotations

import pytest
from rclpy.node import Node

from reobj.errors import ConfigError
from reobj_ros.input.cameras import camera_names, prefix_of
from reobj_ros.input.frames import GEOMETRY, frame_makers
from reobj_ros.node.parameters import declare


@pytest.mark.parametrize("names", [[""], ["front"], ["front", "left"], ["head/left", "head/right_2"]])
def test_names_that_can_begin_a_topic_are_taken(names: list[str]) -> None:
    assert camera_names({"cameras": names}) == names


@pytest.mark.parametrize(
    "names",
    [["", "left"], ["front", "front"], ["/front"], ["front/"], ["2nd"], ["left camera"], ["a//b"], ["~"]],
)
def test_others_are_refused(names: list[str]) -> None:
    with pytest.raises(ConfigError, match="parameter cameras: expected different names"):
        camera_names({"cameras": names})


def test_an_empty_list_is_one_camera_too() -> None:
    assert camera_names({"cameras": []}) == [""]


def test_a_camera_without_a_name_has_the_plain_topics() -> None:
    assert (prefix_of(""), prefix_of("head/left")) == ("", "head/left/")


def test_one_place_for_several_cameras_is_refused(node: Node) -> None:
    settings = declare(node, GEOMETRY) | {"camera_in_pose_frame": [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]}
    assert list(frame_makers(node, settings, pytest.fail, ["front"])) == ["front"]
    with pytest.raises(ConfigError, match="camera_in_pose_frame: expected zeros, as the 2 cameras"):
        frame_makers(node, settings, pytest.fail, ["front", "left"])
