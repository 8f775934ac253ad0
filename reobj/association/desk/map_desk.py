"""The desk of the object map: where people and programs look into it, correct it and undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from reobj.association.associator import MapAssociator
from reobj.association.desk.answers import ANSWERED, Answer, Code, NothingFoundError, refusal, sentence
from reobj.association.desk.explain_object import Explained, explain_object, in_view
from reobj.association.desk.find_objects import Example, Found, Query, embed_example, find_objects
from reobj.association.desk.requests import checked_name, existing_map, place_for_map
from reobj.association.desk.view_album import ViewAlbum
from reobj.association.explanations import summary
from reobj.association.map.object_map import ObjectMap
from reobj.association.merging.merge_files import described
from reobj.encoding.base import Encoder
from reobj.errors import InputError, MapModelError, ReobjError, mismatch
from reobj.types import Event, FrameResult

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a map was written, and how many objects it holds."""

    path: Path
    objects: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many objects the map has now, and what happened to those that it had before."""

    objects: int
    events: tuple[Event, ...] = ()


def answered(
    request: Callable[Concatenate[MapDesk, P], tuple[str, T]],
) -> Callable[Concatenate[MapDesk, P], Answer[T]]:
    """Runs a request under the associator's lock and turns what goes wrong into a code and a sentence."""

    @wraps(request)
    def run(desk: MapDesk, /, *args: P.args, **kwargs: P.kwargs) -> Answer[T]:
        try:
            with desk.associator.lock:
                message, value = request(desk, *args, **kwargs)
        except ANSWERED as error:
            return refusal(error)
        return Answer(Code.OK, sentence(message), value)

    return run


