from dataclasses import replace

import pytest

from reobj.association.tracks.deepsort import deepsort_associator
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.errors import InputError
from reobj.types import DecisionKind, Embeddings, EventKind, ModelId

ROW = [(x, 0.0, 2.5) for x in (-0.8, 0.0, 0.8)]


@pytest.fixture
def walk(make_world, make_walk, distinct):
    return make_walk(make_world(ROW, distinct(3)), deepsort_associator())


def test_each_confirmed_track_is_an_object(walk):
    walk.step(frames=2)
    assert set(walk.last.values()) == {0}
    result = walk.step()
    assert sorted(walk.last.values()) == [1, 2, 3]
    assert all(o.decision.kind == DecisionKind.NEW and o.object_id == o.track_id for o in result.objects)


def test_an_object_that_was_away_too_long_gets_another_id(walk):
    walk.step(frames=5)
    before = set(walk.last.values())
    walk.step(hidden={0, 1, 2}, frames=31)
    walk.step(frames=3)
    assert not before & set(walk.last.values())


def test_with_a_long_memory_it_gets_the_same_id(make_world, make_walk, distinct):
    config = replace(TrackerConfig.deepsort_paper(), max_age=10_000)
    walk = make_walk(make_world(ROW, distinct(3)), deepsort_associator(config))
    walk.step(frames=5)
    before = walk.last
    walk.step(hidden={0, 1, 2}, frames=31)
    walk.step(frames=1)
    assert walk.last == before


def test_each_track_is_announced_once(walk):
    walk.step(frames=10)
    assert [(e.kind, e.object_ids) for e in walk.events] == [(EventKind.CREATED, (i,)) for i in (1, 2, 3)]


def test_reset_ends_the_tracks_and_takes_another_model(walk):
    walk.step(frames=4)
    frame, found, embeddings, _ = walk.world.look(walk.stamp_ns)
    other = Embeddings(embeddings.data, ModelId("other", "00", embeddings.model.dim))
    with pytest.raises(InputError, match="model"):
        walk.associator.update(frame, found, other)
    walk.associator.reset()
    result = walk.associator.update(frame, found, other)
    assert all(o.track_id > 3 for o in result.objects)
