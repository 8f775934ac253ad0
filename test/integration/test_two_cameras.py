"""Two cameras that look at one map, as real nodes: one bag is played as if both of them saw it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from processes import FRAMES, LABEL_IMAGE, Probe

from reobj.live_run import NodeProcesses
from reobj_msgs.msg import ObjectEvent, ObjectMap, TrackedObjects
from reobj_ros.image_chooser import publishers_of
from reobj_ros.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]

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
        replay = {"bag": str(short_bag), "lock_step": True, "publish_clock": False, "settle": 2.0}
        replay["subscribers"] = min(len(stages), 2)
        nodes.start("replay_node", replay, ["-r", f"__ns:=/{name}"], name=f"replay_{name}")
    assert probe.until(lambda: all(len(heard) == FRAMES for heard in objects.values()), timeout_s=150)
    front, left = (ids_by_box(objects[name][-1]) for name in CAMERAS)
    both = front.keys() & left.keys()  # one of them may still be unsure
    assert {box: front[box] for box in both} == {box: left[box] for box in both}
    assert len(both) == len({front[box] for box in both}) > 1
    assert not track_ids(objects["front"]) & track_ids(objects["left"])
    assert probe.until(
        lambda: bool(maps) and {item.object_id for item in maps[-1].objects} >= {*front.values()}
    )
    assert {event.kind for event in events} >= {ObjectEvent.CREATED, ObjectEvent.REIDENTIFIED}
    assert publishers_of(probe.node, "/objects") == 0