class MapDesk:
    """Answers the requests of design.md. Any thread may ask; no request raises.

    Args:
        associator: whose map it is.
        encoder: that makes embeddings of example images, safe to use from the asking thread; None where
            there is none.
    """

    def __init__(self, associator: MapAssociator, encoder: Encoder | None = None) -> None:
        self.associator = associator
        self._encoder = encoder
        self._keeper = associator.keeper
        self._album = ViewAlbum()
        self._last: dict[str, FrameResult] = {}  # of each camera, in the order that they came

    def see(self, result: FrameResult, colour: NDArray[np.uint8] | None, camera: str = "") -> None:
        """Takes note of a frame, so that its tracks can be explained.

        Args:
            result: of the pipeline.
            colour: (H, W, 3) RGB where the image is at hand; gives the pictures of the objects.
            camera: whose frame it is.
        """
        with self.associator.lock:
            self._last.pop(camera, None)
            self._last[camera] = result
            if colour is not None:
                self._album.see(result.stamp_ns, colour, result.instances, result.objects)

    @property
    def stamp_ns(self) -> int:
        """The present on the clock of the images: that of the last frame, or of the last event before."""
        if self._latest is not None:
            return self._latest.stamp_ns
        return self._keeper.events[-1].stamp_ns if self._keeper.events else 0

    @property
    def frame_id(self) -> str:
        """Of the last frame; empty before the first."""
        return "" if self._latest is None else self._latest.frame_id

    @property
    def _latest(self) -> FrameResult | None:
        return next(reversed(self._last.values()), None)

    @property
    def failure(self) -> ReobjError | None:
        """Why the map file cannot be written at present; None while all is well."""
        return self._keeper.failure

    @answered
    def save(self, path: str, overwrite: bool = False) -> tuple[str, Saved]:
        """Writes the map to a file. Empty: to the one in use, up to this moment."""
        in_use, objects = self._keeper.path, len(self._objects)
        if not path and in_use is not None:
            self._keeper.flush()
            return f"all of {self._count()} is in {in_use}", Saved(in_use, objects)
        if not path:
            raise InputError(mismatch("path", "one, as no map file is in use", "none"))
        written = self._keeper.save_as(place_for_map(path, overwrite, in_use), overwrite)
        return f"wrote {self._count()} to {written}", Saved(written, objects)

    @answered
    def load(self, path: str, merge: bool = False) -> tuple[str, Loaded]:
        """Replaces the map by that of a file, or joins both.

        Tracks are cleared in either case, as the objects that they were may be others now.
        """
        file = existing_map(path, self._keeper.path)
        if self._encoder is not None:
            self._objects.use(self._encoder.model)  # before the first frame, too, other models are refused
        events: tuple[Event, ...] = ()
        if merge:
            first = self._keeper.next_event_id
            plan = self._keeper.absorb(
                file, stamp_ns=self.stamp_ns, config=self.associator.merge_config(self._objects.model)
            )
            events = tuple(event for event in self._keeper.events if event.event_id >= first)
            message = f"merged {file} into the map: {described(plan)}"
        else:
            self._keeper.load(file)
            self._album.clear()
            message = f"loaded {file}"
        self._forget_tracks()
        return f"{message}; {self._count()}", Loaded(len(self._objects), events)

    @answered
    def reset(self, keep_map: bool = False) -> tuple[str, int]:
        """Forgets the tracks, and the map unless it is kept; gives the number of forgotten objects."""
        forgotten = 0 if keep_map else len(self._objects)
        if not keep_map:
            self.associator.reset()
            self._album.clear()
        self._forget_tracks()
        return f"forgot all tracks and {forgotten} objects", forgotten

    @answered
    def merge(self, object_ids: Sequence[int], force: bool = False) -> tuple[str, Event]:
        """Makes several objects one, the first."""
        now = [self._objects.resolve(i) for i in object_ids]
        if len(set(now)) < max(2, len(now)):
            expected = "at least two, all different now"
            raise InputError(mismatch("object_ids", expected, list(object_ids[:10])))
        event = self._keeper.merge(now, stamp_ns=self.stamp_ns, force=force)
        gone = ", ".join(map(str, event.object_ids[1:]))
        return f"object {event.object_ids[0]} is {gone} too; event {event.event_id} undoes it", event

    @answered
    def split(self, object_id: int, event_id: int = 0, track_id: int = 0) -> tuple[str, Event]:
        """Undoes an event, or takes a track out of an object. Gives the event that says so."""
        if event_id:
            event = self._undo(object_id, event_id)
        elif not track_id:
            raise InputError(mismatch("event_id and track_id", "one of them > 0", 0))
        else:
            event = self._take_out(self._objects.resolve(object_id), track_id)
        return f"they are objects {', '.join(map(str, event.object_ids))} now", event

    def _take_out(self, object_id: int, track_id: int) -> Event:
        seen = in_view(self._last.values(), track_id)
        own = any(visit.track_id == track_id for visit in self._objects.visits(object_id))
        if own or seen is None or seen.tracked.object_id != object_id:
            return self._keeper.split(object_id, track_id, stamp_ns=self.stamp_ns)
        going_on = self.associator.visit_of(track_id)  # that of a track that was lost for a moment
        return self._keeper.split_visits(object_id, [going_on], stamp_ns=self.stamp_ns)

    @answered
    def rename(self, object_id: int, name: str) -> tuple[str, Event]:
        """Gives an object a name; an empty one removes it."""
        now = self._objects.resolve(object_id)
        event = self._keeper.rename(now, checked_name(name), stamp_ns=self.stamp_ns)
        return f'object {now} is called "{name}" now' if name else f"object {now} has no name now", event

    @answered
    def delete(self, object_id: int) -> tuple[str, Event]:
        """Removes an object for good."""
        event = self._keeper.delete(self._objects.resolve(object_id), stamp_ns=self.stamp_ns)
        return f"object {event.object_ids[0]} is gone", event

    def find(self, query: Query, example: Example | None = None) -> Answer[Found]:
        """The objects that fulfil a query, the best first.

        Args:
            query: without ``example``.
            example: what they look like, if that is asked.
        """
        try:
            if example is not None:  # outside the lock: association need not wait for the network
                query = replace(query, example=self._embedded(example))
        except ANSWERED as error:
            return refusal(error)
        return self._find(query)

    @answered
    def explain(self, object_id: int, track_id: int = 0) -> tuple[str, Explained]:
        """Why a track got its id, or has none yet.

        Args:
            object_id: whose track; 0 = that of ``track_id``.
            track_id: 0 = the last one of the object.
        """
        found = explain_object(self._keeper, self._last.values(), self._album, object_id, track_id)
        return summary(found.why), found

    @answered
    def _find(self, query: Query) -> tuple[str, Found]:
        found = find_objects(self._objects, query)
        if not found.objects:
            raise NothingFoundError(f"none of {self._count()} is what was looked for")
        return f"found {len(found.objects)} of {self._count()}", found

    def _embedded(self, example: Example) -> NDArray[np.float32]:
        if self._encoder is None:
            raise InputError("example: this node has no encoder; ask live_node, which has one")
        found, model = embed_example(self._encoder, example), self._objects.model
        if model not in (None, self._encoder.model):
            raise MapModelError(mismatch("model of the map", self._encoder.model, model))
        return found

    def _undo(self, object_id: int, event_id: int) -> Event:
        """Undoes an event, which must be one of the object if one is named."""
        concerned = self._keeper.event(event_id).object_ids
        ids = {object_id, self._objects.resolve(object_id)} if object_id else set(concerned)
        if ids.isdisjoint(concerned):
            raise InputError(mismatch("event_id", f"an event of object {object_id}", event_id))
        return self._keeper.undo(event_id, stamp_ns=self.stamp_ns)

    @property
    def _objects(self) -> ObjectMap:
        return self.associator.object_map

    def _count(self) -> str:
        return f"{len(self._objects)} objects"

    def _forget_tracks(self) -> None:
        self.associator.reset_tracks()
        self._last.clear()
