"""The services of the object map over DDS: each request has an answer, whatever it holds."""

from __future__ import annotations

import math
import shlex
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from geometry_msgs.msg import Point
from rclpy.node import Node
from sensor_msgs.msg import Image

from reobj.association.associator import MapAssociator
from reobj.association.desk.map_desk import MapDesk
from reobj.association.store.reading import read_map
from reobj.errors import StorageError
from reobj.types import Embeddings, Frame, FrameResult, Instances, ModelId
from reobj_msgs.msg import MapObject, ObjectEvent, ObjectMap
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.map.map_services import SERVICES, MapServices
from reobj_ros.node.publishers import LATCHED

MODEL = ModelId("test", "ab", 8)
SIZE = (60, 80)
Spin = Callable[..., bool]


class FirstAxis:
    """An encoder to which everything looks like the first object."""

    model = MODEL

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        return Embeddings(np.eye(8, dtype=np.float32)[[0] * len(instances)], MODEL)


class Asked:
    """A node with the services, three objects in its map, and a client beside it."""

    def __init__(self, node: Node, client: Node, spin: Spin) -> None:
        self._node, self._client, self._spin = node, client, spin
        self.associator = MapAssociator()
        self.outputs = MapOutputs(node, self.associator, "map")
        self.desk = MapDesk(self.associator, FirstAxis())
        self.see()
        self.services = MapServices(node, self.desk, self.outputs)

    def see(self, frames: int = 6) -> None:
        """Three things, side by side."""
        boxes = np.array([[x, 10, x + 20, 40] for x in (0, 30, 55)], np.float32)
        masks = np.zeros(SIZE, np.uint16)
        for k, (x0, y0, x1, y1) in enumerate(boxes.astype(int)):
            masks[y0:y1, x0:x1] = k + 1
        instances = Instances(boxes, masks, ("chair", "chair", "cup"), np.ones(3, np.float32))
        embeddings = Embeddings(np.eye(8, dtype=np.float32)[:3], MODEL)
        for k in range(frames):
            frame = Frame(np.full((*SIZE, 3), 90, np.uint8), 1_000_000_000 + 100_000_000 * k, "camera")
            found = self.associator.update(frame, instances, embeddings)
            result = FrameResult(frame.stamp_ns, "camera", instances, embeddings, found.objects, found.events)
            self.desk.see(result, frame.colour)

    def __call__(self, name: str, /, **fields: Any) -> Any:
        """The response to a request."""
        kind = SERVICES[name]
        request = kind.Request()
        for field, value in fields.items():
            setattr(request, field, value)
        client = self._client.create_client(kind, name)
        assert self._spin(client.service_is_ready, self._node, self._client)
        future = client.call_async(request)
        assert self._spin(future.done, self._node, self._client)
        return future.result()

    def hear(self, kind: Any, topic: str, qos: Any = 50) -> list[Any]:
        heard: list[Any] = []
        self._client.create_subscription(kind, topic, heard.append, qos)
        (publisher,) = (p for p in self._node.publishers if p.topic_name.endswith(f"/{topic}"))
        assert self.until(lambda: publisher.get_subscription_count() > 0)
        return heard

    def until(self, condition: Callable[[], bool]) -> bool:
        return self._spin(condition, self._node, self._client)


@pytest.fixture
def ask(make_node: Callable[..., Node], spin: Spin) -> Asked:
    return Asked(make_node(), make_node(), spin)


def image(width: int = 20, height: int = 10, **others: Any) -> dict[str, Any]:
    made = Image(width=width, height=height, encoding="rgb8", step=3 * width)
    made.data = array("B", bytes(3 * width * height))
    for field, value in others.items():
        setattr(made, field, value)
    return {"example": made}


def test_the_map_is_published_before_the_first_frame(ask: Asked) -> None:
    maps = ask.hear(ObjectMap, "object_map", LATCHED)
    assert ask.until(lambda: bool(maps))
    assert [item.object_id for item in maps[-1].objects] == [1, 2, 3]


def test_an_edit_is_answered_published_as_an_event_and_seen_in_the_map(ask: Asked) -> None:
    events, maps = ask.hear(ObjectEvent, "events"), ask.hear(ObjectMap, "object_map", LATCHED)
    renamed = ask("rename_object", object_id=2, name="the red one")
    assert (renamed.code, renamed.event_id) == (renamed.OK, 4)
    assert ask.until(lambda: bool(events) and bool(maps) and maps[-1].objects[1].name != "")
    event = events[0]
    assert (event.kind, event.event_id, event.name) == (ObjectEvent.RENAMED, 4, "the red one")
    assert (list(event.object_ids), event.header.frame_id) == ([2], "camera")
    assert [item.name for item in maps[-1].objects] == ["", "the red one", ""]


def test_a_merge_shows_in_the_map_and_is_undone(ask: Asked) -> None:
    maps = ask.hear(ObjectMap, "object_map", LATCHED)
    assert ask("merge_objects", object_ids=[1, 2]).code == 6  # CANNOT_LINK: seen in one image
    merged = ask("merge_objects", object_ids=[1, 2], force=True)
    assert (merged.code, merged.object_id) == (merged.OK, 1)
    assert ask.until(lambda: bool(maps) and maps[-1].objects[1].merged_into == 1)
    assert maps[-1].objects[1].state == MapObject.RETIRED
    undone = ask("split_object", object_id=1, event_id=merged.event_id)
    assert undone.code == undone.OK and set(undone.object_ids) == {1, 2}
    assert ask.until(lambda: maps[-1].objects[1].merged_into == 0)
    assert maps[-1].objects[1].state == MapObject.PRESENT


