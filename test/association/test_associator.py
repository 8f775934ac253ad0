"""Identities in a small world whose truth is known."""

import logging
import math

import numpy as np
import pytest

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.errors import ConfigError, InputError
from reobj.types import DecisionKind, Embeddings, EventKind, Frame, Instances, ModelId, TrackState

ROW = [(x, 0.0, 2.5) for x in (-0.8, 0.0, 0.8)]
AWAY = (30.0, 0.0, 0.0)


def absence(walk, frames=60):
    walk.step(AWAY, frames=frames)


def test_identical_objects_keep_their_ids_after_a_long_absence_by_their_places(make_world, make_walk, alike):
    walk = make_walk(make_world(ROW, alike(3), noise=0.05), MapAssociator())
    walk.step(frames=8)
    before = walk.last
    absence(walk)
    walk.step((0.3, 0.1, -0.4), frames=10)
    assert walk.last == before
    assert sorted(before.values()) == [1, 2, 3]


def test_identical_objects_that_come_back_one_by_one_are_told_apart_by_their_places(
    make_world, make_walk, alike
):
    walk = make_walk(make_world(ROW, alike(3), noise=0.05), MapAssociator())
    walk.step(frames=8)
    before = walk.last
    for present in range(3):
        absence(walk)
        walk.step(hidden=set(range(3)) - {present}, frames=8)
        assert walk.last == {present: before[present]}


def test_a_moving_camera_over_many_identical_objects_gives_each_one_id(make_world, make_walk, alike):
    positions = [(x, y, 2.5) for x in np.arange(-2, 2.1, 0.8) for y in (-0.4, 0.4)]
    walk = make_walk(make_world(positions, alike(12), noise=0.05), MapAssociator())
    for angle in np.linspace(0, 4 * math.pi, 160):
        hidden = {int(4 * angle) % 12, int(4 * angle + 5) % 12}
        walk.step((1.6 * math.sin(angle), 0.1 * math.cos(2 * angle), 0.2 * math.sin(angle)), hidden)
    ids = [walk.ids_of(i) for i in range(12)]
    assert all(len(found) == 1 for found in ids)
    assert len(set.union(*ids)) == 12


def test_distinct_objects_keep_their_ids_with_colour_only(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3), noise=0.05), MapAssociator(), extras=False)
    walk.step(frames=8)
    before = walk.last
    absence(walk)
    walk.step(frames=10)
    assert walk.last == before
    assert sorted(before.values()) == [1, 2, 3]


def test_with_colour_only_nothing_is_placed(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator(), extras=False)
    result = walk.step(frames=5)
    assert all(o.position is None and o.covariance is None for o in result.objects)
    assert all(o.position is None for o in walk.associator.objects())


def test_use_geometry_false_is_colour_only_whatever_the_frames_have(make_world, make_walk, distinct):
    associator = MapAssociator(AssociatorConfig(use_geometry=False))
    result = make_walk(make_world(ROW, distinct(3)), associator).step(frames=5)
    assert all(o.position is None for o in result.objects)


@pytest.mark.parametrize("extras", [True, False])
def test_identical_objects_seen_together_never_get_one_id(make_world, make_walk, alike, extras):
    walk = make_walk(make_world(ROW, alike(3), noise=0.02), MapAssociator(), extras=extras)
    for _ in range(3):
        walk.step(frames=25)
        absence(walk)
    for answers in walk.answers:
        given = [i for i in answers.values() if i]
        assert len(given) == len(set(given))
    first = walk.answers[24].values()
    for object_id in first:
        assert walk.associator.object_map.cannot_link(object_id) >= set(first) - {object_id}


def test_a_single_identical_object_is_not_guessed_with_colour_only(make_world, make_walk, alike):
    walk = make_walk(make_world(ROW, alike(3), noise=0.02), MapAssociator(), extras=False)
    walk.step(frames=8)
    known = set(walk.last.values())
    absence(walk)
    walk.step(hidden={0, 1}, frames=8)
    walk.step(hidden={0, 1}, frames=30)
    assert walk.last[2] == 0
    assert {o.object_id for o in walk.associator.objects()} == known


def nearly_alike(n):
    """Looks of an encoder that hardly tells things apart: similarities of different objects about 0.97."""
    rng = np.random.default_rng(1)
    return np.eye(32)[:1] * 5.0 + rng.standard_normal((n, 32)) / 6


def test_an_encoder_that_hardly_tells_things_apart_does_not_spoil_what_places_say(make_world, make_walk):
    positions = [(x, y, 2.5) for x in (-1.0, -0.5, 0.0, 0.5, 1.0) for y in (-0.4, 0.4)]
    walk = make_walk(make_world(positions, nearly_alike(10), noise=0.02), MapAssociator())
    walk.step(hidden=set(range(5, 10)), frames=10)
    before = walk.last
    absence(walk)
    walk.step(frames=10)
    assert {i: walk.last[i] for i in before} == before
    assert len(set(walk.last.values())) == 10


