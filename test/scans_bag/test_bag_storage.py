"""The form of our bags, against what rosbag2 from Jazzy on writes, by readers that are not ours."""

from __future__ import annotations

import json
import sqlite3
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from mcap.reader import make_reader

from reobj.errors import BagError
from reobj.scans.bag_storage import open_bag
from reobj.scans.bag_writer import scan_to_bag

MakeScan = Callable[..., Any]

# As the recorder of Jazzy writes a latched topic (rosbag2_storage: qos.cpp, yaml.hpp).
FOREVER = {"sec": 9223372036, "nsec": 854775807}
LATCHED = {
    "history": "keep_last",
    "depth": 1,
    "reliability": "reliable",
    "durability": "transient_local",
    "deadline": FOREVER,
    "lifespan": FOREVER,
    "liveliness": "automatic",
    "liveliness_lease_duration": FOREVER,
    "avoid_ros_namespace_conventions": False,
}


@pytest.fixture(scope="module", params=["mcap", "sqlite3"])
def bag(request: pytest.FixtureRequest, tmp_path_factory: Any, make_scan: MakeScan) -> Path:
    path = tmp_path_factory.mktemp("bags") / "walk"
    scan_to_bag(make_scan(), path, storage=request.param)
    return path


@pytest.fixture
def information(bag: Path) -> dict[str, Any]:
    return yaml.safe_load((bag / "metadata.yaml").read_text())["rosbag2_bagfile_information"]


def topics(information: dict[str, Any]) -> dict[str, Any]:
    listed = information["topics_with_message_count"]
    return {entry["topic_metadata"]["name"]: entry["topic_metadata"] for entry in listed}


def test_metadata_is_of_version_9_and_names_the_file(bag: Path, information: dict[str, Any]) -> None:
    assert information["version"] == 9
    (file,) = information["relative_file_paths"]
    assert {file, "metadata.yaml"} == {entry.name for entry in bag.iterdir()}
    assert Path(file).stem == "walk"


def test_metadata_counts_and_times_are_those_of_the_scan(information: dict[str, Any]) -> None:
    assert information["message_count"] == 7 * 4 + 2
    assert information["starting_time"] == {"nanoseconds_since_epoch": 1_000_000_000}
    assert information["duration"] == {"nanoseconds": 3 * 33_333_333}


def test_static_topics_are_transient_local(information: dict[str, Any]) -> None:
    for name in ("/tf_static", "/ground_truth/label_names"):
        assert topics(information)[name]["offered_qos_profiles"] == [LATCHED]


def test_other_topics_are_reliable_and_volatile(information: dict[str, Any]) -> None:
    volatile = LATCHED | {"durability": "volatile", "depth": 10}
    moving = set(topics(information)) - {"/tf_static", "/ground_truth/label_names"}
    assert len(moving) == 7
    for name in moving:
        assert topics(information)[name]["offered_qos_profiles"] == [volatile]


@pytest.mark.ros
def test_type_hashes_are_those_of_the_rosidl_generators(information: dict[str, Any]) -> None:
    share = Path(sysconfig.get_path("data")) / "share"
    if not (share / "sensor_msgs").is_dir():
        pytest.skip("the ROS message packages are not installed beside this Python")
    checked = 0
    for topic in topics(information).values():
        file = share / f"{topic['type']}.json"
        if file.is_file():  # tf2_msgs is not among the wheels
            hashes = {h["type_name"]: h["hash_string"] for h in json.loads(file.read_text())["type_hashes"]}
            assert topic["type_description_hash"] == hashes[topic["type"]]
            checked += 1
    assert checked == 7


def test_mcap_projects_own_reader_finds_all(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(), tmp_path / "bag")
    with (tmp_path / "bag" / "bag.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        assert reader.get_header().profile == "ros2"
        found = [
            (schema.name, schema.encoding, channel.topic) for schema, channel, _ in reader.iter_messages()
        ]
        embedded = next(m for m in reader.iter_metadata() if m.name == "rosbag2")
        channels = reader.get_summary().channels.values()
    assert len(found) == 30
    assert found[0] == ("tf2_msgs/msg/TFMessage", "ros2msg", "/tf_static")
    # rosbag2 takes the version from here to know in which form the channels' QoS is.
    assert yaml.safe_load(embedded.metadata["serialized_metadata"])["version"] == 9
    static = next(channel for channel in channels if channel.topic == "/tf_static")
    assert yaml.safe_load(static.metadata["offered_qos_profiles"]) == [LATCHED]


def test_sqlite_file_has_rosbag2s_tables_of_schema_4(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(), tmp_path / "bag", storage="sqlite3")
    with sqlite3.connect(tmp_path / "bag" / "bag.db3") as database:
        assert database.execute("SELECT schema_version FROM schema").fetchone() == (4,)
        assert database.execute("SELECT metadata_version FROM metadata").fetchone() == (9,)
        assert database.execute("SELECT count(*) FROM messages").fetchone() == (30,)
        definitions = dict(
            database.execute("SELECT topic_type, encoded_message_definition FROM message_definitions")
        )
    assert "MSG: std_msgs/Header" in definitions["sensor_msgs/msg/CompressedImage"]


@pytest.mark.ros
def test_rclpy_reads_the_messages(tmp_path: Path, make_scan: MakeScan) -> None:
    serialization = pytest.importorskip("rclpy.serialization")
    message_types = pytest.importorskip("sensor_msgs.msg")
    poses = pytest.importorskip("geometry_msgs.msg")
    scan = make_scan(2)
    scan_to_bag(scan, tmp_path / "bag", raw=True)
    with open_bag(tmp_path / "bag") as reader:
        cdr = {connection.topic: data for connection, _, data in reader.messages()}
    image = serialization.deserialize_message(cdr["/image"], message_types.Image)
    assert (image.header.stamp.sec, image.header.stamp.nanosec) == (1, 33_333_333)
    np.testing.assert_array_equal(
        np.frombuffer(image.data, np.uint8).reshape(48, 64, 3), scan.frame(1).colour
    )
    info = serialization.deserialize_message(cdr["/camera_info"], message_types.CameraInfo)
    assert info.k.tolist() == scan.frame(1).intrinsics.matrix.reshape(-1).tolist()
    pose = serialization.deserialize_message(cdr["/pose"], poses.PoseStamped)
    assert pose.pose.position.x == scan.frame(1).pose[0, 3]


def test_missing_bag_is_named(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="nowhere, which does not exist"), open_bag(tmp_path / "nowhere"):
        pass


def test_missing_metadata_is_named(bag: Path, tmp_path: Path) -> None:
    file = next(entry for entry in bag.iterdir() if entry.suffix != ".yaml")
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / file.name).write_bytes(file.read_bytes())
    expected = r"a folder with metadata.yaml .*, got .*bag without metadata.yaml"
    with pytest.raises(BagError, match=expected), open_bag(tmp_path / "bag"):
        pass
