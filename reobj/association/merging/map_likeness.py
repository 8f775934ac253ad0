"""How alike the objects of two maps are in looks and class, whatever their places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.evidence import AppearanceEvidence, LabelEvidence, Queries
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidates import Candidates
from reobj.association.map.diverse import effective_views
from reobj.association.store.rows import ObjectRows
from reobj.association.store.snapshot import MapSnapshot
from reobj.association.store.visit_rows import VisitRows

Array = NDArray[np.float64]

#: prototypes of an object that are compared, the most that they count for, and the cosine distance from
#: which one counts fully: as in AssociatorConfig
_VIEWS, _MOST_VIEWS, _FULL_NOVELTY = 16, 3.0, 0.05
#: objects that are compared with all others at once, which bounds the memory
_AT_ONCE = 32


def likeness(a: MapSnapshot, b: MapSnapshot, appearance: AppearanceEvidence, label: LabelEvidence) -> Array:
    """(B, A) natural-log likelihood ratios of the living objects of both maps being one, without places.

    The ratio is against any other object, so that its mean over others must not be above 1. The other
    objects of the same map, which are others for certain, tell what it is: one of twelve equal chairs is
    hardly known by its looks. By how much the mean is above 1 is taken off.
    """
    labels_a, labels_b = _label_shares(a, b)
    if not len(labels_a) or not len(labels_b):
        return np.zeros((len(labels_b), len(labels_a)))
    side_a, side_b = _Side.of(a, labels_a), _Side.of(b, labels_b)
    common_a, common_b = (_common(_compare(s, s, appearance, label)) for s in (side_a, side_b))
    between = _compare(side_b, side_a, appearance, label)
    return between - np.maximum(common_b[:, None], common_a[None])


def places_of(rows: ObjectRows | VisitRows) -> InstanceGeometry:
    """Where objects or visits are; NaN where unknown; without depths."""
    unknown = np.full(len(rows), np.nan)
    return InstanceGeometry(unknown, rows.positions, rows.covariances, rows.extents, rows.orientations)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """The living objects of one map, asking and asked; counts: (N,) how many views each has."""

    queries: Queries
    candidates: Candidates
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, snapshot: MapSnapshot, labels: Array) -> _Side:
        rows = snapshot.living()
        banks, counts = snapshot.banks(rows, _VIEWS)
        weights = (np.arange(_VIEWS) < counts[:, None]) / counts[:, None]
        independent = [
            min(effective_views(bank[:count], _FULL_NOVELTY), _MOST_VIEWS)
            for bank, count in zip(banks, counts.tolist(), strict=True)
        ]
        nowhere = InstanceGeometry.unknown(len(rows))
        ids = snapshot.objects.object_ids[rows]
        return cls(
            Queries(banks, weights, np.array(independent), labels, nowhere),
            Candidates(ids, banks, labels, nowhere, len(rows)),
            counts,
        )


def _compare(one: _Side, other: _Side, appearance: AppearanceEvidence, label: LabelEvidence) -> Array:
    """(N, M), from the object that was seen from fewer sides: what it shows must be found in the other."""
    forward = _by_blocks(appearance, one.queries, other.candidates)
    backward = forward if one is other else _by_blocks(appearance, other.queries, one.candidates)
    fewer = one.counts[:, None] <= other.counts[None]
    return np.where(fewer, forward, backward.T) + label(one.queries, other.candidates)


def _common(own: Array) -> Array:
    """(N,) log of the mean likelihood ratio of each object to the others of its map, at least 0."""
    others = np.where(np.eye(len(own), dtype=bool), -np.inf, own)
    total = np.logaddexp.reduce(others, axis=1, initial=-np.inf)
    return np.maximum(total - np.log(max(len(own) - 1, 1)), 0.0)


def _by_blocks(appearance: AppearanceEvidence, queries: Queries, candidates: Candidates) -> Array:
    blocks = [slice(first, first + _AT_ONCE) for first in range(0, len(queries), _AT_ONCE)]
    return np.concatenate([appearance(_some(queries, rows), candidates) for rows in blocks])


def _some(queries: Queries, rows: slice) -> Queries:
    return Queries(
        queries.views[rows],
        queries.weights[rows],
        queries.effective_views[rows],
        queries.labels[rows],
        queries.places.select(rows),
    )


def _label_shares(a: MapSnapshot, b: MapSnapshot) -> tuple[Array, Array]:
    """(A, L) and (B, L) of the living objects, over the class names of both."""
    rows_a, rows_b = (snapshot.objects.select(snapshot.living()) for snapshot in (a, b))
    votes = ObjectRows.joined([rows_a, rows_b]).votes
    shares = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-12)
    return shares[: len(rows_a)], shares[len(rows_a) :]