def test_an_encoder_that_hardly_tells_things_apart_makes_no_confusion_with_colour_only(make_world, make_walk):
    positions = [(x, y, 2.5) for x in (-1.0, -0.5, 0.0, 0.5, 1.0) for y in (-0.4, 0.4)]
    walk = make_walk(make_world(positions, nearly_alike(10), noise=0.02), MapAssociator(), extras=False)
    walk.step(hidden=set(range(5, 10)), frames=20)
    known = walk.last
    absence(walk)
    walk.step(hidden=set(range(5)), frames=25)
    assert not set(walk.last.values()) & set(known.values())


def test_events_tell_of_creation_and_return(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW[:1], distinct(1)), MapAssociator())
    walk.step(frames=3)
    absence(walk)
    walk.step(frames=5)
    created, returned = walk.events
    assert (created.kind, created.object_ids, created.stamp_ns) == (EventKind.CREATED, (1,), 100_000_000)
    assert (returned.kind, returned.object_ids) == (EventKind.REIDENTIFIED, (1,))
    assert returned.absence_ns == returned.stamp_ns - 200_000_000
    assert returned.track_id > created.track_id


def test_a_tentative_track_has_no_object(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    result = walk.step(frames=1)
    assert {o.state for o in result.objects} == {TrackState.TENTATIVE}
    assert {o.decision.kind for o in result.objects} == {DecisionKind.DEFER}
    assert walk.associator.objects() == ()


def test_a_decision_says_why(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3), noise=0.05), MapAssociator())
    walk.step(frames=5)
    absence(walk)
    decision = walk.step(frames=6).objects[0].decision
    assert decision.kind == DecisionKind.MATCH
    assert decision.probability >= 0.9
    assert set(decision.chosen.terms) == {"appearance", "position", "label", "neighbours", "prior"}
    assert decision.chosen.object_id == decision.object_id
    assert decision.chosen.total > decision.runner_up.total
    assert decision.runner_up.object_id != decision.object_id


