"""Which object each instance is: short-term tracks before a long-term map."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from reobj.association.associator_config import AssociatorConfig
from reobj.association.base import Association
from reobj.association.calibration_in_use import CalibrationInUse
from reobj.association.camera_path import CameraPath
from reobj.association.covisibility import CoVisibility
from reobj.association.decisions import decide
from reobj.association.evidence import AppearanceEvidence, EvidenceTerm
from reobj.association.geometry import InstanceGeometry, measure
from reobj.association.map_object import MapObject
from reobj.association.object_map import ObjectMap
from reobj.association.records import UNDECIDED, TrackRecord, queries
from reobj.association.tracker import Track, Tracker
from reobj.encoding.similarity import SimilarityCalibration
from reobj.errors import InputError, mismatch
from reobj.types import (
    DecisionKind,
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

#: 0.9999 quantile of chi-square with 3 degrees of freedom: an object is not where its track is
_FAR_OFF = 21.108
#: instances per frame from which a calibration is learned; all of a crowd would cost time and say no more
_LEARN_FROM = 20
#: frames in a row after which a track that is not where its object is loses it
_MAX_DOUBTS = 2
#: with fewer tracks in view, one of them far off can still be doubted
_FEW = 2


class MapAssociator:
    """Keeps objects apart and knows them again, for as long as it lives.

    Every frame goes through the tracker. A confirmed track without an object is compared with the
    map until it is clear which object it is, or that it is a new one. From then on it is that
    object and keeps its entry up to date. Colour alone is enough; depth and pose add evidence.

    Args:
        config: see there.
        measured: content hash of an encoder's model to the calibration that was measured of it.
        extra_evidence: further kinds of evidence by name, added to appearance, position and label.

    Attributes:
        evidence: all kinds by name, as they stand in the terms of a decision.
    """

    def __init__(
        self,
        config: AssociatorConfig | None = None,
        measured: Mapping[str, SimilarityCalibration] | None = None,
        extra_evidence: Mapping[str, EvidenceTerm] | None = None,
    ) -> None:
        self._config = c = config or AssociatorConfig()
        self._calibration = CalibrationInUse(c.calibration, c.thresholds, measured or {})
        self.evidence: dict[str, EvidenceTerm] = {
            "appearance": AppearanceEvidence(self._calibration, c.alike_probability, c.unlike_probability),
            "label": c.label,
            **({"position": c.position} if c.use_geometry else {}),
            **(extra_evidence or {}),
        }
        self._tracker = Tracker(c.tracker)
        self._map = ObjectMap(c.max_prototypes, c.min_novelty)
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
        return self._map.objects()

    def reset(self) -> None:
        """Forgets everything, the map too. Ids are still not used again."""
        self._map.clear()
        self._calibration.clear()
        self.reset_tracks()

    def reset_tracks(self) -> None:
        """Forgets the short-term state and keeps the map."""
        self._tracker.reset()
        self._records: dict[int, TrackRecord] = {}
        self._met = CoVisibility()
        self._last_stamp_ns = -1
        self._camera = CameraPath(self._config.max_pose_m, self._config.max_step_m)

    def update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        """As ``Associator.update`` promises.

        A frame with the stamp of the last one is taken as another look at the same moment. A pose
        that is too far away is logged and the frame treated as one without a pose.

        Raises:
            InputError: counts, sizes or models disagree; the state is unchanged.
        """
        self._check(frame, instances, embeddings)
        if frame.stamp_ns < self._last_stamp_ns:
            log.warning(
                "time went back from %d to %d ns: tracks end, the map stays",
                self._last_stamp_ns,
                frame.stamp_ns,
            )
            self.reset_tracks()
        self._map.use(embeddings.model)
        self._calibration.use(embeddings.model)
        self._last_stamp_ns = frame.stamp_ns
        pose, motion = self._camera.take(frame) if self._config.use_geometry else (None, None)
        geometry = InstanceGeometry.unknown(len(instances))
        if self._config.use_geometry:
            geometry = measure(frame, instances, pose)
        tracks = self._tracker.update(frame.stamp_ns, instances, embeddings.data, motion, geometry.depths)
        self._forget_ended()
        doubted = self._doubt(tracks, geometry)
        self._see(tracks, instances, embeddings, geometry, frame.stamp_ns)
        self._meet(frozenset(t.track_id for t in tracks if t.state == TrackState.CONFIRMED) - doubted)
        events = self._decide(tracks, frame.stamp_ns)
        skipped = doubted | {event.track_id for event in events if event.kind == EventKind.CREATED}
        older = [t for t in tracks if self._object_of(t) and t.track_id not in skipped]
        self._observe(older, instances, embeddings, geometry, frame.stamp_ns)
        return Association(tuple(self._tracked(t, geometry, t.track_id in doubted) for t in tracks), events)

    def _check(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> None:
        if len(embeddings) != len(instances):
            raise InputError(mismatch("embeddings", f"{len(instances)}, one per instance", len(embeddings)))
        instances.check_size(frame.height, frame.width)
        self._map.check_model(embeddings.model)

    def _forget_ended(self) -> None:
        ended = frozenset(self._records) - self._tracker.track_ids
        self._met.forget(ended)
        for track_id in ended:
            del self._records[track_id]

    def _see(
        self,
        tracks: tuple[Track, ...],
        instances: Instances,
        embeddings: Embeddings,
        geometry: InstanceGeometry,
        stamp_ns: int,
    ) -> None:
        """Gathers evidence for the tracks without an object."""
        c = self._config
        for track in tracks:
            i, record = track.index, self._records.get(track.track_id)
            if record is None:
                record = TrackRecord(embeddings.data[i], c.max_views, stamp_ns)
                self._records[track.track_id] = record
            if record.object_id == 0:
                here = geometry.select(slice(i, i + 1))
                record.see(embeddings.data[i], instances.labels[i], stamp_ns, here, c.min_novelty)

    def _meet(self, visible: frozenset[int]) -> None:
        """Remembers which tracks are seen together, and that their objects are different ones."""
        for track_id in self._met.observe(visible):
            if self._records[track_id].object_id:
                self._map.never_same(self._records[track_id].object_id, self._met.met(track_id))

    def _decide(self, tracks: tuple[Track, ...], stamp_ns: int) -> tuple[Event, ...]:
        """Compares the confirmed tracks without an object with the map."""
        ids = [
            t.track_id
            for t in tracks
            if t.state == TrackState.CONFIRMED and self._records[t.track_id].object_id == 0
        ]
        if not ids:
            return ()
        records = [self._records[i] for i in ids]
        asked = queries(records, self._map, self._config.full_novelty, self._config.most_views)
        located = bool(asked.places.located.all())
        candidates = self._map.candidates(
            asked.places.positions if located else None, self._config.gate_radius_m
        )
        terms = {name: term(asked, candidates) for name, term in self.evidence.items()}
        excluded = np.stack([np.isin(candidates.object_ids, list(self._met.met(i))) for i in ids])
        overdue = np.array([record.deferred >= self._config.max_deferred for record in records])
        decisions = decide(
            terms,
            excluded,
            candidates.object_ids,
            overdue,
            self._calibration.thresholds,
            candidates.population,
        )
        events = []
        for track_id, record, decision in zip(ids, records, decisions, strict=True):
            record.decision = decision
            if decision.kind == DecisionKind.DEFER:
                record.deferred += 1
                continue
            events.append(self._adopt(track_id, record, stamp_ns))
        return tuple(events)

    def _adopt(self, track_id: int, record: TrackRecord, stamp_ns: int) -> Event:
        """Makes the track the object that was decided on."""
        decision, absence_ns, kind = record.decision, 0, EventKind.REIDENTIFIED
        if decision.kind == DecisionKind.NEW:
            kind = EventKind.CREATED
            stamps = record.first_ns, record.last_ns
            object_id = self._map.create(record.views, record.labels, stamps, record.geometry)
            decision = record.decision = replace(decision, object_id=object_id)
        else:
            absence_ns = self._map.visit(decision.object_id, stamp_ns, record.views)
            self._release_others(track_id, decision.object_id)
        self._met.hold(track_id, decision.object_id)
        self._map.never_same(decision.object_id, self._met.met(track_id))
        return Event(kind, stamp_ns, (decision.object_id,), track_id, decision.probability, absence_ns)

    def _release_others(self, track_id: int, object_id: int) -> None:
        """An older track of the same object, out of view, starts anew if it comes back."""
        others = [i for i, record in self._records.items() if record.object_id == object_id and i != track_id]
        for other in others:
            self._release(other)

    def _release(self, track_id: int) -> None:
        """The track is no object any more and starts anew; whom it met before says nothing of it now."""
        self._met.forget(frozenset({track_id}))
        del self._records[track_id]

    def _doubt(self, tracks: tuple[Track, ...], geometry: InstanceGeometry) -> frozenset[int]:
        """Tracks that are far from where their objects are: they seem to have slid to other ones.

        After some frames they lose their objects. If most tracks are far off, it is the pose that is
        wrong, and none of them is doubted.
        """
        held = [t for t in tracks if self._object_of(t)]
        here = geometry.select(np.array([t.index for t in held], dtype=np.intp))
        there = self._map.places([self._object_of(t) for t in held])
        far = self._config.position.distance(here, there) > _FAR_OFF
        if 2 * np.count_nonzero(far) > max(len(held), _FEW):
            far[:] = False
        for track, doubted in zip(held, far.tolist(), strict=True):
            record = self._records[track.track_id]
            record.doubts = record.doubts + 1 if doubted else 0
            if record.doubts >= _MAX_DOUBTS:
                log.info("track %d is not where object %d is and loses it", track.track_id, record.object_id)
                self._release(track.track_id)
        return frozenset(held[k].track_id for k in np.flatnonzero(far) if self._object_of(held[k]))

    def _observe(
        self,
        held: list[Track],
        instances: Instances,
        embeddings: Embeddings,
        geometry: InstanceGeometry,
        stamp_ns: int,
    ) -> None:
        """Brings the objects of these tracks up to date."""
        rows = np.array([t.index for t in held], dtype=np.intp)
        object_ids = [self._object_of(t) for t in held]
        labels = [instances.labels[i] for i in rows]
        if self._calibration.learning:
            few = slice(_LEARN_FROM)
            similarity = self._map.similarities(object_ids[few], embeddings.data[rows[few]])
            self._calibration.learn(similarity, labels[few])
        self._map.observe(object_ids, embeddings.data[rows], labels, stamp_ns, geometry.select(rows))

    def _object_of(self, track: Track) -> int:
        record = self._records.get(track.track_id)
        return 0 if record is None else record.object_id

    def _tracked(self, track: Track, geometry: InstanceGeometry, doubted: bool) -> TrackedObject:
        record, i = self._records.get(track.track_id), track.index
        decision = UNDECIDED if record is None or doubted else record.decision
        if not geometry.located[i]:
            return TrackedObject(i, track.track_id, track.state, decision)
        return TrackedObject(
            i, track.track_id, track.state, decision, geometry.positions[i], geometry.covariances[i]
        )
