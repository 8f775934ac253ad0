"""How well a detector finds the true instances of pictures it was not trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.detector_training.matching import average_precision, match_findings
from reobj.evaluation.truth_matching import overlaps_of
from reobj.types import Instances, LabelImage

_Row = tuple[str, float, bool]  # label and score of a finding, and whether it is right


@dataclass(frozen=True, slots=True)
class FindingScores:
    """Of one label, or of all together. None where nothing was to be found, or nothing was.

    Attributes:
        ap: average precision of the masks at an IoU of 0.5, in [0, 1].
        recall: share of the true instances that are found with at least the working score.
        precision: share of those findings that are true instances.
        truths: true instances that count.
    """

    ap: float | None
    recall: float | None
    precision: float | None
    truths: int


@dataclass(frozen=True, slots=True)
class DetectionScores:
    """All of it.

    Attributes:
        found: whether anything is found, whatever it is called.
        named: found with its right label, all labels together; ``ap`` is the mean over labels.
        labels: each label by itself.
        images: pictures looked at.
    """

    found: FindingScores
    named: FindingScores
    labels: dict[str, FindingScores]
    images: int

    def figures(self) -> dict[str, Any]:
        """Plain data for model.json."""
        return asdict(self)


class DetectionTally:
    """Counts over many pictures, then scores.

    Args:
        working_score: from which a finding counts for recall and precision.
    """

    def __init__(self, working_score: float = 0.5) -> None:
        self._working_score = working_score
        self._found: list[_Row] = []
        self._named: list[_Row] = []
        self._truths: Counter[str] = Counter()
        self._images = 0

    def add(self, found: Instances, truth: LabelImage, major: dict[int, str], minor: dict[int, str]) -> None:
        """Takes one picture.

        Args:
            found: by the detector, the unsure too.
            truth: of the picture.
            major: label of each true instance that is to be found.
            minor: of those too small to count; what is in neither is background.
        """
        labels = {**major, **minor}
        overlaps = overlaps_of(found, truth)
        columns = [i for i, number in enumerate(overlaps.true_ids.tolist()) if number in labels]
        numbers = overlaps.true_ids[columns].tolist()
        small = np.array([number in minor for number in numbers], bool)
        iou = overlaps.iou[:, columns]
        true_labels = np.array([labels[number] for number in numbers], dtype=object)
        same = np.array(found.labels, dtype=object)[:, None] == true_labels[None]
        self._keep(self._found, found, iou, small)
        self._keep(self._named, found, iou * same, small)
        self._truths.update(major.values())
        self._images += 1

    def scores(self) -> DetectionScores:
        """Of everything so far."""
        labels = {
            label: self._score([row for row in self._named if row[0] == label], count)
            for label, count in sorted(self._truths.items())
        }
        truths = sum(self._truths.values())
        together = self._score(self._named, truths)
        mean = float(np.mean([scores.ap for scores in labels.values()])) if labels else None
        named = replace(together, ap=mean)
        return DetectionScores(self._score(self._found, truths), named, labels, self._images)

    def _keep(
        self,
        rows: list[_Row],
        found: Instances,
        iou: NDArray[np.float64],
        small: NDArray[np.bool_],
    ) -> None:
        matched = match_findings(iou, found.scores, small)
        values = zip(
            found.labels, found.scores.tolist(), matched.right.tolist(), matched.counted, strict=True
        )
        rows += [(label, score, right) for label, score, right, counted in values if counted]

    def _score(self, rows: Sequence[_Row], truths: int) -> FindingScores:
        scores = np.array([score for _, score, _ in rows], np.float32)
        right = np.array([right for *_, right in rows], bool)
        sure = scores >= self._working_score
        return FindingScores(
            average_precision(scores, right, truths) if truths else None,
            float(right[sure].sum() / truths) if truths else None,
            float(right[sure].mean()) if sure.any() else None,
            truths,
        )
