import logging
import sys

import numpy as np
import pytest

from reobj.association.map.nearest import NearestObjects
from reobj.association.map.prototype_bank import PrototypeBank

P, D = 4, 32


def unit(x):
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def world(n, seed=0):
    """Looks of n objects and P views of each, between which the cosine is about 0.8."""
    rng = np.random.default_rng(seed)
    looks = unit(rng.standard_normal((n, D)))
    return looks, seen(rng, looks, P)


def seen(rng, looks, views):
    return unit(looks[:, None] + 0.5 * rng.standard_normal((len(looks), views, D)) / np.sqrt(D))


def filled(views, index_from=10**9):
    bank = PrototypeBank(P, D)
    bank.append(views, np.full(len(views), P))
    return bank, NearestObjects(bank, index_from)


def every(bank):
    return np.ones(len(bank), dtype=bool)


def plain_best(prototypes, views, k, among):
    """Objects by likeness, one pair after the other."""
    best = set()
    for track in views:
        like = {
            o: max(float(p @ v) for p in prototypes[o] for v in track) for o in np.flatnonzero(among).tolist()
        }
        best |= set(sorted(like, key=lambda o: -like[o])[:k])
    return sorted(best)


@pytest.mark.parametrize("k", [1, 5, 100])
def test_without_an_index_the_nearest_are_those_of_comparing_every_pair(k):
    _, prototypes = world(60)
    _, nearest = filled(prototypes)
    views = seen(np.random.default_rng(1), world(60)[0][:3], 2)
    among = np.arange(60) % 3 > 0
    assert nearest.near(views, k, among).tolist() == plain_best(prototypes, views, k, among)


def test_the_index_finds_the_object_most_like_the_track_and_nearly_all_of_the_ten_best():
    looks, prototypes = world(3000)
    bank, nearest = filled(prototypes, index_from=100)
    _, exact = filled(prototypes)
    nearest.settle()
    assert nearest.index is not None and exact.index is None
    best, ten = [], []
    for track in seen(np.random.default_rng(2), looks[:100], 1)[:, None]:
        found = set(nearest.near(track, 32, every(bank)).tolist())
        best.append(found >= set(exact.near(track, 1, every(bank)).tolist()))
        ten.append(len(found & set(exact.near(track, 10, every(bank)).tolist())) / 10)
    assert np.mean(best) >= 0.99
    assert np.mean(ten) >= 0.95


def test_the_index_never_names_more_objects_than_were_asked_for_or_unwanted_ones():
    looks, prototypes = world(800)
    _, nearest = filled(prototypes, index_from=100)
    nearest.settle()
    among = np.arange(800) % 2 == 0
    found = nearest.near(seen(np.random.default_rng(3), looks[:4], 3), 8, among)
    assert 8 <= len(found) <= 4 * 8
    assert (found % 2 == 0).all()
    assert set(found.tolist()) >= {0, 2}


def test_objects_that_come_later_and_prototypes_that_change_are_found():
    looks, prototypes = world(400)
    bank, nearest = filled(prototypes[:300], index_from=100)
    nearest.settle()
    index = nearest.index
    bank.append(prototypes[300:], np.full(100, P))
    new = seen(np.random.default_rng(4), unit(np.eye(D)[:1]), P)[0]
    rows, slots = np.full(P, 7), np.arange(P)
    bank.write(rows, slots, new)
    nearest.changed(rows, slots)
    assert nearest.near(looks[350][None, None], 1, every(bank)).tolist() == [350]
    assert nearest.near(new[:1, None], 1, every(bank)).tolist() == [7]
    assert 7 not in nearest.near(looks[7][None, None], 20, every(bank))
    assert nearest.index is index


def test_what_changes_while_the_index_is_built_is_taken_in(monkeypatch):
    _, prototypes = world(300)
    bank, nearest = filled(prototypes, index_from=100)
    monkeypatch.setattr("reobj.association.map.nearest._Builder.start", lambda self: None)
    monkeypatch.setattr("reobj.association.map.nearest._Builder.is_alive", lambda self: self.index is None)
    nearest.near(prototypes[:1, :1], 1, every(bank))
    builder = nearest._builder
    builder.run()
    new = unit(np.eye(D)[:1])
    bank.write(np.array([5]), np.array([2]), new)
    nearest.changed(np.array([5]), np.array([2]))
    assert nearest.near(new[None], 1, every(bank)).tolist() == [5]
    assert nearest.index is builder.index


