"""What was decided before is looked at again: tracks that slid away, objects that are one, or two."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from reobj.association.geometry import InstanceGeometry
from reobj.association.misplaced import misplaced
from reobj.association.presence import Presence
from reobj.association.reconsider import same_objects, strayed_visits
from reobj.association.shared_map import SharedMap
from reobj.association.track_book import TrackBook
from reobj.association.tracks.tracker import Track
from reobj.types import Event

log = logging.getLogger(__name__)

#: frames in a row after which a track that is not where its object is loses it
_MAX_DOUBTS = 2
#: an object is looked at again when its visit has grown by this factor: what is new in it grows fewer
_GROWN = 1.25


class SecondThoughts:
    """Takes objects from tracks that are somewhere else, and corrects the map, but not what people did.

    Args:
        shared: whose map is corrected.
        tracks: the living ones of a camera.
        presence: of the same camera, follows the edits.
    """

    def __init__(self, shared: SharedMap, tracks: TrackBook, presence: Presence) -> None:
        self._shared, self._keeper, self._map = shared, shared.keeper, shared.object_map
        self._tracks, self._presence = tracks, presence
        self.clear()

    def clear(self) -> None:
        """All objects are to be looked at anew."""
        self._last_ns = -1
        # object: its visit, and the frames of it, when it was looked at last
        self._looked: dict[int, tuple[int, int]] = {}

    def doubt(self, tracks: Sequence[Track], geometry: InstanceGeometry) -> frozenset[int]:
        """Tracks that are not where their objects are: they seem to have slid to other ones.

        After some frames they lose their objects.
        """
        objects = self._tracks.objects_of(tracks)
        located = geometry.located.tolist()
        held = [(t, i) for t, i in zip(tracks, objects, strict=True) if i and located[t.index]]
        if not held:
            return frozenset()
        here = geometry.select(np.array([t.index for t, _ in held], dtype=np.intp))
        near = self._map.near(here.positions, self._shared.config.gate_radius_m)
        near += sorted({i for _, i in held} - set(near))
        rows = np.array([near.index(i) for _, i in held], np.intp)
        labels = np.array(self._map.labels_of(near))
        off = misplaced(self._shared.config.position, here, rows, self._map.places(near), labels)
        for (track, object_id), doubted in zip(held, off.tolist(), strict=True):
            record = self._tracks[track.track_id]
            record.doubts = record.doubts + 1 if doubted else 0
            if record.doubts >= _MAX_DOUBTS:
                log.info("track %d is not where object %d is and loses it", track.track_id, object_id)
                self._tracks.release(track.track_id)
        doubted_ids = [held[k][0].track_id for k in np.flatnonzero(off).tolist()]
        return frozenset(i for i in doubted_ids if self._tracks.object_of(i))

    def reconsider(self, visits: Mapping[int, int], stamp_ns: int) -> tuple[Event, ...]:
        """Merges what turned out to be one object, and splits what turned out to be two.

        Args:
            visits: objects in view, each with the visit of the camera that it is in.
            stamp_ns: of the frame.
        """
        in_view = sorted(visits)
        due = self._due(visits, stamp_ns)
        if not due:
            return ()
        c, events = self._shared.config, []
        for object_id in due:
            strayed = strayed_visits(self._map, object_id, c.position)
            if strayed and object_id not in self._keeper.hand_edits().together:
                events.append(self._keeper.split_visits(object_id, strayed, stamp_ns=stamp_ns))
        limits = c.reconsider.same, c.gate_radius_m, c.full_novelty, c.most_views
        for same in same_objects(self._map, due, in_view, self._shared.evidence, *limits):
            pair, sure = (same.kept, same.absorbed), same.probability
            if frozenset(pair) in self._keeper.hand_edits().apart:
                continue
            events.append(self._keeper.merge(pair, stamp_ns=stamp_ns, probability=sure, terms=same.terms))
        self.follow_edits()
        return tuple(events)

    def follow_edits(self) -> None:
        """Objects were merged, split or deleted, by whomever: all that is remembered of them follows."""
        if self._tracks.follow_edits():
            self._presence.reset()  # who was missed before may be present again, as the map has it
            self._shared.neighbourhood.follow(self._map.identity)

    def _due(self, visits: Mapping[int, int], stamp_ns: int) -> list[int]:
        """The objects of which there is something new since they were looked at."""
        if not visits or stamp_ns - self._last_ns < self._shared.config.reconsider.every_s * 1e9:
            return []
        self._last_ns = stamp_ns
        now = {i: (visit_id, self._map.frames_of(visit_id)) for i, visit_id in sorted(visits.items())}
        before, self._looked = self._looked, {i: self._looked.get(i, (0, 0)) for i in now}
        due = [i for i in now if now[i][0] != before.get(i, (0, 0))[0] or _grown(before[i], now[i])]
        self._looked.update((i, now[i]) for i in due)
        return due


def _grown(before: tuple[int, int], now: tuple[int, int]) -> bool:
    return now[1] >= _GROWN * before[1]
