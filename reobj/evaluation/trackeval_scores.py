"""IDF1, HOTA and id switches by trackeval, over frames that are kept sparse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.errors import ConfigError
from reobj.evaluation.truth_matching import MIN_IOU


@dataclass(frozen=True, slots=True, eq=False)
class _SparseFrame:
    """One frame; masks do not overlap among themselves, so few of the pairs have an IoU.

    Attributes:
        true_columns, id_columns: (G,), (P,) int32, consecutive numbers of the true and the given ids.
        pairs: (2, K) int32, rows into the two arrays above, of the pairs that overlap.
        iou: (K,) float64 of those pairs.
    """

    true_columns: NDArray[np.int32]
    id_columns: NDArray[np.int32]
    pairs: NDArray[np.int32]
    iou: NDArray[np.float64]


class _Similarities(Sequence[NDArray[np.float64]]):
    """The (G, P) IoU matrix of each frame, made when it is asked for."""

    def __init__(self, frames: Sequence[_SparseFrame]) -> None:
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: Any) -> Any:
        frame = self._frames[index]
        dense = np.zeros((len(frame.true_columns), len(frame.id_columns)))
        dense[frame.pairs[0], frame.pairs[1]] = frame.iou
        return dense


@dataclass(frozen=True, slots=True)
class TrackScores:
    """What trackeval says, each in [0, 1] but for the switches; None where nothing was there to score.

    Attributes:
        idf1, idp, idr: Ristani et al. 2016, "Performance Measures and a Data Set for Multi-Target,
            Multi-Camera Tracking", equations 11, 9 and 10; at IoU 0.5.
        hota, deta, assa, assre, asspr: Luiten et al. 2021, "HOTA: A Higher Order Metric for Evaluating
            Multi-Object Tracking"; means over the IoU thresholds 0.05, 0.10, ..., 0.95.
        id_switches: IDSW of CLEAR MOT (Bernardin and Stiefelhagen 2008), at IoU 0.5.
    """

    idf1: float | None
    idp: float | None
    idr: float | None
    hota: float | None
    deta: float | None
    assa: float | None
    assre: float | None
    asspr: float | None
    id_switches: int


@dataclass(frozen=True, slots=True, eq=False)
class TrackCounts:
    """What trackeval counted in one recording.

    Attributes:
        true_detections: true objects, counted per frame.
        clear, hota, identity: trackeval's own results by name.
    """

    true_detections: int
    clear: Mapping[str, Any]
    hota: Mapping[str, Any]
    identity: Mapping[str, Any]


def combined_scores(counts: Sequence[TrackCounts]) -> TrackScores:
    """The scores of several recordings as one, as trackeval's "combined" row has them: counts are added.

    Raises:
        ConfigError: trackeval is not installed.
    """
    _, hota, identity = _metrics()
    switches = sum(int(item.clear["IDSW"]) for item in counts)
    known = {str(row): item for row, item in enumerate(counts) if item.true_detections}
    if not known:
        return TrackScores(None, None, None, None, None, None, None, None, switches)
    result = {
        **identity.combine_sequences({row: item.identity for row, item in known.items()}),
        **hota.combine_sequences({row: item.hota for row, item in known.items()}),
    }
    names = ("IDF1", "IDP", "IDR", "HOTA", "DetA", "AssA", "AssRe", "AssPr")
    means = {name.lower(): float(np.mean(result[name])) for name in names}
    return TrackScores(**means, id_switches=switches)


class TrackevalRecorder:
    """Keeps each frame in a few hundred bytes until the scores are asked for."""

    def __init__(self) -> None:
        self._frames: list[_SparseFrame] = []
        self._true_columns: dict[int, int] = {}
        self._id_columns: dict[int, int] = {}

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._frames)

    @property
    def true_objects(self) -> int:
        """Number of distinct true ids."""
        return len(self._true_columns)

    def add(self, true_ids: Sequence[int], object_ids: Sequence[int], iou: NDArray[np.float64]) -> None:
        """Takes one frame.

        Args:
            true_ids: G distinct true ids.
            object_ids: P distinct ids that were given.
            iou: (G, P) float64 in [0, 1].
        """
        pairs = np.stack(np.nonzero(iou)).astype(np.int32)
        self._frames.append(
            _SparseFrame(
                _columns(self._true_columns, true_ids),
                _columns(self._id_columns, object_ids),
                pairs,
                iou[pairs[0], pairs[1]],
            )
        )

    def counts(self) -> TrackCounts:
        """Runs trackeval over all frames so far; what it counted can be put together with other runs'.

        Raises:
            ConfigError: trackeval is not installed.
        """
        data = self._data()
        clear, hota, identity = (metric.eval_sequence(data) for metric in _metrics())
        return TrackCounts(data["num_gt_dets"], clear, hota, identity)

    def scores(self) -> TrackScores:
        """The scores over all frames so far.

        Raises:
            ConfigError: trackeval is not installed.
        """
        return combined_scores([self.counts()])

    def _data(self) -> dict[str, Any]:
        """The run in the form that trackeval's metrics take."""
        return {
            "num_timesteps": len(self._frames),
            "num_gt_ids": len(self._true_columns),
            "num_tracker_ids": len(self._id_columns),
            "num_gt_dets": sum(len(frame.true_columns) for frame in self._frames),
            "num_tracker_dets": sum(len(frame.id_columns) for frame in self._frames),
            "gt_ids": [frame.true_columns for frame in self._frames],
            "tracker_ids": [frame.id_columns for frame in self._frames],
            "similarity_scores": _Similarities(self._frames),
        }


def _columns(numbers: dict[int, int], ids: Sequence[int]) -> NDArray[np.int32]:
    """Consecutive numbers of ids, in the order in which they were met."""
    return np.array([numbers.setdefault(int(i), len(numbers)) for i in ids], np.int32)


def _metrics() -> tuple[Any, Any, Any]:
    """CLEAR, HOTA and Identity. Imported late: only evaluation needs trackeval, a robot does not."""
    try:
        from trackeval.metrics import CLEAR, HOTA, Identity
    except ImportError as error:
        raise ConfigError(f"scores: expected the package trackeval to be installed, got: {error}") from error
    config = {"THRESHOLD": MIN_IOU, "PRINT_CONFIG": False}
    return CLEAR(dict(config)), HOTA(), Identity(dict(config))