def test_positions_are_those_of_the_objects(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    walk.step((0.2, 0.1, 0.0), frames=6)
    for true_index, object_id in walk.last.items():
        place = walk.associator.object_map.get(object_id).position
        np.testing.assert_allclose(place, ROW[true_index], atol=0.05)


def test_time_going_back_ends_tracks_and_keeps_the_map(make_world, make_walk, distinct, caplog):
    walk = make_walk(make_world(ROW, distinct(3), noise=0.05), MapAssociator())
    walk.step(frames=6)
    before, tracks = walk.last, {o.track_id for o in walk.step().objects}
    walk.stamp_ns = 0
    with caplog.at_level(logging.WARNING):
        result = walk.step(frames=6)
    assert walk.last == before
    assert not tracks & {o.track_id for o in result.objects}
    assert "time went back" in caplog.text


def test_a_duplicate_stamp_is_another_look_at_the_same_moment(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    walk.step(frames=6)
    before = walk.last
    walk.stamp_ns -= 100_000_000
    walk.step(frames=3)
    assert walk.last == before


def test_empty_frames_age_the_tracks(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    first = {o.track_id for o in walk.step(frames=5).objects}
    walk.step(hidden={0, 1, 2}, frames=40)
    assert not first & {o.track_id for o in walk.step().objects}


def test_reset_forgets_the_map_but_not_which_ids_were_used(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    walk.step(frames=5)
    used = set(walk.last.values())
    walk.associator.reset()
    assert walk.associator.objects() == ()
    walk.step(frames=5)
    assert not used & set(walk.last.values())


def test_reset_tracks_keeps_the_map(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3), noise=0.05), MapAssociator())
    walk.step(frames=5)
    before = walk.last
    walk.associator.reset_tracks()
    walk.step(frames=6)
    assert walk.last == before


def test_two_runs_over_the_same_frames_give_the_same_ids(make_world, make_walk, alike):
    answers = []
    for _ in range(2):
        walk = make_walk(make_world(ROW, alike(3), noise=0.2), MapAssociator())
        for k in range(30):
            walk.step((0.05 * k, 0.0, 0.0), hidden={k % 5})
        answers.append(walk.answers)
    assert answers[0] == answers[1]


def state_of(walk):
    """All that a further frame shows of the state."""
    return [(o.object_id, o.views, o.last_seen_ns, o.prototypes) for o in walk.associator.objects()]


def test_embeddings_of_another_count_model_or_mask_size_change_nothing(
    make_world, make_walk, distinct, model
):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    walk.step(frames=5)
    before, objects = walk.last, state_of(walk)
    frame, found, embeddings, _ = walk.world.look(walk.stamp_ns)
    fewer = Embeddings(embeddings.data[:-1], model)
    other = Embeddings(embeddings.data, ModelId("other", "00", model.dim))
    small = Instances(found.boxes, found.label_image[:50], found.labels, found.scores)
    for bad, message in (
        ((frame, found, fewer), "one per instance"),
        ((frame, found, other), "object map"),
        ((frame, small, embeddings), "160x120"),
    ):
        with pytest.raises(InputError, match=message):
            walk.associator.update(*bad)
    assert state_of(walk) == objects
    walk.step()
    assert walk.last == before


def test_a_pose_far_away_is_logged_once_and_the_frame_used_without_it(
    make_world, make_walk, distinct, caplog
):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    walk.step(frames=5)
    before = walk.last
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            frame, found, embeddings, seen = walk.world.look(walk.stamp_ns)
            pose = np.eye(4)
            pose[0, 3] = 1e9
            far = Frame(frame.colour, frame.stamp_ns, "camera", frame.depth, frame.intrinsics, pose)
            result = walk.associator.update(far, found, embeddings)
            walk.stamp_ns += 1
    assert {int(seen[o.index]): o.object_id for o in result.objects} == before
    assert all(o.position is None for o in result.objects)
    assert caplog.text.count("pose more than") == 1


def test_a_singular_pose_never_gets_into_a_frame(make_world, distinct):
    frame, *_ = make_world(ROW, distinct(3)).look(0)
    with pytest.raises(InputError, match="rotation"):
        Frame(frame.colour, 0, pose=np.diag([1.0, 1.0, 0.0, 1.0]))


def test_a_track_that_slid_to_another_object_loses_the_first(make_world, make_walk, alike):
    world = make_world([(0.0, 0.0, 2.0), (0.25, 0.0, 4.0)], alike(2))
    walk = make_walk(world, MapAssociator())
    walk.step(hidden={1}, frames=6)
    first = walk.last[0]
    walk.step(hidden={0}, frames=12)  # the nearer one is gone, the one behind stands in its box
    assert walk.last[1] not in (first, 0)


def test_five_hundred_instances_are_no_error(model):
    rng = np.random.default_rng(0)
    masks = np.zeros((240, 320), np.uint16)
    boxes = np.array(
        [(x, y, x + 10, y + 10) for x in range(0, 320, 12) for y in range(0, 229, 12)][:500], np.float32
    )
    for i, (x0, y0, x1, y1) in enumerate(boxes.astype(int)):
        masks[y0:y1, x0:x1] = i + 1
    found = Instances(boxes, masks, ("x",) * 500, np.ones(500, np.float32))
    looks = rng.standard_normal((500, model.dim))
    looks = (looks / np.linalg.norm(looks, axis=1, keepdims=True)).astype(np.float32)
    associator = MapAssociator()
    for stamp in range(4):
        frame = Frame.without_colour(240, 320, stamp, "camera")
        result = associator.update(frame, found, Embeddings(looks, model))
    assert len({o.object_id for o in result.objects}) == 500


def test_further_evidence_takes_part(make_world, make_walk, alike):
    """An oracle that prefers one object decides what looks alone cannot."""

    def oracle(queries, candidates):
        return np.where(candidates.object_ids == 2, 20.0, -20.0) * np.ones((len(queries), 1))

    walk = make_walk(
        make_world(ROW, alike(3)), MapAssociator(extra_evidence={"oracle": oracle}), extras=False
    )
    walk.step(frames=5)
    absence(walk)
    walk.step(hidden={0, 1}, frames=5)
    assert walk.last == {2: 2}


@pytest.mark.parametrize("bad", [{"max_views": 0}, {"gate_radius_m": 0.0}, {"unlike_probability": 1.0}])
def test_a_configuration_out_of_range_names_its_key(bad):
    with pytest.raises(ConfigError, match=next(iter(bad))):
        AssociatorConfig(**bad)


def test_a_merge_while_tracks_live_gives_them_the_kept_id(make_world, make_walk, distinct):
    """The first object is out of view when a person says that both are one."""
    walk = make_walk(make_world([(0.0, 0.0, 2.5), (0.5, 0.0, 2.5)], distinct(2)), MapAssociator())
    walk.step(hidden={1}, frames=5)
    walk.step(hidden={0}, frames=12)
    first, second = (walk.ids_of(k).pop() for k in (0, 1))
    walk.associator.keeper.merge([first, second], stamp_ns=walk.stamp_ns)
    walk.step(hidden={0})
    assert walk.last == {1: first}
    walk.associator.keeper.undo(walk.associator.keeper.events[-1].event_id, stamp_ns=walk.stamp_ns)
    walk.step(hidden={0})
    assert walk.last == {1: second}


def test_two_tracks_in_view_that_are_merged_by_force_never_share_the_id(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW, distinct(3)), MapAssociator())
    walk.step(frames=5)
    walk.associator.keeper.merge([walk.last[0], walk.last[1]], stamp_ns=walk.stamp_ns, force=True)
    for _ in range(12):
        walk.step()
        given = [i for i in walk.last.values() if i]
        assert len(given) == len(set(given))


def test_the_track_of_a_deleted_object_starts_anew(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW[:1], distinct(1)), MapAssociator())
    walk.step(frames=5)
    old = walk.last[0]
    walk.associator.keeper.delete(old, stamp_ns=walk.stamp_ns)
    walk.step(frames=5)
    assert walk.last[0] not in (old, 0)
    assert [o.object_id for o in walk.associator.objects()] == [walk.last[0]]


