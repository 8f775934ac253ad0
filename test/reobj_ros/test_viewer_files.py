"""config/reobj.rviz and config/reobj.foxglove.json show topics that there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rclpy.node import Node

from reobj.association.associator import MapAssociator
from reobj_ros.map.camera_outputs import CameraOutputs
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.node.diagnostics import Diagnostics
from reobj_ros.node.publishers import LATCHED

CONFIG = Path(__file__).parents[2] / "config"
POSE = "pose"  # an input, shown as it comes


@pytest.fixture
def published(node: Node) -> set[str]:
    """The topics of live_node, relative to its namespace."""
    CameraOutputs(node, MapOutputs(node, MapAssociator(), "map"), lambda _: None)
    Diagnostics(node)
    return {p.topic_name.removeprefix(f"{node.get_namespace()}/") for p in node.publishers}


@pytest.fixture(scope="module")
def rviz() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CONFIG / "reobj.rviz").read_text())
    return loaded["Visualization Manager"]


@pytest.fixture(scope="module")
def foxglove() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((CONFIG / "reobj.foxglove.json").read_text())
    return loaded


def rviz_topics(rviz: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["Topic"]["Value"]: item["Topic"] for item in rviz["Displays"] if "Topic" in item}


def foxglove_topics(value: Any) -> Iterator[str]:
    """Every text that can only be a topic."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for part in value:
            yield from foxglove_topics(part)
    elif isinstance(value, str) and value.startswith("/"):
        yield value


def test_rviz_shows_topics_that_there_are_relative_to_its_namespace(
    rviz: dict[str, Any], published: set[str]
) -> None:
    topics = rviz_topics(rviz)
    assert set(topics) <= {*published, POSE}
    assert {"markers", "overlay"} <= set(topics)


def test_rviz_asks_for_the_markers_as_they_are_offered(rviz: dict[str, Any]) -> None:
    asked = rviz_topics(rviz)["markers"]["Durability Policy"]
    assert asked == "Transient Local" and LATCHED.durability.name == "TRANSIENT_LOCAL"


def test_rviz_shows_frames_and_a_floor_in_the_frame_of_the_map(rviz: dict[str, Any]) -> None:
    assert {item["Class"].rpartition("/")[2] for item in rviz["Displays"]} >= {"TF", "Grid", "Image"}
    assert rviz["Global Options"]["Fixed Frame"] == "map"


def test_foxglove_shows_topics_that_there_are(foxglove: dict[str, Any], published: set[str]) -> None:
    topics = set(foxglove_topics(foxglove["configById"]))
    names = {topic if topic == "/diagnostics" else topic.removeprefix("/") for topic in topics}
    assert names == {"overlay/compressed", "markers", "events", "/diagnostics"}
    assert names <= published


def test_foxglove_lays_out_all_of_its_panels(foxglove: dict[str, Any]) -> None:
    def panels(part: Any) -> list[str]:
        return [part] if isinstance(part, str) else [*panels(part["first"]), *panels(part["second"])]

    assert sorted(panels(foxglove["layout"])) == sorted(foxglove["configById"])
