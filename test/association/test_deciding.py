import numpy as np
import pytest

from reobj.association.associator_config import AssociatorConfig
from reobj.association.deciding import TrackDecider
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.map_object import ObjectState
from reobj.association.map.views import Views
from reobj.association.shared_map import SharedMap
from reobj.association.track_book import TrackBook
from reobj.association.tracks.tracker import Track
from reobj.types import Decision, DecisionKind, Embeddings, EventKind, Instances, ModelId, TrackState

MODEL = ModelId("test", "ab", 4)
E = np.eye(4, dtype=np.float32)
S = 1_000_000_000
CONFIRMED, TENTATIVE = TrackState.CONFIRMED, TrackState.TENTATIVE


def at(*xs):
    n = len(xs)
    places = np.zeros((n, 3))
    places[:, 0] = xs
    return InstanceGeometry(
        np.ones(n), places, np.repeat(0.0004 * np.eye(3)[None], n, 0), np.full((n, 3), 0.4)
    )


class Scene:
    """Tracks, the map, and evidence that says what it is told to; ``asked`` keeps what was asked."""

    def __init__(self):
        config = AssociatorConfig(max_deferred=3, max_prototypes=4, min_novelty=0.05)
        self.shared = SharedMap(config)
        self.objects = self.shared.object_map
        self.objects.use(MODEL)
        self.book = TrackBook(self.objects, 4, 0.02, 1)
        self.said, self.asked = {}, []
        self.shared.evidence = {"oracle": self.oracle, "position": config.position}
        self.decider = TrackDecider(self.shared, self.book, "front")

    def oracle(self, queries, candidates):
        self.asked.append((queries, candidates))
        said = [self.said.get(i, 0.0) for i in candidates.object_ids.tolist()]
        return np.tile(np.array(said, float), (len(queries), 1))

    def add(self, x, last_ns=0, frames=5):
        return self.objects.create(Views.of(E[:1]), ["chair"] * frames, (0, last_ns), at(x))

    def saw(self, *object_ids, stamp_ns, camera="front"):
        visits = {i: self.objects.running_visit(i) for i in object_ids}
        self.shared.sightings.note(camera, visits, stamp_ns)

    def see(self, *states, places, first_id=1, stamp_ns=9 * S, pose=None):
        n = len(states)
        tracks = [Track(k, k + first_id, state) for k, state in enumerate(states)]
        found = Instances(
            np.zeros((n, 4), np.float32), np.zeros((4, 4), np.uint16), ("chair",) * n, np.ones(n, np.float32)
        )
        self.book.see(tracks, found, Embeddings(np.repeat(E[:1], n, 0), MODEL), places, stamp_ns, pose)
        return tracks

    def decide(self, *states, places, stamp_ns=9 * S, first_id=1, pose=None):
        tracks = self.see(*states, places=places, first_id=first_id, stamp_ns=stamp_ns, pose=pose)
        return self.decider.decide(tracks, stamp_ns)


@pytest.fixture
def scene():
    return Scene()


def test_a_tentative_track_never_makes_an_object(scene):
    for _ in range(10):
        assert scene.decide(TENTATIVE, places=at(0.0)) == ((), frozenset())
    assert len(scene.objects) == 0
    assert (scene.book[1].deferred, scene.book[1].decision.kind) == (0, DecisionKind.DEFER)


def test_a_confirmed_track_does(scene):
    (event,), found = scene.decide(CONFIRMED, places=at(0.0))
    assert (event.kind, event.object_ids, event.track_id, found) == (EventKind.CREATED, (1,), 1, {1})
    assert event.details["visit"] == scene.objects.visits(1)[0].visit_id
    assert scene.book.object_of(1) == 1


def test_a_tentative_track_may_be_a_known_object(scene):
    scene.add(0.0)
    (event,), found = scene.decide(TENTATIVE, places=at(0.0))
    assert (event.kind, event.object_ids, event.absence_ns, found) == (
        EventKind.REIDENTIFIED,
        (1,),
        9 * S,
        {1},
    )


def test_a_decision_that_is_put_off_is_counted_until_half_is_enough(scene):
    """Either of two objects, then one of them at odds of 3 to 1: below the threshold of 0.8."""
    scene.add(0.0), scene.add(0.0)
    scene.said = {1: 2.0, 2: 2.0 - np.log(3)}
    for deferred in (1, 2, 3):
        assert scene.decide(CONFIRMED, places=at(0.0)) == ((), frozenset())
        assert scene.book[1].deferred == deferred
    (event,), _ = scene.decide(CONFIRMED, places=at(0.0))
    assert (event.kind, event.object_ids) == (EventKind.REIDENTIFIED, (1,))
    assert event.probability == pytest.approx(0.75, abs=0.01)


