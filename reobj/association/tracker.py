"""Short-term tracks in the image: DeepSORT, vectorised over tracks.

Written from N. Wojke, A. Bewley, D. Paulus, "Simple Online and Realtime Tracking with a Deep
Association Metric", 2017 (arXiv 1703.07402), with a seam for the motion of the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reobj.association import kalman
from reobj.association.assignment import assign
from reobj.association.boxes import iou, to_centre, to_corners
from reobj.association.gallery import remember, smallest_distance
from reobj.association.motion import NEAR_M, CameraMotion
from reobj.association.shift import common_shift
from reobj.association.table import Table
from reobj.association.tracker_config import TrackerConfig
from reobj.errors import InputError, mismatch
from reobj.types import Instances, TrackState

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Track:
    """Which track a detection of the present frame belongs to.

    Attributes:
        index: row of the detection.
        track_id: > 0, never reused by its tracker.
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


class Tracker:
    """Follows instances from frame to frame. One per camera; ids are unique within it."""

    def __init__(self, config: TrackerConfig | None = None) -> None:
        self._config = config or TrackerConfig()
        self._tracks: Table | None = None
        self._dim = 0
        self._next_id = 1
        self._last_stamp_ns = -1
        self._labels: dict[str, int] = {}

    @property
    def track_ids(self) -> frozenset[int]:
        """The tracks that live, seen in the last frame or not."""
        return frozenset() if self._tracks is None else frozenset(self._tracks["id"].tolist())

    def reset(self) -> None:
        """Ends all tracks. Their ids are not used again."""
        self._tracks = None
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
        )
        self._predict(tracks, camera_motion)
        if camera_motion is None and self._config.follow_camera:
            self._follow(tracks, seen)
        matches, unmatched = self._match(tracks, seen)
        self._correct(tracks, matches, seen)
        self._start(tracks, unmatched, seen)
        owners = np.concatenate([matches[:, 1], unmatched])
        rows = np.concatenate([matches[:, 0], np.arange(len(tracks) - len(unmatched), len(tracks))])
        result = self._report(tracks, rows, owners)
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
            self._tracks, self._dim = _new_table(self._config.budget, dim), dim
        return self._tracks

    def _interrupted(self, stamp_ns: int) -> bool:
        gap_ns = stamp_ns - self._last_stamp_ns
        return self._last_stamp_ns >= 0 and (gap_ns < 0 or gap_ns > self._config.max_gap_s * 1e9)

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
        tracks["mean"][:, 0, :2] = centres
        tracks["mean"][:, 0, 3] *= scale
        tracks["mean"][:, 1, [0, 1, 3]] *= scale[:, None]
        tracks["covariance"][:, :, [0, 1, 3]] *= (scale * scale)[:, None, None]
        tracks["depth"][:] = depths
        tracks.keep(front)

    def _follow(self, tracks: Table, seen: _Seen) -> None:
        """Shifts all tracks by what those seen in the last frame do together."""
        recent = np.flatnonzero(tracks["age"] == 1)
        mean, latest = tracks["mean"], (tracks["views"][recent] - 1) % self._config.budget
        similarity = tracks["gallery"][recent, latest] @ seen.embeddings.T
        centres, heights = mean[recent, 0, :2], mean[recent, 0, 3]
        mean[:, 0, :2] += common_shift(centres, heights, seen.boxes[:, :2], similarity)

    def _match(self, tracks: Table, seen: _Seen) -> tuple[Indices, Indices]:
        """Pairs (M, 2) of track row and detection, and the detections that are left."""
        left: Indices = np.arange(len(seen.boxes))
        if len(tracks) == 0 or len(left) == 0:
            return np.zeros((0, 2), np.intp), left
        mean, confirmed, age = tracks["mean"], tracks["confirmed"], tracks["age"]
        motion = kalman.gating_distance(mean, tracks["covariance"], seen.boxes) / kalman.CHI2_95_4
        overlap = iou(to_corners(mean[:, 0]), to_corners(seen.boxes))
        elsewhere = self._elsewhere(tracks["depth"], seen.depths)
        motion[elsewhere], overlap[elsewhere] = np.inf, 0.0
        last = (age == 1)[:, None] & (overlap >= self._config.min_iou)
        filled = tracks["gallery"][:, : tracks["views"].max()]
        appearance = smallest_distance(filled, seen.embeddings, confirmed[:, None] & ((motion <= 1) | last))
        label_cost = self._config.label_cost * (tracks["label"][:, None] != seen.labels[None])
        pairs, left = self._cascade(confirmed, age, self._cascade_cost(motion, appearance) + label_cost, left)
        free = ~confirmed | (age == 1)
        free[pairs[:, 0]] = False
        more, left = self._by_overlap(free, confirmed, overlap, appearance, label_cost, left)
        return np.concatenate([pairs, more]), left

    def _elsewhere(self, predicted: kalman.Array, measured: kalman.Array) -> NDArray[np.bool_]:
        """(T, N) pairs whose depths differ too much; an unknown depth fits all."""
        ratio = predicted[:, None] / measured[None]
        limit = self._config.max_depth_ratio
        return (ratio > limit) | (ratio < 1 / limit)

    def _cascade_cost(self, motion: kalman.Array, appearance: kalman.Array) -> kalman.Array:
        """Equation 5 over the product of both gates, equation 6; infinity outside."""
        weight = self._config.motion_weight
        relative = appearance / self._config.max_cosine_distance
        with np.errstate(invalid="ignore"):  # 0 * infinity where a pair is not wanted
            cost = weight * motion + (1 - weight) * relative
        return np.where((motion <= 1) & (relative <= 1), cost, np.inf)

    def _cascade(
        self, confirmed: NDArray[np.bool_], age: NDArray[np.int64], cost: kalman.Array, left: Indices
    ) -> tuple[Indices, Indices]:
        """The matching cascade, listing 1: tracks seen more recently choose first."""
        pairs: list[Indices] = [np.zeros((0, 2), np.intp)]
        gate = 1 + self._config.label_cost
        hopeful = confirmed & (cost <= gate).any(axis=1)
        for steps in np.unique(age[hopeful]):
            rows = np.flatnonzero(hopeful & (age == steps))
            found, _, rest = assign(cost[np.ix_(rows, left)], gate)
            pairs.append(np.stack([rows[found[:, 0]], left[found[:, 1]]], axis=1))
            left = left[rest]
        return np.concatenate(pairs), left

    def _by_overlap(
        self,
        free: NDArray[np.bool_],
        confirmed: NDArray[np.bool_],
        overlap: kalman.Array,
        appearance: kalman.Array,
        label_cost: kalman.Array,
        left: Indices,
    ) -> tuple[Indices, Indices]:
        """Section 2.3, last step: tentative tracks, and those seen in the last frame, by IoU."""
        rows = np.flatnonzero(free)
        foreign = confirmed[:, None] & (appearance > self._config.max_overlap_cosine_distance)
        refused = foreign | (overlap < self._config.min_iou)
        cost = np.where(refused, np.inf, 1 - overlap + label_cost)
        gate = 1 - self._config.min_iou + self._config.label_cost
        found, _, rest = assign(cost[np.ix_(rows, left)], gate)
        return np.stack([rows[found[:, 0]], left[found[:, 1]]], axis=1), left[rest]

    def _correct(self, tracks: Table, matches: Indices, seen: _Seen) -> None:
        rows, of = matches[:, 0], matches[:, 1]
        mean, covariance, depths = tracks["mean"], tracks["covariance"], seen.depths[of]
        mean[rows], covariance[rows] = kalman.update(mean[rows], covariance[rows], seen.boxes[of])
        tracks["age"][rows] = 0
        tracks["hits"][rows] += 1
        tracks["confirmed"][:] |= tracks["hits"] >= self._config.n_init
        tracks["depth"][rows] = np.where(np.isfinite(depths), depths, tracks["depth"][rows])
        remember(tracks["gallery"], tracks["views"], rows, seen.embeddings[of])

    def _start(self, tracks: Table, unmatched: Indices, seen: _Seen) -> None:
        n = len(unmatched)
        mean, covariance = kalman.initiate(seen.boxes[unmatched])
        tracks.append(
            n,
            id=np.arange(self._next_id, self._next_id + n),
            hits=1,
            confirmed=self._config.n_init <= 1,
            label=seen.labels[unmatched],
            depth=seen.depths[unmatched],
            mean=mean,
            covariance=covariance,
            views=1,
            gallery=seen.embeddings[unmatched][:, None],
        )
        self._next_id += n

    def _report(self, tracks: Table, rows: Indices, owners: Indices) -> tuple[Track, ...]:
        order = np.argsort(owners)
        ids, confirmed = tracks["id"][rows[order]].tolist(), tracks["confirmed"][rows[order]].tolist()
        return tuple(Track(i, ids[i], TrackState(confirmed[i])) for i in range(len(ids)))

    def _end(self, tracks: Table) -> None:
        """Tentative tracks end at the first miss, confirmed ones when they are too old."""
        limit = np.where(tracks["confirmed"], self._config.max_age, 0)
        tracks.keep(tracks["age"] <= limit)


def _new_table(budget: int, dim: int) -> Table:
    return Table(
        {
            "id": ((), np.int64),
            "hits": ((), np.int64),
            "age": ((), np.int64),  # frames since it was seen
            "confirmed": ((), np.bool_),
            "label": ((), np.int64),
            "depth": ((), np.float64),
            "mean": ((2, 4), np.float64),
            "covariance": ((3, 4), np.float64),
            "views": ((), np.int64),
            "gallery": ((budget, dim), np.float32),
        }
    )
