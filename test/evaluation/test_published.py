"""Results read back from a bag. The bag is written with the same definitions that the nodes use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reobj.errors import BagError
from reobj.evaluation.published import last_map, read_diagnostics, read_results
from reobj.scans.bag_results import ResultBagWriter
from reobj.scans.bag_topics import Topic
from reobj.scans.bag_types import types_with
from reobj.types import DecisionKind, EventKind, TrackState

DEFINITIONS = Path(__file__).parents[2] / "reobj_msgs" / "msg"
STORE = types_with([DEFINITIONS])
TOPICS = {
    "/instances": "reobj_msgs/msg/InstanceMasks",
    "/objects": "reobj_msgs/msg/TrackedObjects",
    "/events": "reobj_msgs/msg/ObjectEvent",
    "/object_map": "reobj_msgs/msg/ObjectMap",
    "/diagnostics": "diagnostic_msgs/msg/DiagnosticArray",
}


def make(name: str, /, **fields: Any) -> Any:
    """A message with the given fields; the others are zero."""
    package, short = name.split("/")
    kind = STORE.types[f"{package}/msg/{short}"]
    values = {field: zero(kind_of) for field, kind_of in STORE.fielddefs[f"{package}/msg/{short}"][1]}
    return kind(**values | fields)


def zero(node: Any) -> Any:
    """The zero of a field, by its definition."""
    what, detail = int(node[0]), node[1]
    if what == 1:  # a base type
        return {"string": "", "bool": False}.get(detail[0], 0)
    if what == 2:  # a message
        return make(detail.replace("/msg/", "/"))
    (inner, bound), fixed = (detail, what == 3)
    if int(inner[0]) == 1 and inner[1][0] != "string":
        return np.zeros(bound if fixed else 0, inner[1][0])
    return []


def stamp(ns: int) -> Any:
    return make("builtin_interfaces/Time", sec=ns // 10**9, nanosec=ns % 10**9)


def header(ns: int) -> Any:
    return make("std_msgs/Header", stamp=stamp(ns), frame_id="camera")


def masks(ns: int) -> Any:
    label_image = np.zeros((4, 6), np.uint16)
    label_image[1:3, 2:5] = 1
    image = make("sensor_msgs/Image", height=4, width=6, encoding="16UC1", step=12)
    image.data = label_image.view(np.uint8).ravel()
    box = np.array([2, 1, 5, 3], np.float32)
    instance = make("reobj_msgs/Instance", label="chair", score=0.5, box=box)
    return make("reobj_msgs/InstanceMasks", header=header(ns), masks=image, instances=[instance])


def objects(ns: int) -> Any:
    item = make(
        "reobj_msgs/TrackedObject",
        object_id=7,
        track_id=3,
        state=1,
        decision=1,
        probability=0.75,
        has_position=True,
        position=make("geometry_msgs/Point", x=1.0, y=2.0, z=3.0),
        covariance=np.eye(3).ravel(),
    )
    return make("reobj_msgs/TrackedObjects", header=header(ns), objects=[item])


def write(bag: Path, *messages: tuple[str, int, Any]) -> Path:
    with ResultBagWriter(bag, [DEFINITIONS]) as writer:
        for topic, msgtype in TOPICS.items():
            writer.add_topic(Topic(topic, msgtype))
        for topic, ns, message in messages:
            writer.write(topic, ns, STORE.serialize_cdr(message, TOPICS[topic]))
    return bag


def test_a_result_has_masks_ids_positions_and_events(tmp_path: Path) -> None:
    event = make("reobj_msgs/ObjectEvent", header=header(5), kind=2, object_ids=np.array([7], np.uint64))
    event.absence = make("builtin_interfaces/Duration", sec=4, nanosec=1)
    bag = write(
        tmp_path / "bag", ("/events", 5, event), ("/instances", 5, masks(5)), ("/objects", 5, objects(5))
    )
    (result,) = read_results(bag)
    assert (result.stamp_ns, result.frame_id) == (5, "camera")
    assert result.instances.labels == ("chair",)
    np.testing.assert_array_equal(np.argwhere(result.instances.label_image)[[0, -1]], [[1, 2], [2, 4]])
    (item,) = result.objects
    assert (item.object_id, item.track_id, item.state) == (7, 3, TrackState.CONFIRMED)
    assert item.decision.kind is DecisionKind.MATCH
    np.testing.assert_array_equal(item.position, [1, 2, 3])
    (found,) = result.events
    assert (found.kind, found.object_ids, found.absence_ns) == (EventKind.REIDENTIFIED, (7,), 4_000_000_001)


def test_an_event_that_was_recorded_after_its_objects_belongs_to_them(tmp_path: Path) -> None:
    late = make("reobj_msgs/ObjectEvent", header=header(5), kind=1, object_ids=np.array([7], np.uint64))
    stage = [
        (name, ns, made(ns)) for ns in (5, 6) for name, made in (("/instances", masks), ("/objects", objects))
    ]
    bag = write(tmp_path / "bag", *stage[:2], ("/events", 5, late), *stage[2:])
    assert [[e.kind for e in result.events] for result in read_results(bag)] == [[EventKind.CREATED], []]


def test_an_image_without_objects_gives_no_result(tmp_path: Path) -> None:
    bag = write(
        tmp_path / "bag",
        ("/instances", 5, masks(5)),
        ("/instances", 6, masks(6)),
        ("/objects", 6, objects(6)),
    )
    assert [result.stamp_ns for result in read_results(bag)] == [6]


def test_a_bag_without_results_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="expected objects with their instances, got none"):
        list(read_results(write(tmp_path / "bag")))


def test_the_last_map_counts(tmp_path: Path) -> None:
    def map_of(*ids: int) -> Any:
        items = [make("reobj_msgs/MapObject", object_id=i, label="cup", views=2) for i in ids]
        return make("reobj_msgs/ObjectMap", header=header(1), objects=items)

    last = map_of(1, 2, 3)
    last.objects[2].state = 3  # merged or deleted
    bag = write(tmp_path / "bag", ("/object_map", 1, map_of(1)), ("/object_map", 2, last))
    found = last_map(bag)
    assert [(item.object_id, item.label, item.views, item.position) for item in found] == [
        (1, "cup", 2, None),
        (2, "cup", 2, None),
    ]


def test_diagnostics_give_the_last_latencies_and_all_dropped_frames(tmp_path: Path) -> None:
    def said(name: str, **values: str) -> Any:
        pairs = [make("diagnostic_msgs/KeyValue", key=k, value=v) for k, v in values.items()]
        status = make("diagnostic_msgs/DiagnosticStatus", name=name, values=pairs)
        return make("diagnostic_msgs/DiagnosticArray", status=[status])

    first = said("/a", dropped="1", detect_p50_ms="9.0", detect_p95_ms="9.5")
    last = said("/a", dropped="2", detect_p50_ms="1.0", detect_p95_ms="1.5")
    other = said("/b", dropped="3", encode_p50_ms="4.0", encode_p95_ms="5.0")
    bag = write(
        tmp_path / "bag", ("/diagnostics", 1, first), ("/diagnostics", 2, last), ("/diagnostics", 2, other)
    )
    latency, dropped = read_diagnostics(bag)
    assert {stage: (value.p50, value.p95) for stage, value in latency.items()} == {
        "detect": (1.0, 1.5),
        "encode": (4.0, 5.0),
    }
    assert dropped == 5
