"""Which objects of two maps are the same, and how one map lies in the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reobj.association.calibration import AppearanceCalibration
from reobj.association.decisions import Thresholds, posterior
from reobj.association.evidence import AppearanceEvidence, LabelEvidence, PositionEvidence
from reobj.association.merging.map_alignment import Alignment, MapPair, Pairs, alignments, in_one_frame
from reobj.association.merging.map_likeness import likeness, places_of
from reobj.association.store.rows import ObjectRows
from reobj.association.store.snapshot import MapSnapshot
from reobj.association.tracks.assignment import assign
from reobj.errors import ConfigError, mismatch

Array = NDArray[np.float64]

#: log-likelihood ratio of two objects with one uuid: they were one before the maps went apart
_KNOWN = 50.0
#: explanations less likely than this are left out
_LEAST_SHARE = 1e-3


@dataclass(frozen=True, slots=True)
class MergeConfig:
    """What speaks for two objects of two maps being one.

    Attributes:
        appearance: with the calibration of the encoder that made both maps.
        position: as for a revisit; what drifted within a map counts as error of the pose.
        label: as for a revisit.
        thresholds: ``match`` is the least probability of a pair, ``new_prior`` the share of the objects
            of b that a is expected not to have.
        transform_match: least probability of the transform; higher, as a wrong one spoils the whole map.
        same_frame_prior: probability, before any evidence, that both maps are in one frame.
        least_pairs: objects that must agree before a transform is looked at, at least 2.
    """

    appearance: AppearanceEvidence = field(
        default_factory=lambda: AppearanceEvidence(AppearanceCalibration())
    )
    position: PositionEvidence = field(default_factory=PositionEvidence)
    label: LabelEvidence = field(default_factory=LabelEvidence)
    thresholds: Thresholds = field(default_factory=lambda: Thresholds(new_prior=0.5))
    transform_match: float = 0.95
    same_frame_prior: float = 0.5
    least_pairs: int = 3

    def __post_init__(self) -> None:
        if not 0 < self.same_frame_prior < 1:
            raise ConfigError(mismatch("same_frame_prior", "between 0 and 1", self.same_frame_prior))
        if self.least_pairs < 2:
            raise ConfigError(mismatch("least_pairs", "at least 2", self.least_pairs))


class SamePair(NamedTuple):
    """An object of map b that is an object of map a, and how probable that is."""

    id_b: int
    id_a: int
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class MergePlan:
    """What merging map b into map a would do. Nothing is done yet.

    Attributes:
        transform: (4, 4) from the frame of b to that of a; None where that is not known, as b has no
            places, nothing in common with a, or several ways that fit about equally well. A map a without
            places takes over the frame of b.
        pairs: what will be joined, in the order of the ids of b. All other objects of b are added.
        doubtful: what is likelier than not, but not clear enough to join it.
        ambiguous: b fits into a in several ways that are about as likely, so that nothing is joined.
    """

    transform: Array | None
    pairs: tuple[SamePair, ...]
    doubtful: tuple[SamePair, ...]
    ambiguous: bool


def plan_merge(a: MapSnapshot, b: MapSnapshot, config: MergeConfig | None = None) -> MergePlan:
    """Finds out how map b lies in map a and which objects they have in common.

    With places, the ways in which b may lie in a are weighed against each other and against there being
    nothing in common; a pair is as probable as the ways in which it holds. Where no single way is
    probable enough, as a symmetric arrangement of equal objects fits in several, nothing is joined.
    Without places, looks and class alone decide, and objects that look alike stay apart.

    Two objects of one map are never one. Objects with one uuid, of maps that were one before, are one
    for certain, and what became of them in a holds.

    Raises:
        MapModelError: the embeddings are of different models.
    """
    config = config or MergeConfig()
    if a.model is not None:
        b.check_model(a.model)
    rows_a, rows_b = (snapshot.objects.select(snapshot.living()) for snapshot in (a, b))
    known = {old: a.resolve(new) for old, new in shared_objects(a, b).items()}
    alike = _with_known(likeness(a, b, config.appearance, config.label), rows_a, rows_b, known)
    new_prior = config.thresholds.new_prior
    maps = MapPair(alike, places_of(rows_b), places_of(rows_a), config.position, new_prior)
    transform, ambiguous, shares = _compared(maps, config)
    likely = _most_likely(shares, rows_a, rows_b, known)
    lost = transform is None and maps.there.located.any() and maps.here.located.any()
    joined = {pair for pair in likely if pair.probability >= config.thresholds.match and not lost}
    living = set(rows_a.object_ids.tolist())
    certain = {SamePair(i, known[i], 1.0) for i in rows_b.object_ids.tolist() if known.get(i) in living}
    return MergePlan(
        transform, tuple(sorted(certain | joined)), tuple(sorted(set(likely) - joined)), ambiguous
    )


def shared_objects(a: MapSnapshot, b: MapSnapshot) -> dict[int, int]:
    """Object id in b to the object id in a with the same uuid, the retired ones too."""
    ids = dict(zip(a.objects.uuids, a.objects.object_ids.tolist(), strict=True))
    pairs = zip(b.objects.uuids, b.objects.object_ids.tolist(), strict=True)
    return {object_id: ids[uuid] for uuid, object_id in pairs if uuid in ids}


def _with_known(alike: Array, rows_a: ObjectRows, rows_b: ObjectRows, known: Mapping[int, int]) -> Array:
    """The likeness (B, A) where objects with one uuid can be nothing but each other."""
    result = alike.copy()
    targets = np.array([known.get(i, 0) for i in rows_b.object_ids.tolist()], np.int64)
    result[targets > 0] = -np.inf
    result[:, np.isin(rows_a.object_ids, targets)] = -np.inf
    result[targets[:, None] == rows_a.object_ids] = _KNOWN
    return result


def _compared(maps: MapPair, config: MergeConfig) -> tuple[Array | None, bool, Array]:
    """The transform if one is probable enough, whether several are, and (B, A) probability of each pair."""
    if not maps.here.located.any() or not maps.there.located.any():
        # a map without places takes over the frame of the other one
        frame = None if maps.there.located.any() else np.eye(4)
        return frame, False, posterior(maps.logits()[0], maps.new_logit)[:, :-1]
    ways, weights = _weighed(maps, config)
    shares = np.zeros(maps.likeness.shape)
    for way, weight in zip(ways, weights, strict=True):
        shares += weight * posterior(way.logits, maps.new_logit)[:, :-1]
    if weights.sum() < config.transform_match:
        return None, False, shares
    best = ways[int(weights.argmax())]
    # a way that differs in a few neighbours only is hardly another one
    agreement = [len(_common(best.pairs, way.pairs)) / len(best.pairs) for way in ways]
    ambiguous = bool(weights @ np.array(agreement) < config.transform_match)
    return None if ambiguous else best.transform, ambiguous, shares


def _common(one: Pairs, other: Pairs) -> set[tuple[int, ...]]:
    """Pairs that are in both."""
    return set(map(tuple, one.tolist())) & set(map(tuple, other.tolist()))


def _weighed(maps: MapPair, config: MergeConfig) -> tuple[list[Alignment], Array]:
    """W ways in which b may lie in a, and their probabilities (W,); the rest is that there is none."""
    one_frame = in_one_frame(maps)
    ways = [one_frame] if len(one_frame.pairs) else []
    priors = [config.same_frame_prior] * len(ways)
    for way in alignments(maps, config.least_pairs):
        if not np.array_equal(way.pairs, one_frame.pairs):
            ways.append(way)
            priors.append(1 - config.same_frame_prior)
    evidence = np.array([way.log_evidence for way in ways]) + np.log(priors)
    weights = np.exp(evidence - np.logaddexp.reduce(evidence, initial=0.0))
    kept = np.flatnonzero(weights >= _LEAST_SHARE)
    return [ways[i] for i in kept.tolist()], weights[kept]


def _most_likely(
    shares: Array, rows_a: ObjectRows, rows_b: ObjectRows, known: Mapping[int, int]
) -> list[SamePair]:
    """One-to-one, what is likelier than not; without what is known."""
    pairs = assign(-shares, -0.5).matches.tolist()
    ids_a, ids_b = rows_a.object_ids.tolist(), rows_b.object_ids.tolist()
    return [SamePair(ids_b[i], ids_a[j], float(shares[i, j])) for i, j in pairs if ids_b[i] not in known]
