"""What can be set about the association of tracks with the objects of the map."""

from __future__ import annotations

from dataclasses import dataclass, field

from reobj.association.calibration_in_use import CalibrationConfig, ThresholdConfig
from reobj.association.evidence import LabelEvidence, PositionEvidence
from reobj.association.neighbourhood import NeighbourConfig
from reobj.association.presence import PresenceConfig
from reobj.association.reconsider import ReconsiderConfig
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.errors import ConfigError, mismatch


@dataclass(frozen=True, slots=True)
class AssociatorConfig:
    """Parameters of the map associator.

    Attributes:
        tracker: of the short-term tracks.
        calibration: what a similarity says.
        alike_probability: that another object looks the same.
        unlike_probability: that an object looks like another one.
        position, label, neighbours: what places, class names and the company of an object say.
        presence: when an object is missed that should be in view.
        reconsider: when objects that turn out to be one are merged.
        thresholds: when a decision is good enough.
        use_geometry: False ignores depth and pose even where a frame has them.
        max_deferred: frames after which the likelier half is enough for a decision; raising it costs
            frames without an identity.
        max_prototypes: embeddings kept per object; raising it costs memory and time.
        max_views: different views of a track that are compared.
        min_novelty: cosine distance from which an embedding is another view.
        full_novelty: cosine distance from which another view counts as much as the first.
        most_views: what the views of a track count for at most, as errors repeat.
        frames_together: frames in a row in which two tracks are seen until they are two objects for good.
        gate_radius_m: objects further from all tracks are not compared; only with positions.
        max_pose_m: a pose further from the origin is taken for an error.
        max_step_m: a larger step of the camera between two frames is a jump, not a motion.
    """

    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    calibration: CalibrationConfig = field(default_factory=CalibrationConfig)
    alike_probability: float = 0.01
    unlike_probability: float = 0.2
    position: PositionEvidence = field(default_factory=PositionEvidence)
    label: LabelEvidence = field(default_factory=LabelEvidence)
    neighbours: NeighbourConfig = field(default_factory=NeighbourConfig)
    presence: PresenceConfig = field(default_factory=PresenceConfig)
    reconsider: ReconsiderConfig = field(default_factory=ReconsiderConfig)
    thresholds: ThresholdConfig = field(default_factory=ThresholdConfig)
    use_geometry: bool = True
    max_deferred: int = 10
    max_prototypes: int = 32
    max_views: int = 10
    min_novelty: float = 0.02
    full_novelty: float = 0.03
    most_views: float = 5.0
    frames_together: int = 3
    gate_radius_m: float = 3.0
    max_pose_m: float = 10_000.0
    max_step_m: float = 2.0

    def __post_init__(self) -> None:
        counts = ("max_prototypes", "max_views", "most_views", "frames_together")
        for key in counts:
            if getattr(self, key) < 1:
                raise ConfigError(mismatch(f"association.{key}", "at least 1", getattr(self, key)))
        positive = ("full_novelty", "gate_radius_m", "max_pose_m", "max_step_m")
        for key in positive:
            if not getattr(self, key) > 0:
                raise ConfigError(mismatch(f"association.{key}", "more than 0", getattr(self, key)))
        if not 0 < self.unlike_probability < 1:
            raise ConfigError(
                mismatch("association.unlike_probability", "between 0 and 1", self.unlike_probability)
            )
