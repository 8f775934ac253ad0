"""Instances without an object are compared with all that is known of the objects, from any time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reobj.association.associator_config import AssociatorConfig
from reobj.association.calibration_in_use import CalibrationInUse
from reobj.association.decisions import decide
from reobj.association.evidence import AppearanceEvidence, Queries
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidates import Candidates
from reobj.association.records import TrackRecord
from reobj.encoding.similarity import SimilarityCalibration
from reobj.refinement.frame_masks import FrameMasks, MaskBook
from reobj.types import DecisionKind, ModelId

#: stretches compared at a time: the similarities of all would not fit into memory
_AT_A_TIME = 128
#: a mask of less confidence says little of how its object looks
_TEMPLATE = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Instances of one track without an object, one per frame.

    Attributes:
        frames: their frames.
        record: what is known of them together.
    """

    frames: tuple[int, ...]
    rows: tuple[int, ...]
    record: TrackRecord


class Search:
    """Finds the objects of instances by the evidence that the forward run decides by.

    Args:
        config: of the association.
        model: of the embeddings.
        measured: content hash of a model to what was measured of it.
        confidence: in [0, 1], of a mask that is found; a carried one that is surer takes its place.
    """

    def __init__(
        self,
        config: AssociatorConfig,
        model: ModelId,
        measured: Mapping[str, SimilarityCalibration],
        confidence: float = 1.0,
    ) -> None:
        self._config, self._confidence = config, confidence
        self._calibration = CalibrationInUse(config.calibration, config.thresholds, measured)
        self._calibration.use(model)
        self._appearance = AppearanceEvidence(
            self._calibration, config.alike_probability, config.unlike_probability
        )

    def run(self, book: MaskBook, round_number: int) -> int:
        """Gives objects to instances, the longest stretches first.

        An object that is in a frame already is no other instance of it, nor of the stretch.

        Returns:
            How many instances got one.
        """
        templates, stretches = self._templates(book), self._stretches(book)
        if not templates or not stretches:
            return 0
        found = 0
        for start in range(0, len(stretches), _AT_A_TIME):
            found += self._assign(book, templates, stretches[start : start + _AT_A_TIME], round_number)
        return found

    def _templates(self, book: MaskBook) -> dict[int, TrackRecord]:
        """What every object looks like and where it is, from all frames that show it well."""
        templates: dict[int, TrackRecord] = {}
        for number in range(len(book)):
            rows = book.rows(number)
            good = (rows.object_ids > 0) & (rows.confidence >= _TEMPLATE)
            for row in np.flatnonzero(good).tolist():
                object_id = int(rows.object_ids[row])
                if object_id not in templates:
                    most = self._config.max_prototypes
                    templates[object_id] = TrackRecord(rows.embeddings[row], most, book.stamps_ns[number])
                self._see(templates[object_id], rows, row, book.stamps_ns[number])
        return templates

    def _stretches(self, book: MaskBook) -> list[Stretch]:
        """Instances without an object, by track; the longest first."""
        places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        alone = 0  # an instance without a track is a stretch of its own, with a key below 0
        for number in range(len(book)):
            rows = book.rows(number)
            for row in np.flatnonzero(rows.object_ids == 0).tolist():
                alone -= 1
                places[int(rows.track_ids[row]) or alone].append((number, row))
        longest = sorted(places.values(), key=len, reverse=True)
        return [self._stretch(book, found) for found in longest]

    def _stretch(self, book: MaskBook, found: Sequence[tuple[int, int]]) -> Stretch:
        record: TrackRecord | None = None
        for number, row in found:
            rows, stamp_ns = book.rows(number), book.stamps_ns[number]
            if record is None:
                record = TrackRecord(rows.embeddings[row], self._config.max_views, stamp_ns)
            self._see(record, rows, row, stamp_ns)
        assert record is not None
        frames, numbers = zip(*found, strict=True)
        return Stretch(frames, numbers, record)

    def _see(self, record: TrackRecord, rows: FrameMasks, row: int, stamp_ns: int) -> None:
        place = rows.geometry.select(slice(row, row + 1))
        if not self._config.use_geometry:
            place = InstanceGeometry.unknown(1)
        record.see(rows.embeddings[row], rows.labels[row], stamp_ns, place, self._config.min_novelty)

    def _assign(
        self,
        book: MaskBook,
        templates: Mapping[int, TrackRecord],
        stretches: Sequence[Stretch],
        round_number: int,
    ) -> int:
        ids = np.array(list(templates), np.int64)
        terms = self._terms([s.record for s in stretches], list(templates.values()), ids)
        found = 0
        for k, stretch in enumerate(stretches):
            met = {i for number in stretch.frames for i in book.rows(number).shown()}
            decision = decide(
                {name: values[k : k + 1] for name, values in terms.items()},
                np.isin(ids, list(met))[None],
                ids,
                np.zeros(1, dtype=bool),
                self._calibration.thresholds,
                len(ids),
            )[0]
            if decision.kind is DecisionKind.MATCH:
                found += len(stretch.frames)
                self._give(book, stretch, decision.object_id, round_number)
        return found

    def _give(self, book: MaskBook, stretch: Stretch, object_id: int, round_number: int) -> None:
        """All instances of the stretch are the object, and are to be carried on from."""
        for number, row in zip(stretch.frames, stretch.rows, strict=True):
            rows = book.rows(number)
            object_ids, rounds = rows.object_ids.copy(), rows.rounds.copy()
            confidence, fresh = rows.confidence.copy(), rows.fresh.copy()
            object_ids[row], rounds[row] = object_id, round_number
            confidence[row], fresh[row] = self._confidence, True
            named = replace(rows, object_ids=object_ids, rounds=rounds, confidence=confidence, fresh=fresh)
            book.relabel(number, named)

    def _terms(
        self, stretches: Sequence[TrackRecord], templates: Sequence[TrackRecord], ids: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float64]]:
        """(T, C) log-likelihood ratios of each stretch being each object, by kind of evidence."""
        c = self._config
        words = {word: k for k, word in enumerate(dict.fromkeys(w for r in templates for w in r.labels))}
        places = [InstanceGeometry.joined([r.geometry for r in group]) for group in (stretches, templates)]
        asked = Queries.of(
            [record.views for record in stretches],
            _shares(stretches, words),
            places[0],
            c.full_novelty,
            c.most_views,
        )
        width = np.arange(max(len(record.views) for record in templates))
        prototypes = np.stack([r.views[np.minimum(width, len(r.views) - 1)] for r in templates])
        candidates = Candidates(ids, prototypes, _shares(templates, words), places[1], len(ids))
        terms = {"appearance": self._appearance(asked, candidates), "label": c.label(asked, candidates)}
        if c.use_geometry:
            terms["position"] = c.position(asked, candidates)
        return terms


def _shares(records: Sequence[TrackRecord], words: Mapping[str, int]) -> NDArray[np.float64]:
    """(R, L) votes of each as shares; a word that no object has counts for none."""
    shares = np.zeros((len(records), len(words)))
    for row, record in enumerate(records):
        votes: Counter[str] = record.labels
        for word, count in votes.items():
            if word in words:
                shares[row, words[word]] = count / votes.total()
    return shares
