"""Which object each instance of a camera's frames is: its short-term tracks before the long-term map."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reobj.association.associator_config import AssociatorConfig
from reobj.association.base import Association
from reobj.association.camera_path import CameraPath
from reobj.association.deciding import TrackDecider
from reobj.association.fragments import pieces
from reobj.association.geometry import InstanceGeometry, measure
from reobj.association.map.keyframes import KeyFrames, moved_between
from reobj.association.map.map_object import ObjectState
from reobj.association.map.pose_correction import moved
from reobj.association.presence import Presence
from reobj.association.records import UNDECIDED
from reobj.association.second_thoughts import SecondThoughts
from reobj.association.shared_map import SharedMap
from reobj.association.track_book import TrackBook
from reobj.association.tracks.tracker import Track, Tracker
from reobj.errors import InputError, mismatch
from reobj.types import Embeddings, Event, EventKind, Frame, Instances, TrackedObject, TrackState

log = logging.getLogger(__name__)

#: a frame that is older than the last one by at most this was overtaken; by more, time went back
_LATE_NS = 250_000_000
#: instances per frame from which a calibration is learned; all of a crowd would cost time and say no more
_LEARN_FROM = 10


class CameraAssociator:
    """Compares the tracks of one camera with a map that it may share with others.

    Made by ``MapAssociator.camera``. It keeps all that belongs to the camera: tracks, who met whom in its
    image, what it missed, its path and its clock. Whatever a map is replaced by, or edited to, reaches it.

    Args:
        shared: the map, and how tracks are compared with it.
        name: of the camera.
    """

    def __init__(self, shared: SharedMap, name: str) -> None:
        self._shared, self.name, c = shared, name, shared.config
        self._map, self._keeper = shared.object_map, shared.keeper
        self._presence = Presence(c.presence)
        self._tracker = Tracker(c.tracker, shared.track_ids)
        self._tracks = TrackBook(self._map, c.max_views, c.min_novelty, c.frames_together)
        self._decider = TrackDecider(shared, self._tracks, name)
        self._second_thoughts = SecondThoughts(shared, self._tracks, self._presence)
        self.restart()

    def reset(self) -> None:
        """Forgets everything, the map and the tracks of other cameras too."""
        self._shared.reset()

    def restart(self) -> None:
        """Forgets the short-term state of this camera."""
        self._tracker.reset()
        self._tracks.clear()
        self._presence.reset()
        self._second_thoughts.clear()
        self._shared.sightings.forget(self.name)
        self._shared.neighbourhood.leave(self.name)
        self._last_stamp_ns = -1
        self._path = CameraPath(self._shared.config.max_pose_m, self._shared.config.max_step_m)
        self._keyframes = KeyFrames()

    def tune(self, config: AssociatorConfig) -> None:
        """As ``SharedMap.tune``, which checks what can change, for what belongs to this camera."""
        self._tracker.config = config.tracker
        self._tracks.tune(config.frames_together)
        self._presence.tune(config.presence)
        self._path.max_pose_m, self._path.max_step_m = config.max_pose_m, config.max_step_m

    def release(self, object_id: int) -> None:
        """No track of this camera is the object any more."""
        self._tracks.release_object(object_id)

    def visit_of(self, track_id: int) -> int:
        """The visit that a living track is in; 0 while it is no object."""
        record = self._tracks.get(track_id)
        return 0 if record is None else record.visit_id

    def correct_poses(self, poses: Mapping[int, NDArray[np.float64]]) -> int:
        """SLAM closed a loop: what this camera saw moves with the key frames that it was seen from.

        Args:
            poses: stamp of a frame, in nanoseconds, to this camera (4, 4) in the map as it is known now.
                In between, the correction changes in proportion of time.

        Returns:
            How many objects moved. Corrections of less than 1 cm and 0.3 degrees wait until they add up.

        Raises:
            InputError: a pose is none, or no stamp is that of a frame of this run; nothing changed.
        """
        with self._shared.lock:
            stamps, corrections = self._keyframes.correct(poses)
            if not len(stamps):
                return 0
            for record in self._tracks:
                last = moved_between(stamps, corrections, np.array([record.last_ns]))
                record.geometry = moved(record.geometry, last)
            count = self._map.correct_poses(stamps, corrections, self._tracks.visits)
            self._keeper.record()
            return count

    def update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        """As ``Associator.update`` promises.

        A frame with the stamp of the last one is taken as another look at the same moment. A pose
        that is too far away is logged and the frame treated as one without a pose.

        Raises:
            InputError: counts, sizes or models disagree; the state is unchanged.
        """
        with self._shared.lock:
            return self._update(frame, instances, embeddings)

    def _update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        self._check(frame, instances, embeddings)
        if 0 < self._last_stamp_ns - frame.stamp_ns <= _LATE_NS:
            log.warning("the frame of %d ns is left out: it came after a later one", frame.stamp_ns)
            return Association(())
        if frame.stamp_ns < self._last_stamp_ns:
            log.warning(
                "time went back from %d to %d ns: tracks%s end, the map stays",
                self._last_stamp_ns,
                frame.stamp_ns,
                f" of camera {self.name!r}" if self.name else "",
            )
            self.restart()
        self._second_thoughts.follow_edits()
        self._map.use(embeddings.model)
        self._shared.calibration.use(embeddings.model)
        self._last_stamp_ns = frame.stamp_ns
        use_geometry = self._shared.config.use_geometry
        pose, motion = self._path.take(frame) if use_geometry else (None, None)
        if pose is not None:
            self._keyframes.add(frame.stamp_ns, pose)
        self._shared.track_ids.go_on_after(self._map.last_track_id)
        geometry = InstanceGeometry.unknown(len(instances))
        if use_geometry:
            geometry = measure(frame, instances, pose)
        tracks = self._tracker.update(frame.stamp_ns, instances, embeddings.data, motion, geometry.depths)
        self._tracks.forget_ended(self._tracker.track_ids)
        doubted = self._second_thoughts.doubt(tracks, geometry)
        self._tracks.see(tracks, instances, embeddings, geometry, frame.stamp_ns, pose)
        broken = self._pieces(tracks, instances, geometry)
        confirmed = frozenset(t.track_id for t in tracks if t.state == TrackState.CONFIRMED)
        self._tracks.meet(confirmed - doubted - broken)
        whole = [t for t in tracks if t.track_id not in broken]
        events, found = self._decider.decide(whole, frame.stamp_ns)
        held = np.array(self._tracks.objects_of(tracks), np.int64)
        held[[t.track_id in doubted for t in tracks]] = 0
        older = [t for t, i in zip(tracks, held.tolist(), strict=True) if i and t.track_id not in found]
        self._observe(older, instances, embeddings, geometry, frame.stamp_ns, pose)
        events += self._miss(frame, pose, instances, tracks, held)
        numbered = self._keeper.record(events)
        visits = self._tracks.visits_of(t for t in tracks if t.track_id not in doubted)
        self._shared.sightings.note(self.name, visits, frame.stamp_ns)
        self._shared.neighbourhood.observe(visits, self.name)
        numbered += self._second_thoughts.reconsider(visits, frame.stamp_ns)
        return Association(self._answer(tracks, geometry, doubted), numbered)

    def _check(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> None:
        if len(embeddings) != len(instances):
            raise InputError(mismatch("embeddings", f"{len(instances)}, one per instance", len(embeddings)))
        instances.check_size(frame.height, frame.width)
        self._map.check_model(embeddings.model)

    def _pieces(
        self, tracks: tuple[Track, ...], instances: Instances, geometry: InstanceGeometry
    ) -> frozenset[int]:
        """Tracks without an object that are pieces of objects in view."""
        objects = self._tracks.objects_of(tracks)
        located = geometry.located.tolist()
        free = [t for t, i in zip(tracks, objects, strict=True) if not i and located[t.index]]
        held = [i for i in objects if i]
        if not free or not held:
            return frozenset()
        rows = np.array([t.index for t in free], np.intp)
        labels = np.array([instances.labels[i] for i in rows])
        names = np.array(self._map.labels_of(held))
        found = pieces(geometry.select(rows), labels, self._map.places(held), names)
        return frozenset(free[k].track_id for k in np.flatnonzero(found))

    def _miss(
        self,
        frame: Frame,
        pose: NDArray[np.float64] | None,
        instances: Instances,
        tracks: tuple[Track, ...],
        held: NDArray[np.int64],
    ) -> tuple[Event, ...]:
        """Notes objects that should be in view and are not."""
        if pose is None:
            self._presence.forget(held.tolist())
            return ()
        of_instance = np.zeros(len(instances), np.int64)
        of_instance[[t.index for t in tracks]] = held
        elsewhere = self._shared.sightings.elsewhere(self.name, frame.stamp_ns)
        self._presence.forget(elsewhere)
        range_m = self._shared.config.presence.max_range_m
        near = [i for i in self._map.near(pose[None, :3, 3], range_m) if i not in elsewhere]
        places = self._map.places(near)
        gone = self._presence.update(frame, pose, instances, of_instance, np.array(near, np.int64), places)
        gone = [i for i in gone if self._map.state_of(i) != ObjectState.ABSENT]
        for object_id in gone:
            self._map.set_state(object_id, ObjectState.ABSENT)
            for camera in self._shared.cameras.values():
                camera.release(object_id)  # when it is seen again, that is told
        return tuple(Event(EventKind.ABSENT, frame.stamp_ns, (object_id,)) for object_id in gone)

    def _observe(
        self,
        held: list[Track],
        instances: Instances,
        embeddings: Embeddings,
        geometry: InstanceGeometry,
        stamp_ns: int,
        pose: NDArray[np.float64] | None,
    ) -> None:
        """Brings the objects of these tracks up to date."""
        rows = np.array([t.index for t in held], dtype=np.intp)
        object_ids = self._tracks.objects_of(held)
        self._map.go_on_with(self._tracks.visits_of(held).values())
        labels = [instances.labels[i] for i in rows]
        if self._shared.calibration.learning:
            few = slice(_LEARN_FROM)
            similarity = self._map.similarities(object_ids[few], embeddings.data[rows[few]])
            self._shared.calibration.learn(similarity, labels[few])
        self._map.observe(object_ids, embeddings.data[rows], labels, stamp_ns, geometry.select(rows), pose)

    def _answer(
        self, tracks: tuple[Track, ...], geometry: InstanceGeometry, doubted: frozenset[int]
    ) -> tuple[TrackedObject, ...]:
        located, answers = geometry.located.tolist(), []
        for track in tracks:
            record, i = self._tracks.get(track.track_id), track.index
            decision = UNDECIDED if record is None or track.track_id in doubted else record.decision
            place = (geometry.positions[i], geometry.covariances[i]) if located[i] else ()
            answers.append(TrackedObject(i, track.track_id, track.state, decision, *place))
        return tuple(answers)