def test_a_split_off_track_in_view_is_the_new_object(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW[:1], distinct(1)), MapAssociator())
    walk.step(frames=5)
    absence(walk)
    track = walk.step(frames=5).objects[0].track_id
    event = walk.associator.keeper.split(1, track, stamp_ns=walk.stamp_ns)
    walk.step()
    assert walk.last == {0: event.object_ids[1]}


def test_a_return_says_where_the_camera_was_then_and_is_now(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW[:1], distinct(1)), MapAssociator())
    walk.step((0.1, 0, 0), frames=5)
    absence(walk)
    walk.step((0.2, 0, 0), frames=5)
    returned = walk.events[-1]
    assert (returned.pose_then[0, 3], returned.pose_now[0, 3]) == (0.1, 0.2)
    assert [e.event_id for e in walk.events] == [1, 2]
    assert returned.details["chosen"]["terms"].keys() >= {"appearance", "position"}


def test_an_object_is_all_frames_of_its_tracks(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW[:1], distinct(1)), MapAssociator())
    walk.step(frames=5)
    absence(walk)
    walk.step(frames=7)
    first, second = walk.associator.object_map.visits(1)
    assert (first.views, second.views, walk.associator.object_map.get(1).views) == (5, 7, 12)
    assert (first.kind, second.kind) == (DecisionKind.NEW, DecisionKind.MATCH)


def test_corrected_poses_move_what_was_seen_from_them(make_world, make_walk, distinct):
    """All that was seen in the second half of the walk was half a metre off."""
    walk = make_walk(make_world([(0, 0, 2.5), (6, 0, 2.5)], distinct(2)), MapAssociator())
    walk.step(frames=10)
    turn = walk.stamp_ns
    walk.step((6.5, 0, 0), frames=10)
    there, better = np.eye(4), np.eye(4)
    there[0, 3], better[0, 3] = 0.0, 6.0
    wrong = {i: o.position[0] for i, o in enumerate(walk.associator.objects())}
    keys = {turn - 100_000_000: there, turn: better, walk.stamp_ns - 100_000_000: better}
    assert walk.associator.correct_poses(keys) == 1
    places = [o.position[0] for o in walk.associator.objects()]
    np.testing.assert_allclose(places, [wrong[0], wrong[1] - 0.5], atol=0.01)
    with pytest.raises(InputError, match="stamps of corrected poses"):
        walk.associator.correct_poses({10**15: np.eye(4)})


def test_corrections_too_small_to_matter_wait_until_they_add_up(make_world, make_walk, distinct):
    walk = make_walk(make_world(ROW[:1], distinct(1)), MapAssociator())
    walk.step(frames=10)
    (was,) = walk.associator.objects()
    for centimetres, moved in ((0.6, 0), (0.9, 0), (1.2, 1), (1.8, 0)):
        pose = np.eye(4)
        pose[0, 3] = centimetres / 100
        assert walk.associator.correct_poses({walk.stamp_ns - 100_000_000: pose}) == moved
    (now,) = walk.associator.objects()
    np.testing.assert_allclose(now.position - was.position, [0.012, 0, 0], atol=1e-9)


@pytest.mark.parametrize("bad", [np.full((4, 4), np.nan), np.eye(3), np.diag([1.0, 1.0, -1.0, 1.0])])
def test_one_corrected_pose_that_is_none_refuses_all(make_world, make_walk, distinct, bad):
    walk = make_walk(make_world(ROW[:1], distinct(1)), MapAssociator())
    walk.step(frames=10)
    (was,) = walk.associator.objects()
    aside = np.eye(4)
    aside[0, 3] = 1.0
    last = walk.stamp_ns - 100_000_000
    with pytest.raises(InputError, match="pose"):
        walk.associator.correct_poses({last: aside, last - 100_000_000: bad})
    (now,) = walk.associator.objects()
    np.testing.assert_array_equal(now.position, was.position)
