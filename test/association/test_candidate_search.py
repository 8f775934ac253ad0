import numpy as np
import pytest

from reobj.association.calibration import AppearanceCalibration
from reobj.association.decisions import Thresholds, decide
from reobj.association.evidence import AppearanceEvidence, PositionEvidence, Queries
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidate_search import CandidateSearch
from reobj.association.map.candidates import Candidates
from reobj.association.map.nearest import NearestObjects
from reobj.types import DecisionKind

N, P, D = 1500, 3, 32
KNOWN, TRACKS = 10, 15


def unit(x):
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def placed(positions):
    places = InstanceGeometry.unknown(len(positions))
    places.positions[:], places.covariances[:], places.extents[:] = positions, 0.01 * np.eye(3), 0.3
    return places


class Map:
    """1,500 objects, one per square metre, and 15 tracks of which 10 show objects of the map."""

    def __init__(self, share_placed=1.0):
        rng = np.random.default_rng(5)
        looks = unit(rng.standard_normal((N + TRACKS, D)))
        positions = rng.uniform(0, np.sqrt(N), (N, 3)) * (1, 1, 0.03)
        positions[rng.random(N) > share_placed] = np.nan
        self.places = placed(positions)
        self.search = CandidateSearch(P, D)
        banks = unit(looks[:N, None] + 0.4 * rng.standard_normal((N, P, D)) / np.sqrt(D))
        self.search.append(banks, np.full(N, P), positions)
        self.shown = np.concatenate([rng.permutation(N)[:KNOWN], N + np.arange(TRACKS - KNOWN)])
        views = unit(looks[self.shown, None] + 0.4 * rng.standard_normal((TRACKS, 2, D)) / np.sqrt(D))
        spots = np.concatenate([positions[self.shown[:KNOWN]], rng.uniform(0, 30, (5, 3)) * (1, 1, 0.03)])
        self.queries = Queries(
            views, np.full((TRACKS, 2), 0.5), np.full(TRACKS, 2.0), np.ones((TRACKS, 1)), placed(spots)
        )

    def decisions(self, found, *evidence):
        rows, uncompared = found
        banks = self.search.bank.gather(rows)
        candidates = Candidates(
            rows + 1, banks, np.ones((len(rows), 1)), self.places.select(rows), N, uncompared
        )
        terms = {str(k): term(self.queries, candidates) for k, term in enumerate(evidence)}
        excluded = np.zeros((TRACKS, len(rows)), dtype=bool)
        overdue = np.zeros(TRACKS, dtype=bool)
        unlike = candidates.uncompared * LOOKS.unlike_probability
        return decide(terms, excluded, candidates.object_ids, overdue, Thresholds(), N, unlike)


LOOKS = AppearanceEvidence(AppearanceCalibration(30.0, -18.0), 1e-7, 0.02)


def assert_same(some, other):
    for a, b in zip(some, other, strict=True):
        assert (a.kind, a.object_id) == (b.kind, b.object_id)
        assert a.probability == pytest.approx(b.probability, abs=1e-3)


def test_without_places_all_comparing_the_nearest_and_the_index_decide_the_same():
    world = Map()
    search, views = world.search, world.queries.views
    every = search.rows()
    assert every[0].tolist() == list(range(N)) and every[1] == 0
    by_looks = search.rows(views=views)
    search.nearest = NearestObjects(search.bank, index_from=100)
    search.nearest.settle()
    by_index = search.rows(views=views)
    assert search.nearest.index is not None
    for rows, uncompared in (by_looks, by_index):
        assert len(rows) <= 32 * TRACKS and len(rows) + uncompared == N
    expected = world.decisions(every, LOOKS)
    matched = [d.object_id - 1 for d in expected if d.kind == DecisionKind.MATCH]
    assert len(matched) >= 8 and set(matched) <= set(world.shown.tolist())
    assert DecisionKind.NEW in {d.kind for d in expected}
    assert_same(world.decisions(by_looks, LOOKS), expected)
    assert_same(world.decisions(by_index, LOOKS), expected)


def test_with_places_the_grid_and_comparing_with_all_decide_the_same():
    world = Map()
    here = world.queries.places.positions
    rows, uncompared = world.search.rows(here, 3.0, world.queries.views)
    away = np.linalg.norm(world.places.positions[:, None] - here[None], axis=2)
    assert rows.tolist() == np.flatnonzero((away <= 3.0).any(axis=1)).tolist()
    assert uncompared == 0
    terms = LOOKS, PositionEvidence()
    assert_same(world.decisions((rows, 0), *terms), world.decisions(world.search.rows(), *terms))


def test_objects_without_a_place_are_candidates_too_all_if_few_else_those_that_look_alike():
    few, many = Map(share_placed=0.9), Map(share_placed=0.05)
    here, views = np.zeros((1, 3)), few.queries.views
    unplaced = np.flatnonzero(np.isnan(few.places.positions[:, 0]))
    found, uncompared = few.search.rows(here, 0.1, views)
    assert set(found.tolist()) >= set(unplaced.tolist()) and uncompared == 0
    found, uncompared = many.search.rows(here, 0.1, many.queries.views)
    assert len(found) + uncompared == np.isnan(many.places.positions[:, 0]).sum()
    assert np.isnan(many.places.positions[found, 0]).all()
    assert len(found) <= 32 * TRACKS
    wanted = many.shown[:KNOWN][np.isnan(many.places.positions[many.shown[:KNOWN], 0])]
    assert set(found.tolist()) >= set(wanted.tolist())


def test_retired_objects_are_no_candidates_until_they_are_placed_again():
    world = Map()
    search, views = world.search, world.queries.views
    gone = world.shown[:1]
    here = world.places.positions[gone]
    search.remove(gone)
    for rows, _ in (search.rows(), search.rows(views=views), search.rows(here, 1.0, views)):
        assert gone[0] not in rows
    search.place(gone, np.full((1, 3), np.nan))
    for rows, _ in (search.rows(), search.rows(views=views), search.rows(here + 20, 1.0, views)):
        assert gone[0] in rows


def test_prototypes_that_are_written_are_searched_by_the_index():
    world = Map()
    search = world.search
    search.nearest = NearestObjects(search.bank, index_from=100)
    search.nearest.settle()
    new = unit(np.eye(D)[:1])
    search.write(np.array([77]), np.array([1]), new)
    assert 77 in search.rows(views=new[None])[0]
