"""From evidence to MATCH, NEW or DEFER, for all undecided tracks of a frame at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.tracks.assignment import assign
from reobj.types import Decision, DecisionKind, Evidence

Array = NDArray[np.float64]

#: rows and columns are normalised in turn until no object is more tracks than this, but no more often
_CROWDED, _MAX_ROUNDS = 1.01, 200
#: probability that is enough when a track has waited long
_MAJORITY = 0.5


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a decision is good enough.

    Attributes:
        match: least probability of a match; raising it costs recall and gains precision.
        new: least probability that it is no known object; raising it costs time and gains fewer duplicates.
        new_prior: probability, before any evidence, that a track shows an object not in the map.
    """

    match: float = 0.8
    new: float = 0.8
    new_prior: float = 0.1


def decide(
    terms: Mapping[str, Array],
    excluded: NDArray[np.bool_],
    object_ids: NDArray[np.int64],
    overdue: NDArray[np.bool_],
    thresholds: Thresholds,
    population: int,
    unlike: float = 0.0,
) -> list[Decision]:
    """One decision per track; NEW has no object id yet. No object is given to two tracks.

    For a track that is overdue it is enough that an answer is likelier than all else together. Where
    it may be one of several objects, that never comes: a guess would spoil an object or leave a
    duplicate, which makes all later decisions harder.

    Args:
        terms: name to (T, C) log-likelihood ratios.
        excluded: (T, C) pairs that cannot be.
        object_ids: (C,) of the candidates.
        overdue: (T,) tracks that have waited long enough.
        thresholds: see there.
        population: objects in the map, of which each is as likely before any evidence.
        unlike: likelihood ratios, added up, of the objects of the map that are not among the candidates.
    """
    each = (1 - thresholds.new_prior) / max(population, 1)
    terms = {**terms, "prior": np.full(excluded.shape, np.log(each))}
    logits = np.where(excluded, -np.inf, sum(terms.values()))
    new_logit = float(np.log(thresholds.new_prior))
    probability = posterior(logits, new_logit, unlike * each)
    choice = np.full(len(logits), len(object_ids))  # the last column: new
    matches = assign(new_logit - logits, 0.0).matches
    choice[matches[:, 0]] = matches[:, 1]
    tracks = np.arange(len(logits))
    chosen = probability[tracks, choice]
    kinds = _kinds(chosen, choice == len(object_ids), overdue, thresholds)
    probability[tracks, choice] = -np.inf
    second = probability.argmax(axis=1)
    answers = zip(kinds, choice.tolist(), chosen.tolist(), second.tolist(), strict=True)
    return [
        Decision(
            kind,
            int(object_ids[column]) if kind == DecisionKind.MATCH else 0,
            0.0 if kind == DecisionKind.DEFER else share,
            _evidence(terms, row, column, object_ids, new_logit),
            _evidence(terms, row, other, object_ids, new_logit) if len(object_ids) else None,
        )
        for row, (kind, column, share, other) in enumerate(answers)
    ]


def posterior(logits: Array, new_logit: float, rest: float = 0.0) -> Array:
    """(T, C + 1) probabilities of each candidate and, last, of none of them.

    A softmax per track; then, as an object can be only one of the tracks, columns that add up to
    more than one are brought down to it and rows normalised again, in turn (Sinkhorn 1967).

    Args:
        logits: (T, C) of the candidates.
        new_logit: of an object that is not in the map.
        rest: what the objects that are not among the candidates weigh together, on the scale of
            exp(logits); each row sums to one less their share.
    """
    others = np.full((len(logits), 2), (new_logit, np.log(rest) if rest else -np.inf))
    full = np.concatenate([logits, others], axis=1)
    p = np.exp(full - full.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    candidates = p[:, :-2]
    for _ in range(_MAX_ROUNDS):
        tracks_per_object = candidates.sum(axis=0)
        if tracks_per_object.max(initial=0.0) <= _CROWDED:
            break
        candidates /= np.maximum(tracks_per_object, 1.0)
        p /= p.sum(axis=1, keepdims=True)
    return p[:, :-1]


def _kinds(
    probability: Array, new: NDArray[np.bool_], overdue: NDArray[np.bool_], thresholds: Thresholds
) -> list[DecisionKind]:
    least = np.where(overdue, _MAJORITY, np.where(new, thresholds.new, thresholds.match))
    kinds = np.where(new, int(DecisionKind.NEW), int(DecisionKind.MATCH))
    kinds[probability < least] = int(DecisionKind.DEFER)
    return [DecisionKind(kind) for kind in kinds.tolist()]


def _evidence(
    terms: Mapping[str, Array], row: int, column: int, object_ids: NDArray[np.int64], new_logit: float
) -> Evidence:
    if column == len(object_ids):
        return Evidence(0, {"prior": new_logit})
    return Evidence(
        int(object_ids[column]), {name: float(values[row, column]) for name, values in terms.items()}
    )
