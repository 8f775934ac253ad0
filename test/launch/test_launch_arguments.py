"""Arguments of the launch files: typed, checked, and turned into remappings."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="needs a ROS 2 installation; see docs/testing.md")

from launch import LaunchContext
from reobj_ros.launching.launch_arguments import Given, remappings


def given(**values: str) -> Given:
    context = LaunchContext()
    context.launch_configurations.update(values)
    return Given(context)


def test_the_default_holds_until_the_argument_is_declared() -> None:
    context = LaunchContext()
    assert Given(context, {"rate": "2"}).number("rate") == 2.0
    context.launch_configurations["rate"] = "3"
    assert Given(context, {"rate": "2"}).number("rate") == 3.0


def test_what_is_no_number_names_the_argument() -> None:
    with pytest.raises(ValueError, match="argument rate: expected a number, got 'fast'"):
        given(rate="fast").number("rate")


def test_names_are_separated_by_commas() -> None:
    assert given(bags="a, b,").names("bags") == ["a", "b"]


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    arguments = given(bags=f"{tmp_path},nowhere")
    with pytest.raises(FileNotFoundError, match=r"argument bags: .* nothing is at 'nowhere'"):
        arguments.places("bags")
    assert given(bags=str(tmp_path)).places("bags") == [str(tmp_path)]


def test_no_place_at_all_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="argument bags"):
        given(bags="").places("bags")


@pytest.mark.parametrize("names", ["front,1st", "front,front", "front/rgb", "vorn\u00e9"])
def test_a_camera_that_cannot_be_in_a_topic_is_refused(names: str) -> None:
    with pytest.raises(ValueError, match="argument cameras"):
        given(cameras=names).cameras()


def test_only_topics_with_another_name_are_remapped_with_their_compressed_form() -> None:
    made = remappings({"image": "/front/rgb", "depth": "depth", "pose": "slam/pose"})
    assert made == [
        ("image", "/front/rgb"),
        ("pose", "slam/pose"),
        ("image/compressed", "/front/rgb/compressed"),
    ]


def test_topics_of_several_cameras_lie_below_their_names() -> None:
    made = remappings({"image": "rgb", "depth": "depth"}, ["front", "left"])
    assert dict(made) == {
        "front/image": "front/rgb",
        "front/image/compressed": "front/rgb/compressed",
        "left/image": "left/rgb",
        "left/image/compressed": "left/rgb/compressed",
    }


def test_an_absolute_topic_says_where_the_camera_stands() -> None:
    made = remappings({"depth": "/robot/{camera}/depth"}, ["front"])
    assert ("front/depth/compressedDepth", "/robot/front/depth/compressedDepth") in made
    with pytest.raises(ValueError, match=r"argument depth: expected \{camera\}"):
        remappings({"depth": "/robot/depth"}, ["front"])
