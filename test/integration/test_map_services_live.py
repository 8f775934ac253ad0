"""The map of a real node: asked and corrected over DDS, written to a file, and there again after kill -9."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from processes import LABEL_IMAGE, Probe, ends_at, play, stamps_of

from reobj.association.store.reading import read_map
from reobj.live_run import NodeProcesses
from reobj_msgs.msg import MapObject, ObjectEvent, ObjectMap, TrackedObjects
from reobj_msgs.srv import (
    ExplainObject,
    FindObjects,
    MergeObjects,
    RenameObject,
    SaveMap,
    SplitObject,
)
from reobj_ros.node.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]


def call(probe: Probe, kind: Any, name: str, /, **fields: Any) -> Any:
    client = probe.node.create_client(kind, name)
    assert probe.until(client.service_is_ready), f"no service {name}"
    request = kind.Request()
    for field, value in fields.items():
        setattr(request, field, value)
    future = client.call_async(request)
    assert probe.until(future.done), f"no answer from {name}"
    return future.result()


def living(message: ObjectMap) -> dict[int, str]:
    return {item.object_id: item.name for item in message.objects if item.state != MapObject.RETIRED}


def test_a_map_is_corrected_live_and_outlives_kill_9(
    nodes: NodeProcesses, short_bag: Path, tmp_path: Path, probe: Probe
) -> None:
    settings = {**LABEL_IMAGE, "map_file": str(tmp_path / "room.map")}
    last_ns = stamps_of(short_bag)[-1]
    node = nodes.start("live_node", settings)
    objects = probe.hear(TrackedObjects, "/objects")
    events, maps = probe.hear(ObjectEvent, "/events"), probe.hear(ObjectMap, "/object_map", LATCHED)
    play(nodes, short_bag, probe)
    assert probe.until(lambda: ends_at(objects, last_ns))
    found = call(probe, FindObjects, "/find_objects", limit=100)
    first, second, *_ = ids = sorted(item.object_id for item in found.objects)
    assert {o.object_id for o in objects[-1].objects} - {0} <= set(ids)

    assert call(probe, RenameObject, "/rename_object", object_id=first, name="mine").code == 0
    merged = call(probe, MergeObjects, "/merge_objects", object_ids=[first, second], force=True)
    assert (merged.code, merged.object_id) == (0, first)
    assert call(probe, FindObjects, "/find_objects", object_ids=[second]).objects[0].name == "mine"
    split = call(probe, SplitObject, "/split_object", object_id=first, event_id=merged.event_id)
    assert set(split.object_ids) == {first, second}
    merged = call(probe, MergeObjects, "/merge_objects", object_ids=[first, second], force=True)
    why = call(probe, ExplainObject, "/explain_object", object_id=second)
    assert (why.code, why.object.object_id) == (0, first)
    assert why.terms and why.views
    assert probe.until(lambda: bool(events) and events[-1].event_id == merged.event_id)
    assert [e.event_id for e in events if e.kind == ObjectEvent.CREATED] == [*range(1, len(ids) + 1)]
    saved = call(probe, SaveMap, "/save_map")
    assert (saved.code, saved.objects) == (0, len(ids) - 1)
    assert probe.until(lambda: set(living(maps[-1])) == set(ids) - {second})
    before = living(maps[-1])
    node.kill()
    assert node.wait(10) == -signal.SIGKILL

    maps.clear()
    nodes.start("live_node", settings)
    assert probe.until(lambda: bool(maps))  # before any frame
    assert living(maps[-1]) == before
    assert {item.object_id: item.merged_into for item in maps[-1].objects}[second] == first
    again = call(probe, ExplainObject, "/explain_object", object_id=second)
    assert (list(again.terms), list(again.chosen)) == (list(why.terms), list(why.chosen))
    undone = call(probe, SplitObject, "/split_object", event_id=merged.event_id)
    assert set(undone.object_ids) == {first, second}
    objects.clear()
    play(nodes, short_bag, probe)
    assert probe.until(lambda: ends_at(objects, last_ns))
    known = {o.object_id for message in objects for o in message.objects} - {0}
    assert len(known & set(ids)) >= 0.7 * len(ids)  # the same things have the same ids
    other = nodes.start("association_node", {"map_file": settings["map_file"]})
    assert other.wait(120) == 1  # one process at a time
    assert "in use by another process" in nodes.log("association_node").read_text()
    assert nodes.stop("live_node") == 0
    assert "mine" in read_map(tmp_path / "room.map").objects.names
