from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_views import table_of

from reobj.errors import InputError
from reobj.training.sampler import BatchPlan, Sampler
from reobj.training.sections import SamplerConfig
from reobj.views.table import ViewTable


@st.composite
def tables(draw: st.DrawFn) -> ViewTable:
    """Up to 5 scenes of up to 6 objects of 2 classes with 1 to 6 views; one object at least has two views."""
    columns: list[tuple[int, int, int, int]] = [(0, 0, 0, 0), (0, 0, 0, 10)]
    for scene in range(draw(st.integers(1, 5))):
        for thing in range(1, draw(st.integers(1, 6)) + 1):
            label = draw(st.integers(0, 1))
            frames = draw(st.lists(st.integers(0, 30), min_size=1, max_size=6, unique=True))
            columns += [(scene, thing, label, frame) for frame in frames]
    order = draw(st.permutations(columns))
    return table_of(*(list(column) for column in zip(*order, strict=True)))


configs = st.builds(
    SamplerConfig,
    identities=st.integers(1, 6),
    views=st.integers(2, 4),
    singles=st.integers(0, 4),
    scenes=st.integers(1, 3),
    same_class=st.floats(0, 1),
    min_gap=st.integers(0, 20),
    transformed=st.booleans(),
)


def counts(plan: BatchPlan) -> dict[int, int]:
    names, found = np.unique(plan.objects, return_counts=True)
    return dict(zip(names.tolist(), found.tolist(), strict=True))


@given(tables(), configs, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_each_object_has_k_views_of_its_own_and_singles_have_one(
    table: ViewTable, config: SamplerConfig, step: int
) -> None:
    plan = Sampler(table, config, seed=1).batch(step)
    assert (table.identities()[plan.rows] == plan.objects).all()
    assert (table.scenes[plan.rows] == plan.scenes).all()
    found = sorted(counts(plan).values())
    assert set(found) <= {1, config.views}
    assert found.count(1) <= config.singles
    assert 1 <= found.count(config.views) <= config.identities


@given(tables(), configs, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_as_many_objects_as_there_are_take_part(table: ViewTable, config: SamplerConfig, step: int) -> None:
    plan = Sampler(table, config, seed=1).batch(step)
    views = np.bincount(table.identities())
    usable = len(views) if config.transformed else np.count_nonzero(views > 1)
    shown = sum(count > 1 for count in counts(plan).values())
    assert shown == min(config.identities, usable)


def test_a_scene_with_more_than_its_share_fills_what_the_others_lack() -> None:
    objects = [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]
    table = table_of(
        *(list(column) for column in zip(*[(*o, 0, f) for o in objects for f in (0, 9)], strict=True))
    )
    sampler = Sampler(table, SamplerConfig(identities=5, views=2, singles=0, scenes=3), seed=1)
    assert all(len(counts(sampler.batch(step))) == 5 for step in range(20))


@given(tables(), configs, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_views_are_distinct_as_far_as_there_are_enough(
    table: ViewTable, config: SamplerConfig, step: int
) -> None:
    plan = Sampler(table, config, seed=1).batch(step)
    views = np.bincount(table.identities())
    for thing, count in counts(plan).items():
        distinct = len(np.unique(plan.rows[plan.objects == thing]))
        alone = config.transformed or count == 1
        assert distinct == (1 if alone else min(config.views, views[thing]))


@given(tables(), configs, st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_a_batch_follows_from_seed_and_step_alone(table: ViewTable, config: SamplerConfig, step: int) -> None:
    first, second = Sampler(table, config, seed=3), Sampler(table, config, seed=3)
    first.batch(step + 1)
    assert (first.batch(step).rows == second.batch(step).rows).all()


@given(tables(), configs, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_devices_draw_from_different_scenes(table: ViewTable, config: SamplerConfig, step: int) -> None:
    usable = np.bincount(table.identities())[table.identities()] > (0 if config.transformed else 1)
    if len(np.unique(table.scenes[usable])) < 2:
        with pytest.raises(InputError, match="scenes"):
            Sampler(table, config, seed=1, rank=0, ranks=2)
        return
    plans = [Sampler(table, config, seed=1, rank=rank, ranks=2).batch(step) for rank in (0, 1)]
    assert not set(plans[0].scenes.tolist()) & set(plans[1].scenes.tolist())


def test_steps_draw_different_batches() -> None:
    table = table_of([0] * 40, [n // 2 for n in range(40)], [0] * 40)
    sampler = Sampler(table, SamplerConfig(identities=5, views=2), seed=0)
    drawn = {tuple(sampler.batch(step).rows.tolist()) for step in range(10)}
    assert len(drawn) == 10


def test_the_identical_objects_of_a_room_come_first() -> None:
    # 4 chairs, and 8 things of a class of their own each, in every one of 3 rooms
    things = [(scene, thing) for scene in range(3) for thing in range(12)]
    labels = [0 if thing < 4 else thing for _, thing in things]
    table = table_of([scene for scene, _ in things] * 2, [thing for _, thing in things] * 2, labels * 2)
    sampler = Sampler(table, SamplerConfig(identities=4, views=2, scenes=1, same_class=1.0), seed=0)
    for step in range(10):
        assert (table.labels[sampler.batch(step).rows] == 0).all()
    mixed = Sampler(table, SamplerConfig(identities=4, views=2, scenes=1, same_class=0.5), seed=0)
    shares = [(table.labels[mixed.batch(step).rows] == 0).mean() for step in range(40)]
    assert min(shares) == 0.5  # and more where a chair is among the rest
    assert np.mean(shares) < 0.75


def test_a_batch_is_drawn_from_as_few_scenes_as_asked_for() -> None:
    table = table_of([n // 20 for n in range(100)], [n // 2 % 10 for n in range(100)], [0] * 100)
    sampler = Sampler(table, SamplerConfig(identities=6, views=2, scenes=2), seed=0)
    for step in range(10):
        _, found = np.unique(sampler.batch(step).scenes, return_counts=True)
        assert found.tolist() == [6, 6]


def test_views_of_an_object_keep_their_gap_where_they_can() -> None:
    frames = [0, 1, 2, 3, 4, 100, 200]
    table = table_of([0] * 7, [0] * 7, [0] * 7, frames)
    sampler = Sampler(table, SamplerConfig(identities=1, views=3, min_gap=50), seed=0)
    for step in range(20):
        drawn = np.sort(table.frames[sampler.batch(step).rows])
        assert (np.diff(drawn) >= 50).all()
    crowded = Sampler(table, SamplerConfig(identities=1, views=5, min_gap=50), seed=0)
    assert len(np.unique(crowded.batch(0).rows)) == 5


def test_objects_with_one_view_are_only_singles() -> None:
    table = table_of([0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 0, 0])
    plan = Sampler(table, SamplerConfig(identities=3, views=2, singles=5), seed=0).batch(0)
    assert counts(plan) == {0: 2, 1: 1, 2: 1}


def test_singles_like_the_shown_object_come_first() -> None:
    # one chair with many views; 3 more chairs and 20 other things with one
    labels = [0] * 6 + [1] * 20
    table = table_of([0] * 26, [0, 0, 0, *range(1, 24)], labels)
    config = SamplerConfig(identities=1, views=3, singles=3, same_class=1.0)
    plan = Sampler(table, config, seed=0).batch(0)
    assert (table.labels[plan.rows] == 0).all()


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_views_without_two_of_one_object_cannot_be_trained_on(rows: int) -> None:
    table = table_of([0] * rows, list(range(rows)), [0] * rows)
    with pytest.raises(InputError, match="two views of one object"):
        Sampler(table, SamplerConfig(), seed=0)
