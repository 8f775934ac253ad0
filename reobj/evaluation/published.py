"""What the nodes published, read back from a bag of results as if the pipeline had said it here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys.store import Typestore

from reobj.association.map.map_object import MapObject, ObjectState
from reobj.errors import BagError
from reobj.evaluation.latency import Percentiles
from reobj.scans.bag_storage import open_bag
from reobj.scans.bag_types import register, standard_types
from reobj.scans.message_arrays import label_image_from
from reobj.types import (
    Decision,
    DecisionKind,
    Embeddings,
    Event,
    EventKind,
    FrameResult,
    Instances,
    ModelId,
    TrackedObject,
    TrackState,
)

SECOND_NS = 1_000_000_000

#: Results carry no embeddings; this stands in their place.
NO_MODEL = ModelId("none", "", 1)


def read_results(bag: Path | str) -> Iterator[FrameResult]:
    """One result per image, in the order in which the nodes published them, with empty embeddings.

    Needs the topics ``/instances`` and ``/objects``; ``/events`` are added where they are there.

    Raises:
        BagError: not a bag of results, or damaged.
    """
    masks: dict[int, Any] = {}
    events: dict[int, list[Event]] = {}
    last: tuple[Any, Any, int] | None = None  # held back, as its events may have been recorded after it
    for topic, message in read_messages(bag, ("/instances", "/objects", "/events")):
        stamp_ns = nanoseconds(message.header.stamp)
        if topic == "/instances":
            masks[stamp_ns] = message
        elif topic == "/events":
            events.setdefault(stamp_ns, []).append(event_of(message, stamp_ns))
        elif stamp_ns in masks:
            if last is not None:
                yield result_of(last[0], last[1], events.pop(last[2], []), last[2])
            last = message, masks.pop(stamp_ns), stamp_ns
            masks = {stamp: kept for stamp, kept in masks.items() if stamp > stamp_ns}
    if last is None:
        raise BagError(f"{bag}: expected objects with their instances, got none")
    yield result_of(last[0], last[1], events.pop(last[2], []), last[2])


def read_diagnostics(bag: Path | str) -> tuple[dict[str, Percentiles], int]:
    """Latency by stage, and how many frames the nodes dropped, as they said last.

    Raises:
        BagError: damaged.
    """
    last: dict[str, dict[str, str]] = {}
    for _, message in read_messages(bag, ("/diagnostics",)):
        for status in message.status:
            last[status.name] = {pair.key: pair.value for pair in status.values}
    latency, dropped = {}, 0
    for values in last.values():
        dropped += int(values.get("dropped", 0))
        for stage in (key.removesuffix("_p50_ms") for key in values if key.endswith("_p50_ms")):
            latency[stage] = Percentiles(float(values[f"{stage}_p50_ms"]), float(values[f"{stage}_p95_ms"]))
    return latency, dropped


def last_map(bag: Path | str) -> list[MapObject]:
    """The objects of the last map that was published, but for the retired ones; none if none was.

    Raises:
        BagError: damaged.
    """
    objects: list[Any] = []
    for _, message in read_messages(bag, ("/object_map",)):
        objects = message.objects
    found = [map_object(item) for item in objects]
    return [item for item in found if item.state != ObjectState.RETIRED]


def read_messages(bag: Path | str, topics: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Decoded messages of some topics. Types come from the definitions in the bag itself."""
    types: Typestore = standard_types()
    with open_bag(bag) as reader:
        wanted = [connection for connection in reader.connections if connection.topic in topics]
        for connection in wanted:
            if connection.msgtype not in types.fielddefs:
                register(types, connection.msgtype, connection.msgdef.data)
        for connection, _, cdr in reader.messages(wanted) if wanted else ():
            yield connection.topic, types.deserialize_cdr(cdr, connection.msgtype)


def result_of(message: Any, masks: Any, events: list[Event], stamp_ns: int) -> FrameResult:
    """A FrameResult of a TrackedObjects and the InstanceMasks of the same stamp."""
    instances = Instances(
        boxes=np.array([i.box for i in masks.instances], np.float32).reshape(-1, 4),
        label_image=label_image_from(masks.masks),
        labels=tuple(i.label for i in masks.instances),
        scores=np.array([i.score for i in masks.instances], np.float32),
    )
    embeddings = Embeddings(np.ones((len(instances), 1), np.float32), NO_MODEL)
    objects = tuple(tracked_object(item) for item in message.objects)
    return FrameResult(stamp_ns, message.header.frame_id, instances, embeddings, objects, tuple(events))


def tracked_object(message: Any) -> TrackedObject:
    """A TrackedObject of its message; the evidence is not published."""
    decision = Decision(DecisionKind(message.decision), int(message.object_id), float(message.probability))
    position: NDArray[np.float64] | None = None
    covariance: NDArray[np.float64] | None = None
    if message.has_position:
        position = xyz(message.position)
        covariance = np.array(message.covariance, np.float64).reshape(3, 3)
    return TrackedObject(
        int(message.index), int(message.track_id), TrackState(message.state), decision, position, covariance
    )


def map_object(message: Any) -> MapObject:
    """A MapObject of its message."""
    known = bool(message.has_position)
    return MapObject(
        object_id=int(message.object_id),
        uuid=message.uuid,
        name=message.name,
        label=message.label,
        label_share=float(message.label_share),
        position=xyz(message.position) if known else None,
        covariance=np.array(message.covariance, np.float64).reshape(3, 3) if known else None,
        extent=xyz(message.extent) if known else None,
        orientation=xyzw(message.orientation) if known else None,
        views=int(message.views),
        visits=int(message.visits),
        prototypes=int(message.prototypes),
        first_seen_ns=nanoseconds(message.first_seen),
        last_seen_ns=nanoseconds(message.last_seen),
        state=ObjectState(message.state),
        merged_into=int(message.merged_into),
    )


def event_of(message: Any, stamp_ns: int) -> Event:
    """An Event of its message."""
    return Event(
        kind=EventKind(message.kind),
        stamp_ns=stamp_ns,
        object_ids=tuple(int(i) for i in message.object_ids),
        track_id=int(message.track_id),
        probability=float(message.probability),
        absence_ns=nanoseconds(message.absence),
    )


def nanoseconds(stamp: Any) -> int:
    """Of a Time or Duration message."""
    return int(stamp.sec) * SECOND_NS + int(stamp.nanosec)


def xyz(message: Any) -> NDArray[np.float64]:
    """(3,) of a Point or Vector3 message."""
    return np.array([message.x, message.y, message.z], np.float64)


def xyzw(message: Any) -> NDArray[np.float64]:
    """(4,) of a Quaternion message."""
    return np.array([message.x, message.y, message.z, message.w], np.float64)
