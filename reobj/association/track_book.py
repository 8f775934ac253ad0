"""What is known of the living tracks: their evidence or their objects, and who met whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reobj.association.covisibility import CoVisibility
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.object_map import ObjectMap
from reobj.association.records import TrackRecord
from reobj.association.tracks.tracker import Track
from reobj.types import Embeddings, Instances


class TrackBook:
    """One record per living track of a camera.

    Args:
        object_map: whose objects the tracks are.
        max_views: different views of a track that are kept.
        min_novelty: cosine distance from which an embedding is another view.
        frames_together: frames in a row in which two tracks are seen until they are two objects for good.

    Attributes:
        visits: all that the camera opened since it began, or was cleared.
    """

    def __init__(
        self, object_map: ObjectMap, max_views: int, min_novelty: float, frames_together: int
    ) -> None:
        self._map = object_map
        self._max_views, self._min_novelty = max_views, min_novelty
        self._met = CoVisibility(frames_together)
        self.clear()

    def clear(self) -> None:
        """Forgets all tracks."""
        self._records: dict[int, TrackRecord] = {}
        self.visits: set[int] = set()
        self._met = CoVisibility(self._met.frames)
        self._edits = self._map.edits

    def tune(self, frames_together: int) -> None:
        """Another number holds from now on."""
        self._met.frames = frames_together

    def __getitem__(self, track_id: int) -> TrackRecord:
        return self._records[track_id]

    def __iter__(self) -> Iterator[TrackRecord]:
        return iter(self._records.values())

    def object_of(self, track_id: int) -> int:
        """The object that a track is, 0 while that is not decided."""
        record = self._records.get(track_id)
        return 0 if record is None else record.object_id

    def objects_of(self, tracks: Iterable[Track]) -> list[int]:
        """The object of each track, 0 while that is not decided."""
        records = map(self._records.get, [track.track_id for track in tracks])
        return [0 if record is None else record.decision.object_id for record in records]

    def visits_of(self, tracks: Iterable[Track]) -> dict[int, int]:
        """Object to the visit that it is in, of the tracks that are objects."""
        records = filter(None, map(self._records.get, [track.track_id for track in tracks]))
        return {record.object_id: record.visit_id for record in records if record.object_id}

    def get(self, track_id: int) -> TrackRecord | None:
        """The record of a track, None when it has none yet or starts anew."""
        return self._records.get(track_id)

    def forget_ended(self, living: frozenset[int]) -> None:
        """Drops all tracks but these."""
        ended = frozenset(self._records) - living
        self._met.forget(ended)
        for track_id in ended:
            del self._records[track_id]

    def follow_edits(self) -> bool:
        """After objects were merged, split or deleted: each track is what its visit belongs to now.

        Of several tracks that became one object the one that was seen last keeps it.

        Returns:
            Whether there was an edit.
        """
        if self._edits == self._map.edits:
            return False
        self._edits = self._map.edits
        now = {i: self._map.owner(r.visit_id) for i, r in self._records.items() if r.visit_id}
        taken: set[int] = set()
        for track_id in sorted((i for i, k in now.items() if k), key=self._last_visible, reverse=True):
            object_id, record = now[track_id], self._records[track_id]
            if object_id in taken:
                continue
            taken.add(object_id)
            record.decision = replace(record.decision, object_id=object_id)
            self._met.hold(track_id, object_id)
            now.pop(track_id)
        for track_id in now:
            self.release(track_id)
        return True

    def _last_visible(self, track_id: int) -> tuple[int, int]:
        """When the track was seen last, as its object; of two at once the newer visit counts."""
        visit_id = self._records[track_id].visit_id
        return self._map.last_seen(visit_id), visit_id

    def see(
        self,
        tracks: Iterable[Track],
        instances: Instances,
        embeddings: Embeddings,
        geometry: InstanceGeometry,
        stamp_ns: int,
        pose: NDArray[np.float64] | None,
    ) -> None:
        """Gathers evidence for the tracks without an object."""
        for track in tracks:
            i, record = track.index, self._records.get(track.track_id)
            if record is None:
                record = TrackRecord(embeddings.data[i], self._max_views, stamp_ns, pose)
                self._records[track.track_id] = record
            if record.object_id == 0:
                here = geometry.select(slice(i, i + 1))
                record.see(embeddings.data[i], instances.labels[i], stamp_ns, here, self._min_novelty, pose)

    def meet(self, visible: frozenset[int]) -> None:
        """Remembers which tracks are seen together, and that their objects are different ones."""
        for track_id in self._met.observe(visible):
            if self._records[track_id].object_id:
                self._map.never_same(self._records[track_id].object_id, self._met.met(track_id))

    def met_objects(self, track_id: int) -> frozenset[int]:
        """The objects that the track was seen together with, as they are called now."""
        return frozenset(map(self._map.identity, self._met.met(track_id)))

    def hold(self, track_id: int, object_id: int) -> None:
        """The track is this object from now on, and no other track is."""
        self.release_object(object_id, but=track_id)
        self._records[track_id].visit_id = visit_id = self._map.running_visit(object_id)
        self.visits.add(visit_id)
        self._met.hold(track_id, object_id)
        self._map.never_same(object_id, self._met.met(track_id))

    def release_object(self, object_id: int, but: int = 0) -> None:
        """No track, or none but this one, is the object any more."""
        for track_id in [i for i, r in self._records.items() if r.object_id == object_id and i != but]:
            self.release(track_id)

    def release(self, track_id: int) -> None:
        """The track is no object any more and starts anew; whom it met before says nothing of it now."""
        self._met.forget(frozenset({track_id}))
        del self._records[track_id]