def test_objects_in_view_are_company_and_no_candidates(scene):
    scene.add(0.0), scene.add(0.5)
    scene.decide(CONFIRMED, places=at(0.0))
    scene.decide(CONFIRMED, CONFIRMED, places=at(0.0, 0.5))
    queries, candidates = scene.asked[-1]
    assert (len(queries), queries.company, candidates.object_ids.tolist()) == (1, (1,), [2])
    assert scene.book.object_of(2) == 2


def test_tracks_that_all_have_objects_ask_nothing(scene):
    scene.add(0.0)
    scene.decide(CONFIRMED, places=at(0.0))
    assert scene.decide(CONFIRMED, places=at(0.0)) == ((), frozenset())
    assert scene.decider.decide([], 9 * S) == ((), frozenset())
    assert len(scene.asked) == 1


def test_whom_a_track_met_it_cannot_be(scene):
    scene.add(0.0), scene.add(0.0)
    scene.said = {1: 9.0}
    scene.see(CONFIRMED, CONFIRMED, places=at(9.0, 0.0))
    scene.book.meet(frozenset({1, 2}))
    scene.book[1].decision = Decision(DecisionKind.MATCH, 1)
    scene.book.hold(1, 1)
    scene.book.meet(frozenset({2}))
    (event,), _ = scene.decide(CONFIRMED, places=at(0.0), first_id=2)  # 1 is out of view now
    assert event.object_ids == (2,)


def test_objects_beyond_the_gate_are_compared_only_when_they_are_absent(scene):
    scene.add(0.0), scene.add(8.0)
    scene.decide(TENTATIVE, places=at(0.1))
    assert scene.asked[-1][1].object_ids.tolist() == [1]
    scene = Scene()
    scene.add(0.0), scene.add(8.0)
    scene.objects.set_state(2, ObjectState.ABSENT)
    scene.decide(TENTATIVE, places=at(0.1))
    assert scene.asked[-1][1].object_ids.tolist() == [1, 2]


def test_the_empty_place_of_an_absent_object_says_little_against_it(scene):
    scene.add(0.0)
    scene.said = {1: 5.0}
    (event,), _ = scene.decide(CONFIRMED, places=at(2.0))
    assert event.kind == EventKind.CREATED  # ln 1e-6 for a place where it is not
    scene = Scene()
    scene.add(0.0)
    scene.said = {1: 5.0}
    scene.objects.set_state(1, ObjectState.ABSENT)
    (event, moved), _ = scene.decide(CONFIRMED, places=at(2.0))
    assert (event.kind, event.object_ids, moved.kind) == (EventKind.REIDENTIFIED, (1,), EventKind.MOVED)
    assert event.details["chosen"]["terms"]["position"] == pytest.approx(np.log(0.1), abs=1e-3)
    # prior odds of 0.9 to 0.1
    odds = 9 * np.exp(5.0) * 0.1
    assert event.probability == pytest.approx(odds / (1 + odds))


def test_where_all_objects_are_absent_a_new_one_is_still_made(scene):
    for k in range(40):
        scene.add(float(k))
        scene.objects.set_state(k + 1, ObjectState.ABSENT)
        scene.said[k + 1] = float(np.log(0.2 * 2.4))  # what looks and label say of another one of the class
    kinds = [[e.kind for e in scene.decide(CONFIRMED, places=at(100.0))[0]] for _ in range(5)]
    assert kinds == [[], [], [], [EventKind.CREATED], []]


def test_an_absent_object_that_is_seen_elsewhere_has_moved_there(scene):
    scene.add(0.0)
    scene.said = {1: 9.0}
    scene.objects.set_state(1, ObjectState.ABSENT)
    scene.decide(CONFIRMED, places=at(2.0))
    known = scene.objects.get(1)
    assert (known.state, known.visits) == (ObjectState.MOVED, 2)
    np.testing.assert_allclose(known.position, [2.0, 0.0, 0.0])
    assert [v.moved for v in scene.objects.visits(1)] == [False, True]