def test_building_ends_when_the_map_is_gone(monkeypatch):
    _, prototypes = world(300)
    bank, nearest = filled(prototypes, index_from=100)
    monkeypatch.setattr("reobj.association.map.nearest._Builder.start", lambda self: None)
    monkeypatch.setattr("reobj.association.map.nearest._Builder.is_alive", lambda self: True)
    nearest.near(prototypes[:1, :1], 1, every(bank))
    builder = nearest._builder
    del nearest
    builder.run()
    assert builder.index is None


def test_the_index_is_built_anew_when_the_map_has_outgrown_it_or_most_of_it_is_stale():
    _, prototypes = world(900)
    bank, nearest = filled(prototypes[:150], index_from=100)
    nearest.settle()
    bank.append(prototypes[150:], np.full(750, P))
    nearest.settle()
    assert nearest.index.built_for == 900
    first, all_slots = nearest.index, (np.repeat(np.arange(900), P), np.tile(np.arange(P), 900))
    nearest.changed(*all_slots)
    for _ in range(2):  # a question takes in just so many
        nearest.settle()
    assert (nearest.index, first.entries) == (first, 2 * 900 * P)
    nearest.changed(*all_slots)
    nearest.settle()
    assert nearest.index is not first and nearest.index.entries == 900 * P


def test_a_prototype_that_changed_often_before_a_question_is_taken_in_once():
    _, prototypes = world(200)
    _, nearest = filled(prototypes, index_from=100)
    nearest.settle()
    for _ in range(50):
        nearest.changed(np.array([3, 8]), np.array([1, 2]))
    nearest.settle()
    assert nearest.index.entries == 200 * P + 2


def test_only_prototypes_that_differ_are_in_the_index_and_an_object_may_have_none():
    _, prototypes = world(200)
    bank = PrototypeBank(P, D)
    bank.append(prototypes, np.arange(200) % 3)
    nearest = NearestObjects(bank, index_from=100)
    nearest.settle()
    assert nearest.index.entries == (np.arange(200) % 3).sum()
    nearest.changed(np.array([3, 4, 5]), np.array([1, 1, 1]))
    nearest.settle()
    assert nearest.index.entries == (np.arange(200) % 3).sum() + 1  # of the three only row 5 has a slot 1


def test_without_faiss_all_are_compared_and_it_is_said_once(monkeypatch, caplog):
    _, prototypes = world(200)
    bank, nearest = filled(prototypes, index_from=100)
    monkeypatch.setitem(sys.modules, "faiss", None)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            nearest.settle()
            found = nearest.near(prototypes[:2, :1], 1, every(bank))
            assert found.tolist() == [0, 1]
    assert len(caplog.records) == 1
    assert "200 objects" in caplog.text


def test_any_number_of_dimensions_can_be_indexed():
    x = unit(np.random.default_rng(0).standard_normal((300, 1, 301)))
    bank = PrototypeBank(1, 301)
    bank.append(x, np.ones(300, np.int64))
    nearest = NearestObjects(bank, index_from=100)
    nearest.settle()
    assert nearest.near(x[11:12], 1, every(bank)).tolist() == [11]


def test_nothing_is_near_in_an_empty_map_or_without_tracks():
    bank, nearest = filled(np.zeros((0, P, D), np.float32))
    assert nearest.near(np.zeros((2, 1, D), np.float32), 5, every(bank)).tolist() == []
    bank, nearest = filled(world(20)[1])
    assert nearest.near(np.zeros((0, 1, D), np.float32), 5, every(bank)).tolist() == []
    bank, nearest = filled(world(200)[1], index_from=100)
    nearest.settle()
    nearest.changed(np.zeros(0, np.intp), np.zeros(0, np.intp))
    assert nearest.near(np.zeros((0, 1, D), np.float32), 5, every(bank)).tolist() == []
