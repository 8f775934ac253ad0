"""What all cameras have in common: the map, and how tracks are compared with it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

from reobj.association.associator_config import AssociatorConfig
from reobj.association.calibration_in_use import CalibrationInUse
from reobj.association.evidence import AppearanceEvidence, EvidenceTerm
from reobj.association.map.map_keeper import MapKeeper
from reobj.association.map.object_map import ObjectMap
from reobj.association.merging.merge_plan import MergeConfig
from reobj.association.neighbourhood import Neighbourhood
from reobj.association.sightings import Sightings
from reobj.association.tracks.track_ids import TrackIds
from reobj.association.tuning import check_live
from reobj.encoding.similarity import SimilarityCalibration
from reobj.types import ModelId


class Camera(Protocol):
    """The short-term state of one camera."""

    def restart(self) -> None:
        """Forgets all tracks."""
        ...

    def release(self, object_id: int) -> None:
        """No track is the object any more."""
        ...

    def tune(self, config: AssociatorConfig) -> None:
        """Other parameters hold from now on."""
        ...


class SharedMap:
    """A map that several cameras look at.

    Args:
        config: see there.
        measured: content hash of an encoder's model to the calibration that was measured of it.
        extra_evidence: further kinds of evidence by name, added to those that there are.

    Attributes:
        config: the parameters that hold.
        evidence: all kinds by name, as they stand in the terms of a decision.
        calibration: of similarities, and the thresholds.
        neighbourhood: who is seen with whom, by any camera.
        keeper: the map with its history and its file.
        sightings: what the cameras have in view.
        track_ids: ids of tracks, unique over the cameras.
        cameras: by name.
        lock: held by whoever changes any of this.
    """

    def __init__(
        self,
        config: AssociatorConfig | None = None,
        measured: Mapping[str, SimilarityCalibration] | None = None,
        extra_evidence: Mapping[str, EvidenceTerm] | None = None,
    ) -> None:
        self.config = c = config or AssociatorConfig()
        self._measured, self._extra_evidence = measured or {}, extra_evidence or {}
        self.calibration = CalibrationInUse(c.calibration, c.thresholds, self._measured)
        self.neighbourhood = Neighbourhood(c.neighbours)
        self.keeper = MapKeeper(ObjectMap(c.max_prototypes, c.min_novelty))
        self.sightings = Sightings()
        self.track_ids = TrackIds()
        self.cameras: dict[str, Camera] = {}
        self.evidence = self._kinds_of_evidence()
        self.lock = threading.RLock()
        self.reset_tracks()

    def _kinds_of_evidence(self) -> dict[str, EvidenceTerm]:
        c = self.config
        return {
            "appearance": AppearanceEvidence(self.calibration, c.alike_probability, c.unlike_probability),
            "label": c.label,
            **({"position": c.position} if c.use_geometry else {}),
            "neighbours": self.neighbourhood,
            **self._extra_evidence,
        }

    @property
    def object_map(self) -> ObjectMap:
        """The long-term map."""
        return self.keeper.object_map

    def tune(self, config: AssociatorConfig) -> None:
        """Other parameters hold from the next frame on; nothing is forgotten.

        Raises:
            ConfigError: one of them, which it names, cannot change any more; all stay as they were.
        """
        with self.lock:
            check_live(self.config, config)
            self.config = config
            self.calibration.tune(config.thresholds)
            self.neighbourhood.config = config.neighbours
            self.evidence.update(self._kinds_of_evidence())
            for camera in self.cameras.values():
                camera.tune(config)

    def reset(self) -> None:
        """Forgets everything, the map too. Ids are still not used again."""
        with self.lock:
            self.keeper.reset()
            self.calibration.clear()
            self.reset_tracks()

    def reset_tracks(self) -> None:
        """Forgets the short-term state of all cameras and keeps the map."""
        with self.lock:
            for camera in self.cameras.values():
                camera.restart()
            self.neighbourhood.clear()
            links = {i: self.object_map.cannot_link(i) for i in self.object_map.object_ids()}
            self.neighbourhood.remember({i: met for i, met in links.items() if met})

    def merge_config(self, model: ModelId | None) -> MergeConfig:
        """What speaks for objects of two maps being one, with the calibration of their network."""
        c = self.config
        calibration = CalibrationInUse(c.calibration, c.thresholds, self._measured)
        if model is not None:
            calibration.use(model)
        looks = AppearanceEvidence(calibration, c.alike_probability, c.unlike_probability)
        return MergeConfig(looks, c.position, c.label)