def test_an_absent_object_that_is_back_in_its_place_is_present(scene):
    scene.add(0.0)
    scene.objects.set_state(1, ObjectState.ABSENT)
    events, _ = scene.decide(CONFIRMED, places=at(0.05), stamp_ns=S // 2)  # a moment later, but it was missed
    assert [e.kind for e in events] == [EventKind.REIDENTIFIED]
    assert scene.objects.get(1).state == ObjectState.PRESENT


def test_an_object_that_was_not_missed_has_not_moved(scene):
    """Its place is fused instead: the pose may have drifted."""
    scene.add(0.0)
    scene.said = {1: 30.0}
    events, _ = scene.decide(CONFIRMED, places=at(1.0))
    assert [e.kind for e in events] == [EventKind.REIDENTIFIED]
    assert scene.objects.get(1).state == ObjectState.PRESENT
    assert scene.objects.get(1).position[0] < 1.0


@pytest.mark.parametrize(("away_ns", "visits"), [(S - 1, 1), (S, 2)])
def test_an_object_lost_for_less_than_a_second_was_not_away(scene, away_ns, visits):
    scene.add(0.0, last_ns=9 * S, frames=5)
    scene.saw(1, stamp_ns=9 * S)
    pose = np.eye(4)
    events, found = scene.decide(CONFIRMED, places=at(0.0), stamp_ns=9 * S + away_ns, pose=pose)
    assert len(events) == visits - 1
    assert found == {1}
    known = scene.objects.visits(1)
    assert len(known) == visits
    assert sum(v.views for v in known) == scene.objects.get(1).views == 6
    assert known[-1].last_ns == scene.objects.get(1).last_seen_ns == 9 * S + away_ns
    assert scene.book[1].visit_id == known[-1].visit_id
    np.testing.assert_array_equal(scene.objects.last_pose(1), pose)


def test_a_return_tells_the_poses_of_then_and_now(scene):
    then, now = np.eye(4), np.eye(4)
    then[0, 3], now[0, 3] = 1.0, 2.0
    scene.objects.create(Views.of(E[:1]), ["chair"], (0, 0), at(0.0), pose=then)
    (event,), _ = scene.decide(CONFIRMED, places=at(0.0), pose=now)
    assert (event.pose_then[0, 3], event.pose_now[0, 3]) == (1.0, 2.0)


def test_an_object_that_moved_and_is_lost_for_a_moment_goes_on(scene):
    scene.add(0.0, last_ns=9 * S)
    scene.objects.set_state(1, ObjectState.MOVED)
    scene.saw(1, stamp_ns=9 * S)
    assert scene.decide(CONFIRMED, places=at(0.0), stamp_ns=9 * S + S // 10) == ((), {1})
    assert scene.objects.get(1).state == ObjectState.MOVED


def test_an_object_that_was_missed_already_does_not_go_on(scene):
    """Where one look at its empty place is enough, that takes less than a second."""
    scene.add(0.0, last_ns=9 * S)
    scene.objects.set_state(1, ObjectState.ABSENT)
    scene.saw(1, stamp_ns=9 * S)
    events, _ = scene.decide(CONFIRMED, places=at(0.0), stamp_ns=9 * S + S // 10)
    assert [e.kind for e in events] == [EventKind.REIDENTIFIED]
    assert scene.objects.get(1).state == ObjectState.PRESENT


def test_who_was_in_view_is_remembered_for_a_second(scene):
    scene.add(0.0), scene.add(2.0)
    scene.saw(1, 2, stamp_ns=8 * S)
    scene.saw(2, stamp_ns=8 * S + S // 2)
    scene.saw(stamp_ns=9 * S)
    events, found = scene.decide(CONFIRMED, CONFIRMED, places=at(0.0, 2.0), stamp_ns=9 * S)
    assert [(e.kind, e.object_ids) for e in events] == [(EventKind.REIDENTIFIED, (1,))]
    assert found == {1, 2}


def test_when_a_run_begins_anew_no_visit_goes_on(scene):
    """A looped bag: how long ago an object was seen is not known."""
    scene.add(0.0, last_ns=9 * S)
    scene.saw(1, stamp_ns=9 * S)
    scene.shared.sightings.forget("front")
    events, _ = scene.decide(CONFIRMED, places=at(0.0), stamp_ns=9 * S + 1)
    assert [e.kind for e in events] == [EventKind.REIDENTIFIED]
    assert len(scene.objects.visits(1)) == 2


def test_what_another_camera_has_in_view_is_seen_in_a_visit_of_its_own(scene):
    scene.add(0.0, last_ns=9 * S)
    scene.saw(1, stamp_ns=9 * S, camera="left")
    (event,), found = scene.decide(CONFIRMED, places=at(0.0), stamp_ns=9 * S + 1)
    assert (event.kind, event.absence_ns, found) == (EventKind.REIDENTIFIED, 1, {1})
    assert [v.track_id for v in scene.objects.visits(1)] == [0, 1]


def test_a_visit_of_this_camera_goes_on_though_another_one_began_since(scene):
    scene.add(0.0, last_ns=9 * S)
    scene.saw(1, stamp_ns=9 * S)
    scene.objects.visit(1, 9 * S, Views.of(E[:1]), ["chair"], (9 * S, 9 * S), at(0.0), track_id=77)
    assert scene.decide(CONFIRMED, places=at(0.0), stamp_ns=9 * S + 1) == ((), {1})
    assert [v.views for v in scene.objects.visits(1)] == [6, 1]
    assert scene.book[1].visit_id == 1


def test_a_visit_that_was_split_off_does_not_go_on(scene):
    scene.add(0.0, last_ns=9 * S)
    scene.objects.visit(1, 9 * S, Views.of(E[:1]), ["chair"], (9 * S, 9 * S), at(0.0), track_id=77)
    scene.saw(1, stamp_ns=9 * S)
    scene.objects.split(1, [2])
    scene.said = {1: 30.0}
    (event,), _ = scene.decide(CONFIRMED, places=at(0.0), stamp_ns=9 * S + 1)
    assert (event.kind, event.object_ids) == (EventKind.REIDENTIFIED, (1,))
