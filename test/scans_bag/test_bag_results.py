"""Recording serialised messages of any type."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path

import pytest
from rosbags.highlevel import AnyReader

from reobj.errors import BagError, StorageError
from reobj.scans.bag_raw import bag_topics, read_raw
from reobj.scans.bag_results import ResultBagWriter
from reobj.scans.bag_topics import Topic
from reobj.scans.bag_types import definition_of, standard_types, types_with

REOBJ_MSGS = Path(__file__).parents[2] / "reobj_msgs" / "msg"
OUR_TYPES = sorted(f"reobj_msgs/msg/{file.stem}" for file in REOBJ_MSGS.glob("*.msg"))
TEXT = "std_msgs/msg/String"
HELLO = b"\0\1\0\0" + b"\x06\0\0\0hello\0"


def test_standard_message_is_written_as_it_came(tmp_path: Path) -> None:
    with ResultBagWriter(tmp_path / "results") as writer:
        writer.add_topic(Topic("/text", TEXT, latched=True))
        writer.write("/text", 42, HELLO)
    (message,) = read_raw(tmp_path / "results")
    assert (message.topic, message.msgtype, message.stamp_ns, message.cdr) == ("/text", TEXT, 42, HELLO)
    assert [topic.latched for topic in bag_topics(tmp_path / "results")] == [True]


def test_our_messages_are_decoded_by_the_definitions_in_the_bag(tmp_path: Path) -> None:
    types = types_with([REOBJ_MSGS])
    make = types.types
    time = make["builtin_interfaces/msg/Time"](3, 4)
    header = make["std_msgs/msg/Header"](time, "camera_optical_frame")
    objects = make["reobj_msgs/msg/TrackedObjects"](header, "map", [])
    with ResultBagWriter(tmp_path / "results", [REOBJ_MSGS]) as writer:
        writer.add_topic(Topic("/objects", "reobj_msgs/msg/TrackedObjects"))
        writer.write("/objects", 5, types.serialize_cdr(objects, "reobj_msgs/msg/TrackedObjects"))
    with AnyReader([tmp_path / "results"]) as reader:
        ((connection, _, data),) = reader.messages()
        decoded = reader.deserialize(data, connection.msgtype)
    assert (decoded.header.stamp.sec, decoded.map_frame, decoded.objects) == (3, "map", [])


@pytest.mark.ros
@pytest.mark.parametrize("msgtype", OUR_TYPES)
def test_hash_of_our_types_is_that_of_the_rosidl_generators(msgtype: str) -> None:
    file = Path(sysconfig.get_path("data")) / "share" / f"{msgtype}.json"
    if not file.is_file():
        pytest.skip("reobj_msgs is not installed beside this Python")
    hashes = {
        entry["type_name"]: entry["hash_string"] for entry in json.loads(file.read_text())["type_hashes"]
    }
    assert definition_of(types_with([REOBJ_MSGS]), msgtype)[1] == hashes[msgtype]


def test_type_given_by_its_text_with_what_it_needs(tmp_path: Path) -> None:
    text = "demo_msgs/Part[] parts\n" + "=" * 80 + "\nMSG: demo_msgs/Part\nuint8 kind\n"
    with ResultBagWriter(tmp_path / "results") as writer:
        writer.add_topic(Topic("/whole", "demo_msgs/msg/Whole"), definition=text)
        writer.write("/whole", 1, b"\0\1\0\0\x02\0\0\0\x07\x08")
    with AnyReader([tmp_path / "results"]) as reader:
        ((connection, _, data),) = reader.messages()
        decoded = reader.deserialize(data, connection.msgtype)
    assert [part.kind for part in decoded.parts] == [7, 8]


@pytest.mark.parametrize(
    ("msgtype", "definition", "wrong"),
    [
        (
            "demo_msgs/msg/Whole",
            None,
            "message type: expected a standard or registered one, .* got demo_msgs/msg/Whole",
        ),
        ("demo_msgs/msg/Whole", "demo_msgs/Part part", "got demo_msgs/msg/Whole: .*demo_msgs/msg/Part"),
        ("demo_msgs/msg/Whole", "uint8[broken parts", "definition of demo_msgs/msg/Whole"),
        (TEXT, "uint8 data", "definition of std_msgs/msg/String.*different definition"),
    ],
)
def test_type_that_is_not_known_is_refused(
    tmp_path: Path, msgtype: str, definition: str | None, wrong: str
) -> None:
    with ResultBagWriter(tmp_path / "results") as writer, pytest.raises(BagError, match=wrong):
        writer.add_topic(Topic("/whole", msgtype), definition=definition)


def test_topic_has_one_type(tmp_path: Path) -> None:
    with ResultBagWriter(tmp_path / "results") as writer:
        writer.add_topic(Topic("/text", TEXT))
        writer.add_topic(Topic("/text", TEXT))
        with pytest.raises(
            BagError, match="type of /text: expected std_msgs/msg/String, got std_msgs/msg/Bool"
        ):
            writer.add_topic(Topic("/text", "std_msgs/msg/Bool"))


def test_message_of_an_unannounced_topic_is_refused(tmp_path: Path) -> None:
    with ResultBagWriter(tmp_path / "results") as writer:
        writer.add_topic(Topic("/text", TEXT))
        with pytest.raises(BagError, match="topic: expected one of /text, got /other"):
            writer.write("/other", 1, HELLO)


@pytest.mark.parametrize("cdr", [b"", b"\0\1", b"hello world"])
def test_bytes_that_are_no_cdr_are_refused(tmp_path: Path, cdr: bytes) -> None:
    with ResultBagWriter(tmp_path / "results") as writer:
        writer.add_topic(Topic("/text", TEXT))
        with pytest.raises(BagError, match="/text: expected a CDR message"):
            writer.write("/text", 1, cdr)


def test_nothing_is_left_when_the_recording_fails(tmp_path: Path) -> None:
    def record() -> None:
        with ResultBagWriter(tmp_path / "results") as writer:
            writer.add_topic(Topic("/text", TEXT))
            raise RuntimeError("the node went down")

    with pytest.raises(RuntimeError, match="went down"):
        record()
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        ResultBagWriter(tmp_path / "file" / "results").__enter__()


def test_folder_without_messages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BagError, match=r"expected a PACKAGE/msg folder with .msg files, got none there"):
        types_with([tmp_path])


def test_standard_types_do_not_share_what_is_registered() -> None:
    types_with([REOBJ_MSGS])
    assert not any(name.startswith("reobj_msgs") for name in standard_types().fielddefs)
