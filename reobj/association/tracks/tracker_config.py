"""What can be set about short-term tracks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from reobj.errors import ConfigError, mismatch

Overlap = Literal["box", "mask"]


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """Parameters of the tracker. The defaults are ours; ``deepsort_paper`` has those of the paper.

    Ours differ because the frame rate is low and the object map stands behind the tracks: a track
    that ends too early costs a re-identification, a track that slides to another object costs the
    truth. So the place in the image counts as much as the looks, another label is held against a
    pair, and overlap alone does not carry a track over to something that looks different. A track is
    confirmed one hit earlier, as a visit at ten frames a second is short. Depth and the common motion
    of the boxes are used where the paper had neither.

    Attributes:
        max_age: frames that a confirmed track survives unseen; raising it keeps tracks through longer
            occlusions and makes wrong continuations more likely.
        n_init: hits until a track is confirmed; raising it costs frames without an identity.
        budget: embeddings remembered per track; raising it costs time and memory.
        max_cosine_distance: gate on appearance in the cascade, in (0, 2].
        motion_weight: lambda of equation 5 in [0, 1], with both distances as shares of their gates.
        label_cost: added to a cost (as a share of its gate) when the labels differ; 0 ignores labels.
        min_iou: least overlap in the IoU step.
        overlap: of what: "box", or "mask" with the masks of the last frame moved to the predicted boxes,
            which costs time and tells apart what stands in front of what.
        max_overlap_cosine_distance: gate on appearance of confirmed tracks in the IoU step; 2 for none.
        max_depth_ratio: where depths are known, a detection nearer or farther by more than this factor
            is something else; infinity ignores depth.
        follow_camera: without a pose, take what most boxes do together for a turn of the camera.
        max_gap_s: a longer pause between two frames ends all tracks; nothing is known of the image any more.
    """

    max_age: int = 30
    n_init: int = 2
    budget: int = 30
    max_cosine_distance: float = 0.3
    motion_weight: float = 0.5
    label_cost: float = 0.3
    min_iou: float = 0.3
    overlap: Overlap = "box"
    max_overlap_cosine_distance: float = 0.6
    max_depth_ratio: float = 1.35
    follow_camera: bool = True
    max_gap_s: float = 5.0

    def __post_init__(self) -> None:
        checks = {
            "max_age": self.max_age >= 1,
            "n_init": self.n_init >= 1,
            "budget": self.budget >= 1,
            "max_cosine_distance": 0 < self.max_cosine_distance <= 2,
            "motion_weight": 0 <= self.motion_weight <= 1,
            "label_cost": self.label_cost >= 0,
            "min_iou": 0 < self.min_iou <= 1,
            "overlap": self.overlap in ("box", "mask"),
            "max_overlap_cosine_distance": 0 <= self.max_overlap_cosine_distance <= 2,
            "max_depth_ratio": self.max_depth_ratio > 1,
            "max_gap_s": self.max_gap_s > 0,
        }
        for key, right in checks.items():
            if not right:
                raise ConfigError(mismatch(f"tracker.{key}", "a value in its range", getattr(self, key)))

    @classmethod
    def deepsort_paper(cls) -> TrackerConfig:
        """As the paper evaluates it: appearance only (lambda 0), gated by motion, 100 embeddings, 30 frames.

        The paper does not print its appearance gate; 0.2 is the value commonly used with its network.
        The IoU gate is that of SORT (Bewley et al. 2016), which it refers to.
        """
        return cls(
            max_age=30,
            n_init=3,
            budget=100,
            max_cosine_distance=0.2,
            motion_weight=0.0,
            label_cost=0.0,
            min_iou=0.3,
            max_overlap_cosine_distance=2.0,
            max_depth_ratio=math.inf,
            follow_camera=False,
            max_gap_s=math.inf,
        )
