"""Why is this the object that it is? Answers from the map's history and the last frame."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from reobj.association.desk.answers import NothingFoundError
from reobj.association.desk.view_album import ViewAlbum
from reobj.association.explanations import Explanation, explained
from reobj.association.map.map_keeper import MapKeeper
from reobj.association.map.map_object import MapObject
from reobj.association.map.object_map import ObjectMap
from reobj.errors import InputError, UnknownObjectError, mismatch
from reobj.types import Event, EventKind, FrameResult, TrackedObject


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a track got its id, or has none yet.

    Attributes:
        item: the object; None while the track has none.
        why: the decision with its evidence.
        views: JPEG pictures of the object, the oldest first.
    """

    item: MapObject | None
    why: Explanation
    views: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A track in the last frame of its camera, and the stamp of that, nanoseconds."""

    tracked: TrackedObject
    stamp_ns: int


def explain_object(
    keeper: MapKeeper, last: Collection[FrameResult], album: ViewAlbum, object_id: int, track_id: int
) -> Explained:
    """Explains one track of an object.

    Args:
        keeper: of the map and its history.
        last: the last frame of each camera, whose tracks may not be decided yet.
        album: pictures.
        object_id: whose track; 0 = that of ``track_id``.
        track_id: 0 = the last one of the object.

    Raises:
        InputError: both are 0.
        UnknownObjectError: the object is not in the map.
        NothingFoundError: there was no such track.
    """
    if not object_id and not track_id:
        raise InputError(mismatch("object_id and track_id", "one of them > 0", 0))
    seen = in_view(last, track_id)
    if not object_id:
        if seen is not None and not seen.tracked.object_id:
            return Explained(None, Explanation(track_id, seen.stamp_ns, seen.tracked.decision))
        object_id = seen.tracked.object_id if seen is not None else _became(keeper.events, track_id)
    objects = keeper.object_map
    now = objects.resolve(object_id)
    known = explained(objects.visits(now), keeper.events)
    why = next((each for each in reversed(known) if track_id in (0, each.track_id)), None)
    if why is None and seen is not None and seen.tracked.object_id:
        why = Explanation(
            track_id, seen.stamp_ns, seen.tracked.decision
        )  # it goes on with another one's visit
    if why is None:
        raise NothingFoundError(mismatch(f"track_id of object {now}", "one of its tracks", track_id))
    return Explained(objects.get(now), why, album.of(_ids_of(objects, keeper.events, now)))


def in_view(last: Iterable[FrameResult], track_id: int) -> Seen | None:
    """What a track is in one of these frames; None when it is in none of them."""
    tracked = (Seen(item, result.stamp_ns) for result in last for item in result.objects)
    return next((seen for seen in tracked if seen.tracked.track_id == track_id), None)


def _became(events: Iterable[Event], track_id: int) -> int:
    """The object that a track, which is out of view, became last."""
    adopted = (EventKind.CREATED, EventKind.REIDENTIFIED)
    found = [e.object_ids[0] for e in events if e.track_id == track_id and e.kind in adopted]
    if not found:
        raise NothingFoundError(mismatch("track_id", "a track that became an object", track_id))
    return found[-1]


def _ids_of(objects: ObjectMap, events: Iterable[Event], object_id: int) -> list[int]:
    """The ids under which pictures of the object were taken: its own and those merged into it."""
    merged = {i for event in events if event.kind == EventKind.MERGED for i in event.object_ids[1:]}
    return [object_id, *(i for i in sorted(merged - {object_id}) if _stands_for(objects, i) == object_id)]


def _stands_for(objects: ObjectMap, object_id: int) -> int:
    try:
        return objects.resolve(object_id)
    except UnknownObjectError:  # it was deleted after it was merged
        return 0
