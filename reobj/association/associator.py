"""Which object each instance is: short-term tracks before a long-term map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reobj.association.associator_config import AssociatorConfig
from reobj.association.base import Association
from reobj.association.camera_associator import CameraAssociator
from reobj.association.evidence import EvidenceTerm
from reobj.association.map.map_object import MapObject
from reobj.association.map.object_map import ObjectMap
from reobj.association.merging.merge_plan import MergeConfig
from reobj.association.shared_map import SharedMap
from reobj.encoding.similarity import SimilarityCalibration
from reobj.types import Embeddings, Frame, Instances, ModelId


class MapAssociator:
    """Keeps objects apart and knows them again, for as long as it lives.

    Every frame goes through the tracker. A track without an object is compared with the map until it
    is clear which object it is or, once the track is confirmed, that it is a new one. From then on it
    is that object and keeps its entry up to date. Colour alone is enough; depth and pose add evidence.
    Twice a second the objects in view are compared with the rest of the map: those that turn out to
    be one merge, and what turns out to be two is split.

    Several cameras can look at one map, each through its own ``camera``; ``update`` and ``correct_poses``
    are for one without a name.

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
        self._shared = SharedMap(config, measured, extra_evidence)
        self._cameras: dict[str, CameraAssociator] = {}
        self.evidence, self.keeper, self.lock = self._shared.evidence, self._shared.keeper, self._shared.lock

    @property
    def config(self) -> AssociatorConfig:
        """The parameters that hold."""
        return self._shared.config

    @property
    def object_map(self) -> ObjectMap:
        """The long-term map."""
        return self._shared.object_map

    @property
    def model(self) -> ModelId | None:
        """The network whose embeddings it takes; None before the first frame."""
        return self.object_map.model

    def objects(self) -> tuple[MapObject, ...]:
        """Copies of all objects of the map."""
        with self.lock:
            return self.object_map.objects()

    def camera(self, name: str = "") -> CameraAssociator:
        """What takes the frames of one camera; always the same for one name.

        Cameras have their tracks, their pose and the order of their frames to themselves, and share all
        else, ids of tracks included. Their stamps are of one clock; which of them is ahead does not
        matter. Two of them may be updated from two threads: the lock lets them in in turn.
        """
        with self.lock:
            if name not in self._cameras:
                self._cameras[name] = self._shared.cameras[name] = CameraAssociator(self._shared, name)
            return self._cameras[name]

    def update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        """As ``CameraAssociator.update``."""
        return self.camera().update(frame, instances, embeddings)

    def correct_poses(self, poses: Mapping[int, NDArray[np.float64]]) -> int:
        """As ``CameraAssociator.correct_poses``."""
        return self.camera().correct_poses(poses)

    def visit_of(self, track_id: int) -> int:
        """The visit that a living track of any camera is in; 0 while it is no object."""
        with self.lock:
            return max((camera.visit_of(track_id) for camera in self._cameras.values()), default=0)

    def tune(self, config: AssociatorConfig) -> None:
        """As ``SharedMap.tune``; ``tuning.LIVE`` has the names of what can change."""
        self._shared.tune(config)

    def reset(self) -> None:
        """As ``SharedMap.reset``."""
        self._shared.reset()

    def reset_tracks(self) -> None:
        """As ``SharedMap.reset_tracks``."""
        self._shared.reset_tracks()

    def merge_config(self, model: ModelId | None) -> MergeConfig:
        """As ``SharedMap.merge_config``."""
        return self._shared.merge_config(model)
