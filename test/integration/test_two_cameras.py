"""Two cameras that look at one map, as real nodes: one bag is played as if both of them saw it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from processes import LABEL_IMAGE, LOCK_STEP, Probe, ends_at, stamps_of

from reobj.live_run import NodeProcesses
from reobj_msgs.msg import ObjectEvent, ObjectMap, TrackedObjects
from reobj_ros.input.image_chooser import publishers_of
from reobj_ros.node.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]

CAMERAS = ("front", "left")


def ids_by_box(message: TrackedObjects) -> dict[tuple[float, ...], int]:
    return {tuple(item.instance.box): item.object_id for item in message.objects if item.object_id}


def track_ids(messages: list[Any]) -> set[int]:
    return {item.track_id for message in messages for item in message.objects}


@pytest.mark.parametrize(
    "stages",
    [["live_node"], ["detector_node", "encoder_node", "association_node"]],
    ids=["composed", "separate"],
)
def test_what_two_cameras_see_has_one_id(
    nodes: NodeProcesses, short_bag: Path, probe: Probe, stages: list[str]
) -> None:
    objects = {name: probe.hear(TrackedObjects, f"/{name}/objects") for name in CAMERAS}
    events, maps = probe.hear(ObjectEvent, "/events"), probe.hear(ObjectMap, "/object_map", LATCHED)
    for stage in stages:
        nodes.start(stage, {**LABEL_IMAGE, "cameras": list(CAMERAS)})
    for name in CAMERAS:
        replay = {"bag": str(short_bag), "publish_clock": False, **LOCK_STEP}
        replay["subscribers"] = min(len(stages), 2)
        nodes.start("replay_node", replay, ["-r", f"__ns:=/{name}"], name=f"replay_{name}")
    last_ns = stamps_of(short_bag)[-1]
    assert probe.until(lambda: all(ends_at(heard, last_ns) for heard in objects.values()), 240.0)
    front, left = (ids_by_box(objects[name][-1]) for name in CAMERAS)
    both = front.keys() & left.keys()  # one of them may still be unsure
    assert {box: front[box] for box in both} == {box: left[box] for box in both}
    assert len(both) == len({front[box] for box in both}) > 1
    assert not track_ids(objects["front"]) & track_ids(objects["left"])
    assert probe.until(
        lambda: bool(maps) and {item.object_id for item in maps[-1].objects} >= {*front.values()}
    )
    kinds = {ObjectEvent.CREATED, ObjectEvent.REIDENTIFIED}
    assert probe.until(lambda: {event.kind for event in events} >= kinds)
    assert publishers_of(probe.node, "/objects") == 0
