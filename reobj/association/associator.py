"""Which object each instance is: short-term tracks before a long-term map."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reobj.association.associator_config import AssociatorConfig
from reobj.association.base import Association
from reobj.association.calibration_in_use import CalibrationInUse
from reobj.association.camera_path import CameraPath
from reobj.association.deciding import TrackDecider
from reobj.association.evidence import AppearanceEvidence, EvidenceTerm
from reobj.association.fragments import pieces
from reobj.association.geometry import InstanceGeometry, measure
from reobj.association.map.keyframes import KeyFrames, moved_between
from reobj.association.map.map_keeper import MapKeeper
from reobj.association.map.map_object import MapObject, ObjectState
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.pose_correction import moved
from reobj.association.merging.merge_plan import MergeConfig
from reobj.association.neighbourhood import Neighbourhood
from reobj.association.presence import Presence
from reobj.association.records import UNDECIDED
from reobj.association.second_thoughts import SecondThoughts
from reobj.association.track_book import TrackBook
from reobj.association.tracks.tracker import Track, Tracker
from reobj.encoding.similarity import SimilarityCalibration
from reobj.errors import InputError, mismatch
from reobj.types import (
    Embeddings,
    Event,
    EventKind,
    Frame,
    Instances,
    ModelId,
    TrackedObject,
    TrackState,
)

log = logging.getLogger(__name__)

#: a frame that is older than the last one by at most this was overtaken; by more, time went back
_LATE_NS = 250_000_000
#: instances per frame from which a calibration is learned; all of a crowd would cost time and say no more
_LEARN_FROM = 10


class MapAssociator:
    """Keeps objects apart and knows them again, for as long as it lives.

    Every frame goes through the tracker. A track without an object is compared with the map until it
    is clear which object it is or, once the track is confirmed, that it is a new one. From then on it
    is that object and keeps its entry up to date. Colour alone is enough; depth and pose add evidence.
    Twice a second the objects in view are compared with the rest of the map: those that turn out to
    be one merge, and what turns out to be two is split.

    Args:
        config: see there.
        measured: content hash of an encoder's model to the calibration that was measured of it.
        extra_evidence: further kinds of evidence by name, added to those that there are.

    Attributes:
        evidence: all kinds by name, as they stand in the terms of a decision.
        keeper: the map with its history and its file.
        lock: held during ``update`` and the other methods; who edits the map holds it too.
    """

    def __init__(
        self,
        config: AssociatorConfig | None = None,
        measured: Mapping[str, SimilarityCalibration] | None = None,
        extra_evidence: Mapping[str, EvidenceTerm] | None = None,
    ) -> None:
        self._config = c = config or AssociatorConfig()
        self._measured = measured or {}
        self._calibration = CalibrationInUse(c.calibration, c.thresholds, self._measured)
        self._neighbourhood = Neighbourhood(c.neighbours)
        self._presence = Presence(c.presence)
        self.evidence: dict[str, EvidenceTerm] = {
            "appearance": AppearanceEvidence(self._calibration, c.alike_probability, c.unlike_probability),
            "label": c.label,
            **({"position": c.position} if c.use_geometry else {}),
            "neighbours": self._neighbourhood,
            **(extra_evidence or {}),
        }
        self._tracker = Tracker(c.tracker)
        self._map = ObjectMap(c.max_prototypes, c.min_novelty)
        self.keeper = MapKeeper(self._map)
        self._tracks = TrackBook(self._map, c.max_views, c.min_novelty, c.frames_together)
        self._decider = TrackDecider(c, self._calibration, self.evidence, self._map, self._tracks)
        self._second_thoughts = SecondThoughts(
            c, self.evidence, self.keeper, self._tracks, self._neighbourhood, self._presence
        )
        self.lock = threading.RLock()
        self.reset()

    @property
    def object_map(self) -> ObjectMap:
        """The long-term map."""
        return self._map

    @property
    def model(self) -> ModelId | None:
        """The network whose embeddings it takes; None before the first frame."""
        return self._map.model

    def objects(self) -> tuple[MapObject, ...]:
        """Copies of all objects of the map."""
        with self.lock:
            return self._map.objects()

    def merge_config(self, model: ModelId | None) -> MergeConfig:
        """What speaks for objects of two maps being one, with the calibration of their network."""
        c = self._config
        calibration = CalibrationInUse(c.calibration, c.thresholds, self._measured)
        if model is not None:
            calibration.use(model)
        looks = AppearanceEvidence(calibration, c.alike_probability, c.unlike_probability)
        return MergeConfig(looks, c.position, c.label)

    def reset(self) -> None:
        """Forgets everything, the map too. Ids are still not used again."""
        with self.lock:
            self.keeper.reset()
            self._calibration.clear()
            self.reset_tracks()

    def reset_tracks(self) -> None:
        """Forgets the short-term state and keeps the map."""
        with self.lock:
            self._tracker.reset()
            self._tracks.clear()
            self._presence.reset()
            self._decider.clear()
            self._second_thoughts.clear()
            self._neighbourhood.clear()
            links = {i: self._map.cannot_link(i) for i in self._map.object_ids()}
            self._neighbourhood.remember({i: met for i, met in links.items() if met})
            self._last_stamp_ns = -1
            self._camera = CameraPath(self._config.max_pose_m, self._config.max_step_m)
            self._keyframes = KeyFrames()

    def correct_poses(self, poses: Mapping[int, NDArray[np.float64]]) -> int:
        """SLAM closed a loop: what was seen moves with the key frames that it was seen from.

        Args:
            poses: stamp of a frame, in nanoseconds, to its camera (4, 4) in the map as it is known now.
                In between, the correction changes in proportion of time.

        Returns:
            How many objects moved. Corrections of less than 1 cm and 0.3 degrees wait until they add up.

        Raises:
            InputError: a pose is none, or no stamp is that of a frame of this run; nothing changed.
        """
        with self.lock:
            stamps, corrections = self._keyframes.correct(poses)
            if not len(stamps):
                return 0
            for record in self._tracks:
                last = moved_between(stamps, corrections, np.array([record.last_ns]))
                record.geometry = moved(record.geometry, last)
            count = self._map.correct_poses(stamps, corrections, self._first_visit)
            self.keeper.record()
            return count

    def update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        """As ``Associator.update`` promises.

        A frame with the stamp of the last one is taken as another look at the same moment. A pose
        that is too far away is logged and the frame treated as one without a pose.

        Raises:
            InputError: counts, sizes or models disagree; the state is unchanged.
        """
        with self.lock:
            return self._update(frame, instances, embeddings)

    def _update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        self._check(frame, instances, embeddings)
        if 0 < self._last_stamp_ns - frame.stamp_ns <= _LATE_NS:
            log.warning("the frame of %d ns is left out: it came after a later one", frame.stamp_ns)
            return Association(())
        if frame.stamp_ns < self._last_stamp_ns:
            log.warning(
                "time went back from %d to %d ns: tracks end, the map stays",
                self._last_stamp_ns,
                frame.stamp_ns,
            )
            self.reset_tracks()
        self._second_thoughts.follow_edits()
        self._map.use(embeddings.model)
        self._calibration.use(embeddings.model)
        self._last_stamp_ns = frame.stamp_ns
        pose, motion = self._camera.take(frame) if self._config.use_geometry else (None, None)
        if pose is not None:
            if not len(self._keyframes):  # earlier visits were seen from key frames of another run
                self._first_visit = self._map.next_visit_id
            self._keyframes.add(frame.stamp_ns, pose)
        self._tracker.go_on_after(self._map.last_track_id)
        geometry = InstanceGeometry.unknown(len(instances))
        if self._config.use_geometry:
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
        numbered = self.keeper.record(events)
        in_view = [i for i in held.tolist() if i]
        self._decider.saw(in_view, frame.stamp_ns)
        self._neighbourhood.observe(in_view)
        numbered += self._second_thoughts.reconsider(held, frame.stamp_ns)
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
        range_m = self._config.presence.max_range_m
        near = self._map.near(pose[None, :3, 3], range_m)
        places = self._map.places(near)
        gone = self._presence.update(frame, pose, instances, of_instance, np.array(near, np.int64), places)
        gone = [i for i in gone if self._map.state_of(i) != ObjectState.ABSENT]
        for object_id in gone:
            self._map.set_state(object_id, ObjectState.ABSENT)
            self._tracks.release_object(object_id)  # when it is seen again, that is told
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
        labels = [instances.labels[i] for i in rows]
        if self._calibration.learning:
            few = slice(_LEARN_FROM)
            similarity = self._map.similarities(object_ids[few], embeddings.data[rows[few]])
            self._calibration.learn(similarity, labels[few])
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
