"""From evidence to MATCH, NEW or DEFER, for all undecided tracks of a frame at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.association.assignment import assign
from reobj.types import Decision, DecisionKind, Evidence

Array = NDArray[np.float64]

#: rows and columns are normalised in turn until no object is more tracks than this, but no more often
_CROWDED, _MAX_ROUNDS = 1.01, 200


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
) -> list[Decision]:
    """One decision per track; NEW has no object id yet. No object is given to two tracks.

    A track that is overdue gets its likeliest answer: a match only if that is likelier than all
    else together, as a wrong match spoils an object while a wrong new one is just a duplicate.

    Args:
        terms: name to (T, C) log-likelihood ratios.
        excluded: (T, C) pairs that cannot be.
        object_ids: (C,) of the candidates.
        overdue: (T,) tracks that must be decided now.
        thresholds: see there.
        population: objects in the map, of which each is as likely before any evidence.
    """
    prior = float(np.log((1 - thresholds.new_prior) / max(population, 1)))
    terms = {**terms, "prior": np.full(excluded.shape, prior)}
    logits = np.where(excluded, -np.inf, sum(terms.values()))
    new_logit = float(np.log(thresholds.new_prior))
    probability = posterior(logits, new_logit)
    choice = np.full(len(logits), logits.shape[1])  # the last column: new
    matches = assign(new_logit - logits, 0.0).matches
    choice[matches[:, 0]] = matches[:, 1]
    decisions = []
    for row, column in enumerate(choice.tolist()):
        kind = _kind(probability[row], column, bool(overdue[row]), thresholds)
        chosen = len(object_ids) if kind == DecisionKind.NEW else column
        others = np.delete(np.arange(len(object_ids) + 1), chosen)
        second = int(others[probability[row, others].argmax()]) if len(others) else None
        decisions.append(
            Decision(
                kind,
                int(object_ids[column]) if kind == DecisionKind.MATCH else 0,
                0.0 if kind == DecisionKind.DEFER else float(probability[row, chosen]),
                _evidence(terms, row, chosen, object_ids, new_logit),
                None if second is None else _evidence(terms, row, second, object_ids, new_logit),
            )
        )
    return decisions


def posterior(logits: Array, new_logit: float) -> Array:
    """(T, C + 1) probabilities of each candidate and, last, of none of them.

    A softmax per track; then, as an object can be only one of the tracks, columns that add up to
    more than one are brought down to it and rows normalised again, in turn (Sinkhorn 1967).
    """
    full = np.concatenate([logits, np.full((len(logits), 1), new_logit)], axis=1)
    p = np.exp(full - full.max(axis=1, keepdims=True, initial=new_logit))
    p /= p.sum(axis=1, keepdims=True)
    for _ in range(_MAX_ROUNDS):
        tracks_per_object = p[:, :-1].sum(axis=0)
        if tracks_per_object.max(initial=0.0) <= _CROWDED:
            break
        p[:, :-1] /= np.maximum(tracks_per_object, 1.0)
        p /= p.sum(axis=1, keepdims=True)
    return p


def _kind(probability: Array, column: int, overdue: bool, thresholds: Thresholds) -> DecisionKind:
    new = len(probability) - 1
    if column != new and probability[column] >= (max(0.5, probability[new]) if overdue else thresholds.match):
        return DecisionKind.MATCH
    if overdue or (column == new and probability[new] >= thresholds.new):
        return DecisionKind.NEW
    return DecisionKind.DEFER


def _evidence(
    terms: Mapping[str, Array], row: int, column: int, object_ids: NDArray[np.int64], new_logit: float
) -> Evidence:
    if column == len(object_ids):
        return Evidence(0, {"prior": new_logit})
    return Evidence(
        int(object_ids[column]), {name: float(values[row, column]) for name, values in terms.items()}
    )
