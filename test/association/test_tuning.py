"""Parameters that change while association runs."""

import dataclasses
import math

import pytest

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.association.calibration_in_use import CalibrationConfig, ThresholdConfig
from reobj.association.presence import PresenceConfig
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.association.tuning import LIVE
from reobj.errors import ConfigError
from reobj.types import EventKind

ROW = [(x, 0.0, 2.5) for x in (-0.8, 0.0, 0.8)]
AWAY = (30.0, 0.0, 0.0)
NEVER = ThresholdConfig(match=1.0, new=1.0)


@pytest.fixture
def walk(make_world, make_walk, distinct):
    return make_walk(make_world(ROW, distinct(3), noise=0.05), MapAssociator())


def test_the_live_ones_are_named_as_their_parameters():
    assert {
        "thresholds.match",
        "thresholds.new",
        "max_deferred",
        "gate_radius_m",
        "tracker.max_age",
        "presence.misses",
    } <= LIVE
    assert LIVE.isdisjoint({"max_prototypes", "tracker.budget", "calibration.source", "thresholds"})


@pytest.fixture
def undecided(walk):
    """Three objects are known and in view again, and no answer is good enough."""
    walk.step(frames=6)
    walk.step(AWAY, frames=60)
    walk.associator.tune(AssociatorConfig(thresholds=NEVER, max_deferred=1000))
    walk.step(frames=6)
    assert set(walk.last.values()) == {0}
    return walk


def test_thresholds_hold_from_the_next_frame_on_and_nothing_is_forgotten(undecided):
    before = {o.track_id for o in undecided.step().objects}
    undecided.associator.tune(AssociatorConfig(max_deferred=1000))
    after = undecided.step()
    assert {o.track_id for o in after.objects} == before
    assert undecided.last == undecided.answers[5]


def test_max_deferred_holds_from_the_next_frame_on(undecided):
    undecided.associator.tune(AssociatorConfig(thresholds=NEVER, max_deferred=5))
    undecided.step()
    assert undecided.last == undecided.answers[5]


@pytest.mark.parametrize("alike", [0.01, 0.3])
def test_what_looks_say_is_bounded_by_the_new_probability(walk, alike):
    walk.step(frames=6)
    walk.associator.tune(AssociatorConfig(alike_probability=alike))
    walk.step(AWAY, frames=60)
    walk.step(frames=6)
    told = [
        e.details["chosen"]["terms"]["appearance"] for e in walk.events if e.kind == EventKind.REIDENTIFIED
    ]
    assert len(told) == 3
    bound = math.log(1 / alike)
    assert all(0.5 * bound < term <= bound for term in told)


def test_a_track_lives_as_long_as_is_set_now_whatever_the_camera(make_world, make_walk, distinct):
    associator, world = MapAssociator(), make_world(ROW, distinct(3))
    walks = [make_walk(world, associator.camera(name)) for name in ("front", "left")]
    before = [{o.track_id for o in walk.step(frames=6).objects} for walk in walks]
    associator.tune(AssociatorConfig(tracker=TrackerConfig(max_age=2)))
    for walk, known in zip(walks, before, strict=True):
        walk.step(hidden={0, 1, 2}, frames=4)
        assert not known & {o.track_id for o in walk.step().objects}


def test_a_camera_that_comes_later_has_what_is_set_now(make_world, make_walk, distinct):
    associator = MapAssociator()
    associator.tune(AssociatorConfig(tracker=TrackerConfig(n_init=5)))
    walk = make_walk(make_world(ROW, distinct(3)), associator.camera("left"))
    walk.step(frames=4)
    assert set(walk.last.values()) == {0}
    walk.step()
    assert sorted(walk.last.values()) == [1, 2, 3]


def test_fewer_looks_make_an_object_absent(walk):
    walk.associator.tune(AssociatorConfig(presence=PresenceConfig(misses=1)))
    walk.step(frames=6)
    walk.step(hidden={1})
    assert walk.events[-1].kind == EventKind.ABSENT


def test_frames_together_hold_from_now_on(walk):
    walk.associator.tune(AssociatorConfig(frames_together=1000))
    walk.step(frames=10)
    assert all(not walk.associator.object_map.cannot_link(i) for i in (1, 2, 3))
    walk.associator.tune(AssociatorConfig(frames_together=5))
    walk.step()
    assert walk.associator.object_map.cannot_link(1) == {2, 3}


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (AssociatorConfig(max_prototypes=8), "association.max_prototypes"),
        (AssociatorConfig(use_geometry=False), "association.use_geometry"),
        (AssociatorConfig(calibration=CalibrationConfig("learned")), "association.calibration.source"),
        (AssociatorConfig(tracker=TrackerConfig(budget=3)), "association.tracker.budget"),
    ],
)
def test_what_is_built_in_is_refused_by_name_and_all_stays_as_it_was(walk, config, key):
    before = walk.associator.config
    with pytest.raises(ConfigError, match=f"{key}: expected .* cannot change while running"):
        walk.associator.tune(dataclasses.replace(config, max_deferred=3))
    assert walk.associator.config is before
    walk.step(frames=3)
    assert sorted(walk.last.values()) == [1, 2, 3]


def test_a_term_of_ones_own_stays(make_world, make_walk, distinct):
    asked = []

    def label(queries, candidates):
        asked.append(len(queries))
        return 0.0 * queries.labels @ candidates.labels.T

    associator = MapAssociator(extra_evidence={"label": label})
    associator.tune(AssociatorConfig(max_deferred=3))
    make_walk(make_world(ROW, distinct(3)), associator).step(frames=3)
    assert asked
