"""Messages of a bag without decoding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag2 import Reader, StoragePlugin

from reobj.errors import BagError
from reobj.scans.bag_raw import RecordedTopic, bag_topics, read_raw
from reobj.scans.bag_writer import scan_to_bag

MakeScan = Callable[..., Any]
COMPRESSED = "sensor_msgs/msg/CompressedImage"


@pytest.fixture(scope="module", params=["mcap", "sqlite3"])
def bag(request: pytest.FixtureRequest, tmp_path_factory: Any, make_scan: MakeScan) -> Path:
    path = tmp_path_factory.mktemp("bags") / "walk"
    scan_to_bag(make_scan(), path, storage=request.param)
    return path


def test_all_messages_come_byte_by_byte_in_order(bag: Path) -> None:
    with Reader(bag) as reader:
        expected = [(c.topic, c.msgtype, stamp, bytes(data)) for c, stamp, data in reader.messages()]
    assert [(m.topic, m.msgtype, m.stamp_ns, m.cdr) for m in read_raw(bag)] == expected
    assert len(expected) == 30


def test_latched_topics_come_first_and_the_image_last_of_its_frame(bag: Path) -> None:
    topics = [message.topic for message in read_raw(bag)]
    assert topics[:2] == ["/tf_static", "/ground_truth/label_names"]
    assert [topics[2 + 7 * frame + 6] for frame in range(4)] == ["/image/compressed"] * 4


def test_excluded_topics_are_left_out(bag: Path) -> None:
    truth = [topic.name for topic in bag_topics(bag) if topic.name.startswith("/ground_truth")]
    topics = {message.topic for message in read_raw(bag, exclude=truth)}
    assert topics == {
        "/image/compressed", "/depth/compressedDepth", "/camera_info", "/pose", "/tf", "/tf_static",
    }  # fmt: skip


def test_only_some_topics_less_an_excluded_one(bag: Path) -> None:
    found = read_raw(bag, only=["/pose", "/tf", "/nothing"], exclude=["/tf"])
    assert [message.topic for message in found] == ["/pose"] * 4


def test_no_topic_at_all_is_no_message(bag: Path) -> None:
    assert list(read_raw(bag, only=[])) == []


def test_topics_say_type_qos_and_count(bag: Path) -> None:
    topics = {topic.name: topic for topic in bag_topics(bag)}
    assert len(topics) == 9
    assert topics["/image/compressed"] == RecordedTopic("/image/compressed", COMPRESSED, False, True, 10, 4)
    assert topics["/tf_static"] == RecordedTopic("/tf_static", "tf2_msgs/msg/TFMessage", True, True, 1, 1)


def test_topic_of_unknown_qos_is_reliable_and_volatile(recorder: Any) -> None:
    recorder.image("/image", 1, np.zeros((2, 2), np.uint8), "mono8")
    expected = RecordedTopic("/image", "sensor_msgs/msg/Image", False, True, 10, 1)
    assert bag_topics(recorder.save(StoragePlugin.SQLITE3)) == (expected,)


def test_missing_bag_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="does not exist"):
        bag_topics(tmp_path / "none")
    with pytest.raises(BagError, match="does not exist"):
        list(read_raw(tmp_path / "none"))


def test_file_that_is_no_bag_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no bag")
    with pytest.raises(BagError, match="no bag"):
        bag_topics(tmp_path / "notes.txt")
