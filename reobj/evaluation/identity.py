"""How right the identities of a run are: IDF1, HOTA, switches, revisits, duplicates.

The definitions are in docs/metrics.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.evaluation.identity_truth import STRUCTURE, FrameTruth
from reobj.evaluation.ownership import IdTally
from reobj.evaluation.revisits import (
    MIN_ABSENCE_NS,
    JudgedVisit,
    Merge,
    VisitRecorder,
    judge,
    revisit_scores,
)
from reobj.evaluation.trackeval_scores import TrackCounts, TrackevalRecorder
from reobj.evaluation.truth_matching import Overlaps
from reobj.types import Instances, LabelImage, TrackedObject


@dataclass(frozen=True, slots=True)
class IdentityConfig:
    """What counts.

    Attributes:
        min_visible: part of the image in [0, 1] that a true object must cover to count; a smaller one
            is neither asked for nor held against the run. The default, 614 pixels of 640x480, is what
            the label-image detector asks of an object that the image's edge cuts. Lowering it asks for
            slivers; raising it leaves out far objects.
        min_absence_ns: an object unseen for this long is revisited when it is seen again; > 0.
        structure: labels of what is no object (counts as background).
    """

    min_visible: float = 2e-3
    min_absence_ns: int = MIN_ABSENCE_NS
    structure: tuple[str, ...] = STRUCTURE

    def __post_init__(self) -> None:
        if not 0 <= self.min_visible <= 1:
            raise InputError(mismatch("min_visible", "a part of the image in [0, 1]", self.min_visible))


@dataclass(frozen=True, slots=True)
class IdentityScores:
    """The scores of a run. Ratios are in [0, 1], and None where there was nothing to divide by.

    Attributes:
        frames: number of frames.
        objects_true: true objects that were visible enough in some frame.
        idf1, idp, idr, hota, deta, assa, assre, asspr, id_switches: see TrackScores.
        revisits, revisits_known, revisit_claims, revisits_right: counts, see RevisitScores.
        revisit_recall, revisit_precision: revisits_right of revisits_known, and of revisit_claims.
        map_objects: distinct ids ever published.
        duplicates: ids beyond the first of each true object.
        deferred: part of the detected true objects, counted per frame, that had no id (yet).
    """

    frames: int
    objects_true: int
    idf1: float | None
    idp: float | None
    idr: float | None
    hota: float | None
    deta: float | None
    assa: float | None
    assre: float | None
    asspr: float | None
    id_switches: int
    revisits: int
    revisits_known: int
    revisit_claims: int
    revisits_right: int
    revisit_recall: float | None
    revisit_precision: float | None
    map_objects: int
    duplicates: int
    deferred: float | None


class IdentityEvaluator:
    """Scores the identities of one run, frame by frame.

    An instance without an id (deferred) is no prediction: for HOTA and IDF1 its object is missed in this
    frame. True objects below ``min_visible`` are "don't care": they are left out, and so are the
    predictions that show them or lie on them for half their area or more.

    Attributes:
        detected: true objects that were detected so far, counted per frame.
        deferred: those of them without an id.
    """

    def __init__(self, config: IdentityConfig | None = None) -> None:
        self._config = config or IdentityConfig()
        self._tracks = TrackevalRecorder()
        self._visits = VisitRecorder(self._config.min_absence_ns)
        self._tally = IdTally()
        self._merges: list[Merge] = []
        self._last_stamp_ns = -1
        self.detected = 0
        self.deferred = 0

    def add(
        self, stamp_ns: int, truth: LabelImage, instances: Instances, objects: Sequence[TrackedObject]
    ) -> NDArray[np.int64]:
        """Takes one frame, in the order of time.

        Args:
            stamp_ns: of the frame.
            truth: its true instances.
            instances: what was detected in it.
            objects: what association said of them.

        Returns:
            (N,) int64: the true id that each instance shows, 0 for none, however small it is.

        Raises:
            InputError: stamps do not grow, sizes differ, or an object names an instance that is not
                there or an id that another instance has; the evaluator is unchanged.
        """
        return self.add_truth(stamp_ns, FrameTruth.of(instances, truth, self._config.structure), objects)

    def add_truth(
        self, stamp_ns: int, truth: FrameTruth, objects: Sequence[TrackedObject]
    ) -> NDArray[np.int64]:
        """Like ``add``, of masks that were compared with the truth already.

        Raises:
            InputError: stamps do not grow, or the objects are not those of this frame.
        """
        if stamp_ns <= self._last_stamp_ns:
            raise InputError(
                mismatch("stamp_ns", f"> {self._last_stamp_ns}, that of the last frame", stamp_ns)
            )
        overlaps, matched = truth.overlaps, truth.matched
        object_ids = _object_ids(len(matched), objects)
        cared = truth.cared(self._config.min_visible)
        self._last_stamp_ns = stamp_ns
        self._add_tracks(overlaps, cared, matched, object_ids)
        self._add_visits(stamp_ns, overlaps.true_ids[cared], matched, object_ids)
        given = object_ids > 0
        self._tally.add(zip(object_ids[given].tolist(), matched[given].tolist(), strict=True))
        return matched

    def merge(self, stamp_ns: int, kept: int, absorbed: Sequence[int]) -> None:
        """From this frame on, which comes next, the absorbed ids stand for the kept one.

        IDF1, HOTA and switches take the ids as they were published in each frame; revisits, ids and
        duplicates know of the merge.
        """
        self._merges.append(Merge(stamp_ns, kept, tuple(absorbed)))
        self._tally.merge(kept, absorbed)

    def _add_tracks(
        self,
        overlaps: Overlaps,
        cared: NDArray[np.bool_],
        matched: NDArray[np.int64],
        object_ids: NDArray[np.int64],
    ) -> None:
        on_cared = np.isin(matched, overlaps.true_ids[cared])
        covered = 2 * overlaps.shared[:, ~cared].sum(axis=1) >= np.maximum(overlaps.areas, 1)
        dont_care = np.where(matched > 0, ~on_cared, covered)
        counted = (object_ids > 0) & ~dont_care
        iou = overlaps.iou[np.ix_(counted, cared)].T
        self._tracks.add(overlaps.true_ids[cared].tolist(), object_ids[counted].tolist(), iou)
        self.detected += int(on_cared.sum())
        self.deferred += int((on_cared & (object_ids == 0)).sum())

    def _add_visits(
        self,
        stamp_ns: int,
        seen: NDArray[np.int64],
        matched: NDArray[np.int64],
        object_ids: NDArray[np.int64],
    ) -> None:
        rows = np.flatnonzero((matched > 0) & (object_ids > 0))
        given = dict(zip(matched[rows].tolist(), object_ids[rows].tolist(), strict=True))
        self._visits.add(stamp_ns, seen.tolist(), given)

    def judged_visits(self) -> list[JudgedVisit]:
        """Every visit so far with what its answer meant, e.g. to score by length of absence."""
        return judge(self._visits.visits, self._merges)

    @property
    def tally(self) -> IdTally:
        """Which true objects each id was given to."""
        return self._tally

    def track_counts(self) -> TrackCounts:
        """What trackeval counts, to be put together with other recordings. Raises ConfigError like scores."""
        return self._tracks.counts()

    def scores(self) -> IdentityScores:
        """The scores over all frames so far.

        Raises:
            ConfigError: trackeval is not installed.
        """
        revisits = revisit_scores(self.judged_visits())
        return IdentityScores(
            frames=len(self._tracks),
            objects_true=self._tracks.true_objects,
            **asdict(self._tracks.scores()),
            revisits=revisits.revisits,
            revisits_known=revisits.known,
            revisit_claims=revisits.claims,
            revisits_right=revisits.right,
            revisit_recall=revisits.recall,
            revisit_precision=revisits.precision,
            map_objects=len(self._tally),
            duplicates=self._tally.duplicates(),
            deferred=self.deferred / self.detected if self.detected else None,
        )


def _object_ids(count: int, objects: Sequence[TrackedObject]) -> NDArray[np.int64]:
    """(N,) int64: the id of each instance, 0 for none."""
    object_ids = np.zeros(count, np.int64)
    rows = np.array([item.index for item in objects], np.int64)
    if len(rows) and (rows.min() < 0 or rows.max() >= count):
        raise InputError(mismatch("objects", f"indices of {count} instances", rows.tolist()))
    object_ids[rows] = [item.object_id for item in objects]
    given = object_ids[object_ids > 0]
    if len(np.unique(rows)) < len(rows) or len(np.unique(given)) < len(given):
        raise InputError(mismatch("objects", "one per instance, with different ids", object_ids.tolist()))
    return object_ids