def test_undone_events_are_published_with_the_id_of_the_event_that_was_undone(ask: Asked) -> None:
    events = ask.hear(ObjectEvent, "events")
    merged = ask("merge_objects", object_ids=[1, 2], force=True)
    ask("split_object", event_id=merged.event_id)
    assert ask.until(lambda: len(events) == 2)
    assert [event.kind for event in events] == [ObjectEvent.MERGED, ObjectEvent.UNDONE]
    assert events[0].event_id == events[1].event_id == merged.event_id


def test_objects_are_found_by_label_and_by_an_example(ask: Asked) -> None:
    chairs = ask("find_objects", label="chair")
    assert (chairs.code, len(chairs.objects), len(chairs.similarity)) == (chairs.OK, 2, 0)
    alike = ask("find_objects", **image())
    assert len(alike.objects) == len(alike.similarity) == 3
    assert alike.similarity[0] == pytest.approx(1.0) and alike.similarity[1] == pytest.approx(0.0)
    assert ask("find_objects", label="sofa").code == alike.NOTHING_FOUND


def test_an_object_is_explained(ask: Asked) -> None:
    why = ask("explain_object", object_id=1)
    assert (why.code, why.object.object_id, why.decision) == (why.OK, 1, 2)  # NEW
    assert len(why.terms) == len(why.chosen) == len(why.runner_up) > 0
    assert why.track_id > 0 and 0 < why.probability <= 1
    (view,) = why.views
    assert view.format == "jpeg" and bytes(view.data[:2]) == b"\xff\xd8"


def test_a_map_is_saved_reset_and_loaded(ask: Asked, tmp_path: Path) -> None:
    saved = ask("save_map", path=str(tmp_path / "a.map"))
    assert (saved.code, saved.path, saved.objects) == (saved.OK, str(tmp_path / "a.map"), 3)
    assert ask("reset_map").objects == 3
    loaded = ask("load_map", path=saved.path)
    assert (loaded.code, loaded.objects) == (loaded.OK, 3)
    assert len(read_map(saved.path).objects) == 3


NAN = math.nan
BAD = [
    ("rename_object", {"object_id": 1, "name": "x" * 201}, 2),
    ("rename_object", {"object_id": 1, "name": "a\nb"}, 2),
    ("rename_object", {"object_id": 0, "name": "a"}, 1),
    ("delete_object", {"object_id": 2**64 - 1}, 1),
    ("merge_objects", {"object_ids": []}, 2),
    ("merge_objects", {"object_ids": [1, 99]}, 1),
    ("split_object", {"object_id": 1}, 2),
    ("split_object", {"object_id": 1, "event_id": 2**64 - 1}, 2),
    ("save_map", {"path": ""}, 2),
    ("save_map", {"path": "x" * 2**20}, 2),
    ("save_map", {"path": "/proc/none/a.map"}, 3),
    ("load_map", {"path": "/nowhere/a.map"}, 3),
    ("find_objects", {"object_ids": [0]}, 1),
    ("find_objects", {"use_region": True, "radius": 0.0}, 2),
    ("find_objects", {"use_region": True, "radius": -1.0}, 2),
    ("find_objects", {"use_region": True, "radius": NAN}, 2),
    ("find_objects", {"use_region": True, "radius": math.inf}, 2),
    ("find_objects", image(step=5), 2),
    ("find_objects", image(data=array("B", b"abc")), 2),
    ("find_objects", image(encoding="no such one"), 2),
    ("find_objects", image(height=0, data=array("B")), 2),
    ("find_objects", {**image(), "example_box": [5, 5, 5, 5]}, 2),
    ("find_objects", {**image(), "example_box": [0, 0, 21, 10]}, 2),
    ("explain_object", {}, 2),
    ("explain_object", {"object_id": 1, "track_id": 2**64 - 1}, 7),
]


def test_every_request_is_answered_and_the_node_lives_on(ask: Asked) -> None:
    for name, fields, code in BAD:
        response = ask(name, **fields)
        assert response.code == code, (name, fields.keys(), response.message)
        assert 0 < len(response.message) < 500 and "\n" not in response.message
    assert ask("find_objects").code == 0


def test_a_centre_that_is_no_number_is_refused(ask: Asked) -> None:
    response = ask("find_objects", use_region=True, radius=1.0, centre=Point(x=NAN))
    assert response.code == response.INVALID_ARGUMENT and "centre" in response.message


def test_the_service_calls_in_the_documents_are_requests_that_exist() -> None:
    lines = (Path(__file__).parents[2] / "docs/maps.md").read_text().splitlines()
    calls = [shlex.split(line) for line in lines if line.startswith("    ros2 service call")]
    assert {call[3].lstrip("/") for call in calls} >= set(SERVICES)
    for *_, name, kind, values in calls:
        request = SERVICES[name.lstrip("/")].Request()
        assert kind == f"reobj_msgs/srv/{SERVICES[name.lstrip('/')].__name__}"
        assert set(yaml.safe_load(values)) <= set(request.get_fields_and_field_types())


def test_a_bug_in_an_answer_is_logged_and_does_not_end_the_node(
    ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask.associator.object_map, "get", lambda object_id: 1 / 0)
    response = ask("explain_object", object_id=1)
    assert response.code == response.INVALID_ARGUMENT and "division" in response.message
    assert ask("merge_objects", object_ids=[1]).code == response.INVALID_ARGUMENT


def test_a_map_that_cannot_be_written_is_a_concern(
    ask: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask.services.concern() == ""

    def full(*_: object) -> None:
        raise StorageError("disk is full")

    ask.associator.keeper.open(tmp_path / "live.map")
    monkeypatch.setattr("reobj.association.store.writer.write", full)
    ask("rename_object", object_id=1, name="a")
    assert ask("save_map").code == 3
    assert "disk is full" in ask.services.concern()
