"""Short-term tracks in the image: DeepSORT, vectorised over tracks.

Written from N. Wojke, A. Bewley, D. Paulus, "Simple Online and Realtime Tracking with a Deep
Association Metric", 2017 (arXiv 1703.07402), with a seam for the motion of the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reobj.association.table import Table
from reobj.association.tracks import kalman
from reobj.association.tracks.assignment import pairs
from reobj.association.tracks.boxes import iou, to_centre, to_corners
from reobj.association.tracks.gallery import remember, smallest_distance
from reobj.association.tracks.mask_overlap import LastMasks
from reobj.association.tracks.matching import Affinities, match
from reobj.association.tracks.motion import NEAR_M, CameraMotion
from reobj.association.tracks.shift import common_shift
from reobj.association.tracks.track_ids import TrackIds
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.errors import InputError, mismatch
from reobj.types import Instances, TrackState

Indices = NDArray[np.intp]

_STATES = {False: TrackState.TENTATIVE, True: TrackState.CONFIRMED}


@dataclass(frozen=True, slots=True)
class Track:
    """Which track a detection of the present frame belongs to.

    Attributes:
        index: row of the detection.
        track_id: > 0, never reused by its tracker, or by another one that shares its ids.
        state: tentative until it has been hit often enough.
    """

    index: int
    track_id: int
    state: TrackState


class _Seen(NamedTuple):
    """The N detections of a frame: boxes in centre form (N, 4), label codes, looks (N, D), depths (N,)."""

    boxes: kalman.Array
    labels: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    depths: kalman.Array
    label_image: NDArray[np.uint16]


class Tracker:
    """Follows instances from frame to frame. One per camera.

    Args:
        config: see there.
        ids: gives the ids; to be shared with the trackers of other cameras.

    Attributes:
        config: may be replaced between two frames, but for ``budget`` and ``overlap``.
    """

    def __init__(self, config: TrackerConfig | None = None, ids: TrackIds | None = None) -> None:
        self.config = config or TrackerConfig()
        self._ids = ids or TrackIds()
        self._tracks: Table | None = None
        self._dim = 0
        self._last_stamp_ns = -1
        self._last_masks: LastMasks | None = None
        self._labels: dict[str, int] = {}

    @property
    def track_ids(self) -> frozenset[int]:
        """The tracks that live, seen in the last frame or not."""
        return frozenset() if self._tracks is None else frozenset(self._tracks["id"].tolist())

    def reset(self) -> None:
        """Ends all tracks. Their ids are not used again."""
        self._tracks = None
        self._last_masks = None
        self._last_stamp_ns = -1

    def update(
        self,
        stamp_ns: int,
        instances: Instances,
        embeddings: NDArray[np.float32],
        camera_motion: CameraMotion | None = None,
        depths: NDArray[np.float64] | None = None,
    ) -> tuple[Track, ...]:
        """Takes the next frame, with or without detections; every detection ends up in a track.

        A stamp before the last one, or a longer gap than ``max_gap_s``, ends all tracks first.

        Args:
            stamp_ns: time of the frame.
            instances: N detections.
            embeddings: (N, D) unit rows.
            camera_motion: since the last frame, None where unknown.
            depths: (N,) metres along the optical axis, NaN where unknown.

        Raises:
            InputError: counts disagree, or D differs from that of the living tracks; nothing has changed.
        """
        tracks = self._checked(instances, embeddings)
        if self._interrupted(stamp_ns):
            tracks.clear()
        self._last_stamp_ns = stamp_ns
        seen = _Seen(
            to_centre(instances.boxes),
            self._label_codes(instances.labels),
            embeddings,
            np.full(len(instances), np.nan) if depths is None else depths,
            instances.label_image,
        )
        self._predict(tracks, camera_motion)
        if camera_motion is None and self.config.follow_camera:
            self._follow(tracks, seen)
        matches, unmatched = self._match(tracks, seen)
        self._correct(tracks, matches, seen)
        started = self._start(tracks, unmatched, seen)
        owned = np.concatenate([matches, pairs(started, unmatched)])
        result = self._report(tracks, owned)
        if self.config.overlap == "mask":
            tracks["detection"][owned[:, 0]] = owned[:, 1]
            self._last_masks = LastMasks(seen.label_image, seen.boxes[:, :2])
        self._end(tracks)
        return result

    def _checked(self, instances: Instances, embeddings: NDArray[np.float32]) -> Table:
        """The table of tracks for embeddings of this length."""
        if embeddings.ndim != 2 or len(embeddings) != len(instances):
            raise InputError(
                mismatch("embeddings", f"({len(instances)}, D), one per instance", embeddings.shape)
            )
        dim = embeddings.shape[1]
        if self._tracks is not None and dim != self._dim and len(self._tracks):
            raise InputError(mismatch("embeddings", f"length {self._dim} as in the living tracks", dim))
        if self._tracks is None or dim != self._dim:
            self._tracks, self._dim = _new_table(self.config.budget, dim), dim
        return self._tracks

    def _interrupted(self, stamp_ns: int) -> bool:
        gap_ns = stamp_ns - self._last_stamp_ns
        return self._last_stamp_ns >= 0 and (gap_ns < 0 or gap_ns > self.config.max_gap_s * 1e9)

    def _label_codes(self, labels: tuple[str, ...]) -> NDArray[np.int64]:
        codes = [self._labels.setdefault(label, len(self._labels)) for label in labels]
        return np.array(codes, dtype=np.int64)

    def _predict(self, tracks: Table, camera_motion: CameraMotion | None) -> None:
        """Moves all tracks to the present frame; those that passed behind the camera end."""
        kalman.predict(tracks["mean"], tracks["covariance"])
        tracks["age"][:] += 1
        if camera_motion is None or len(tracks) == 0:
            return
        centres, depths = camera_motion.warp(tracks["mean"][:, 0, :2], tracks["depth"])
        front = ~(depths < NEAR_M)
        ratio = tracks["depth"] / np.where(front, depths, np.nan)
        scale = np.where(np.isfinite(ratio), ratio, 1.0)
        kalman.move(tracks["mean"], tracks["covariance"], centres, scale)
        tracks["depth"][:] = depths
        tracks.keep(front)

    def _follow(self, tracks: Table, seen: _Seen) -> None:
        """Shifts all tracks by what those seen in the last frame do together."""
        recent = np.flatnonzero(tracks["age"] == 1)
        mean, latest = tracks["mean"], (tracks["views"][recent] - 1) % self.config.budget
        similarity = tracks["gallery"][recent, latest] @ seen.embeddings.T
        centres, heights = mean[recent, 0, :2], mean[recent, 0, 3]
        mean[:, 0, :2] += common_shift(centres, heights, seen.boxes[:, :2], similarity)

    def _match(self, tracks: Table, seen: _Seen) -> tuple[Indices, Indices]:
        """Pairs (M, 2) of track row and detection, and the detections that are left."""
        if len(tracks) == 0 or len(seen.boxes) == 0:
            return np.zeros((0, 2), np.intp), np.arange(len(seen.boxes))
        confirmed, age = tracks["confirmed"], tracks["age"]
        motion = kalman.gating_distance(tracks["mean"], tracks["covariance"], seen.boxes) / kalman.CHI2_95_4
        overlap = self._overlap(tracks, seen)
        elsewhere = self._elsewhere(tracks["depth"], seen.depths)
        motion[elsewhere], overlap[elsewhere] = np.inf, 0.0
        filled = tracks["gallery"][:, : tracks["views"].max()]
        near = (motion <= 1) | (overlap >= self.config.min_iou)
        appearance = smallest_distance(filled, seen.embeddings, confirmed[:, None] & near)
        label = self.config.label_cost * (tracks["label"][:, None] != seen.labels[None])
        return match(confirmed, age, Affinities(motion, overlap, appearance, label), self.config)

    def _overlap(self, tracks: Table, seen: _Seen) -> kalman.Array:
        """(T, N) of the tracks seen in the last frame, by boxes or masks; 0 for the others."""
        overlap = np.zeros((len(tracks), len(seen.boxes)))
        recent = np.flatnonzero(tracks["age"] == 1)
        mean = tracks["mean"][recent, 0]
        overlap[recent] = iou(to_corners(mean), to_corners(seen.boxes))
        if self._last_masks is not None:
            by_mask = self._last_masks.overlap(
                tracks["detection"][recent], mean[:, :2], seen.label_image, len(seen.boxes)
            )
            overlap[recent] = np.where(np.isnan(by_mask), overlap[recent], by_mask)
        return overlap

    def _elsewhere(self, predicted: kalman.Array, measured: kalman.Array) -> NDArray[np.bool_]:
        """(T, N) pairs whose depths differ too much; an unknown depth fits all."""
        ratio = predicted[:, None] / measured[None]
        limit = self.config.max_depth_ratio
        return (ratio > limit) | (ratio < 1 / limit)

    def _correct(self, tracks: Table, matches: Indices, seen: _Seen) -> None:
        rows, of = matches[:, 0], matches[:, 1]
        mean, covariance, depths = tracks["mean"], tracks["covariance"], seen.depths[of]
        mean[rows], covariance[rows] = kalman.update(mean[rows], covariance[rows], seen.boxes[of])
        tracks["age"][rows] = 0
        tracks["hits"][rows] += 1
        tracks["confirmed"][:] |= tracks["hits"] >= self.config.n_init
        tracks["depth"][rows] = np.where(np.isfinite(depths), depths, tracks["depth"][rows])
        remember(tracks["gallery"], tracks["views"], rows, seen.embeddings[of])

    def _start(self, tracks: Table, unmatched: Indices, seen: _Seen) -> Indices:
        """Begins a track at each of these detections; returns their rows."""
        n = len(unmatched)
        mean, covariance = kalman.initiate(seen.boxes[unmatched])
        rows = tracks.append(
            n,
            id=self._ids.take(n),
            hits=1,
            confirmed=self.config.n_init <= 1,
            label=seen.labels[unmatched],
            depth=seen.depths[unmatched],
            mean=mean,
            covariance=covariance,
            views=1,
            gallery=seen.embeddings[unmatched][:, None],
        )
        return np.arange(rows.start, rows.stop)

    def _report(self, tracks: Table, owned: Indices) -> tuple[Track, ...]:
        """What each detection belongs to, from pairs (N, 2) of track row and detection, in any order."""
        row_of = np.empty(len(owned), np.intp)
        row_of[owned[:, 1]] = owned[:, 0]
        ids, confirmed = tracks["id"][row_of].tolist(), tracks["confirmed"][row_of].tolist()
        states = [_STATES[c] for c in confirmed]
        return tuple(map(Track, range(len(ids)), ids, states))

    def _end(self, tracks: Table) -> None:
        """Tentative tracks end at the first miss, confirmed ones when they are too old."""
        limit = np.where(tracks["confirmed"], self.config.max_age, 0)
        tracks.keep(tracks["age"] <= limit)


def _new_table(budget: int, dim: int) -> Table:
    return Table(
        {
            "id": ((), np.int64),
            "hits": ((), np.int64),
            "age": ((), np.int64),  # frames since it was seen
            "confirmed": ((), np.bool_),
            "label": ((), np.int64),
            "detection": ((), np.int64),  # which one it was when it was seen last, for its mask
            "depth": ((), np.float64),
            "mean": ((2, 4), np.float64),
            "covariance": ((3, 4), np.float64),
            "views": ((), np.int64),
            "gallery": ((budget, dim), np.float32),
        }
    )
