"""The tables of ``reobj evaluate segmentation``, and its figures as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from reobj.evaluation.identity_tables import TextTable, cell
from reobj.evaluation.segmentation import SequenceScores
from reobj.evaluation.segmentation_run import FollowedObject, Method

#: gaps that have a column
_GAPS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 75, 100)


@dataclass(frozen=True, slots=True)
class MethodScores:
    """One method over all objects.

    Attributes:
        objects: from how many means are taken: each object counts once per key frame.
        j, f: means over the objects of what is said of each.
        j_by_gap, f_by_gap: means over the objects so many frames after the key frame, from 1.
    """

    objects: int
    j: SequenceScores
    f: SequenceScores
    j_by_gap: tuple[float, ...]
    f_by_gap: tuple[float, ...]

    @property
    def j_and_f(self) -> float:
        """Mean of both means, by which DAVIS 2017 ranks."""
        return (self.j.mean + self.f.mean) / 2


def scores_of(objects: Sequence[FollowedObject]) -> dict[Method, MethodScores]:
    """Of every method; empty when there are no objects."""
    methods = objects[0].scores if objects else ()
    return {method: _scores([o.scores[method] for o in objects]) for method in methods}


def _scores(series: Sequence[np.ndarray]) -> MethodScores:
    """Of arrays (T, 2), T differing."""
    j, f = (_mean([SequenceScores.of(values[:, column]) for values in series]) for column in (0, 1))
    longest = max(len(values) for values in series)
    padded = np.full((len(series), longest, 2), np.nan)
    for row, values in enumerate(series):
        padded[row, : len(values)] = values
    by_gap = np.nanmean(padded, axis=0)
    return MethodScores(len(series), j, f, tuple(by_gap[:, 0].tolist()), tuple(by_gap[:, 1].tolist()))


def _mean(scores: Sequence[SequenceScores]) -> SequenceScores:
    values = np.array([(s.mean, s.recall, s.decay) for s in scores]).mean(axis=0)
    return SequenceScores(*values.tolist())


def segmentation_tables(scores: dict[Method, MethodScores]) -> list[TextTable]:
    """Means, recall and decay; then J and F by gap."""
    heads = ("masks", "objects", "J&F", "J mean", "J recall", "J decay", "F mean", "F recall", "F decay")
    lines = [
        [method.value, *map(cell, (s.objects, s.j_and_f, *asdict(s.j).values(), *asdict(s.f).values()))]
        for method, s in scores.items()
    ]
    tables = [TextTable("Masks after their key frame", heads, lines, names=1)]
    longest = max((len(s.j_by_gap) for s in scores.values()), default=0)
    gaps = [gap for gap in _GAPS if gap <= longest]
    for name in ("j", "f"):
        by_gap = {method: getattr(s, f"{name}_by_gap") for method, s in scores.items()}
        rows = [[m.value, *(cell(values[gap - 1]) for gap in gaps)] for m, values in by_gap.items()]
        title = f"{name.upper()} by frames after the key frame"
        tables.append(TextTable(title, ("masks", *map(str, gaps)), rows, names=1))
    return tables


def segmentation_data(scores: dict[Method, MethodScores]) -> dict[str, object]:
    """For JSON."""
    return {method.value: {"j_and_f": s.j_and_f, **asdict(s)} for method, s in scores.items()}
