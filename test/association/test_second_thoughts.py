import numpy as np
import pytest

from reobj.association.associator_config import AssociatorConfig
from reobj.association.evidence import Queries
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidates import Candidates
from reobj.association.map.views import Views
from reobj.association.neighbourhood import NeighbourConfig
from reobj.association.presence import Presence
from reobj.association.reconsider import ReconsiderConfig
from reobj.association.second_thoughts import SecondThoughts
from reobj.association.shared_map import SharedMap
from reobj.association.track_book import TrackBook
from reobj.association.tracks.tracker import Track
from reobj.types import Decision, DecisionKind, Embeddings, EventKind, Instances, ModelId, TrackState

MODEL = ModelId("test", "ab", 4)
E = np.eye(4, dtype=np.float32)
S = 1_000_000_000


def at(*xs):
    n = len(xs)
    places = np.zeros((n, 3))
    places[:, 0] = xs
    return InstanceGeometry(
        np.ones(n), places, np.repeat(0.0004 * np.eye(3)[None], n, 0), np.full((n, 3), 0.4)
    )


class Scene:
    """Tracks k = 1, 2, ... and the map that they are in."""

    def __init__(self):
        config = AssociatorConfig(
            max_prototypes=4,
            min_novelty=0.05,
            neighbours=NeighbourConfig(most=9.0, strongest=9.0),
            reconsider=ReconsiderConfig(same=0.95, every_s=0.5),
        )
        shared = SharedMap(config)
        self.objects, self.keeper, self.neighbourhood = shared.object_map, shared.keeper, shared.neighbourhood
        self.objects.use(MODEL)
        self.neighbourhood.clear()
        self.book = TrackBook(self.objects, 4, 0.02, 3)
        self.said, self.asked = {}, []
        shared.evidence = {"oracle": self.oracle}
        self.second_thoughts = SecondThoughts(shared, self.book, Presence())

    def oracle(self, queries, candidates):
        self.asked.append(queries.places.positions[:, 0].tolist())
        said = [self.said.get(i, -20.0) for i in candidates.object_ids.tolist()]
        return np.tile(np.array(said, float), (len(queries), 1))

    def add(self, x, frames=10):
        return self.objects.create(Views.of(E[:1]), ["chair"] * frames, (0, 0), at(x))

    def tracks(self, *object_ids):
        """Tracks 1, 2, ..., each holding one of the objects."""
        n = len(object_ids)
        tracks = [Track(k, k + 1, TrackState.CONFIRMED) for k in range(n)]
        found = Instances(
            np.zeros((n, 4), np.float32), np.zeros((4, 4), np.uint16), ("chair",) * n, np.ones(n, np.float32)
        )
        looks = Embeddings(np.repeat(E[:1], n, 0), MODEL)
        self.book.see(tracks, found, looks, InstanceGeometry.unknown(n), 0, None)
        for track, object_id in zip(tracks, object_ids, strict=True):
            if object_id:
                self.book[track.track_id].decision = Decision(DecisionKind.MATCH, object_id)
                self.book.hold(track.track_id, object_id)
        return tracks

    def observe(self, object_id, frames=1):
        for _ in range(frames):
            self.objects.observe([object_id], E[:1], ["chair"], 0, InstanceGeometry.unknown(1))

    def reconsider(self, *held, stamp_ns=S):
        visits = {i: self.objects.running_visit(i) for i in held if i}
        return self.second_thoughts.reconsider(visits, stamp_ns)


@pytest.fixture
def scene():
    return Scene()


def test_a_track_is_doubted_for_one_frame_and_then_loses_its_object(scene):
    tracks = scene.tracks(scene.add(0.0), scene.add(3.0))
    elsewhere = at(0.0, 4.5)
    assert scene.second_thoughts.doubt(tracks, elsewhere) == {2}
    assert scene.book.object_of(2) == 2
    assert scene.second_thoughts.doubt(tracks, elsewhere) == frozenset()
    assert (scene.book.object_of(1), scene.book.get(2)) == (1, None)


def test_doubts_count_in_a_row(scene):
    tracks = scene.tracks(scene.add(0.0), scene.add(3.0))
    for x in (4.5, 3.0, 4.5, 3.0):
        scene.second_thoughts.doubt(tracks, at(0.0, x))
    assert scene.book.objects_of(tracks) == [1, 2]


def test_a_track_far_from_all_objects_is_compared_with_its_own(scene):
    """Its object is further away than objects are searched for."""
    tracks = scene.tracks(scene.add(0.0))
    assert scene.second_thoughts.doubt(tracks, at(50.0)) == {1}


def test_a_track_that_slid_to_an_object_nearby_is_doubted(scene):
    """0.3 m of 0.4 m: alone that would be the same place; but there the other object is."""
    first = scene.add(0.0)
    tracks = scene.tracks(first)
    assert scene.second_thoughts.doubt(tracks, at(0.3)) == frozenset()
    scene.add(0.3)
    assert scene.second_thoughts.doubt(tracks, at(0.3)) == {1}


def test_tracks_without_an_object_or_a_place_are_not_doubted(scene):
    tracks = scene.tracks(scene.add(0.0), 0)
    assert scene.second_thoughts.doubt(tracks, at(np.nan, 5.0)) == frozenset()
    assert scene.second_thoughts.doubt([], at()) == frozenset()


def test_an_object_in_view_that_is_another_one_of_the_map_merges_with_it(scene):
    scene.add(0.0), scene.add(0.0)
    tracks = scene.tracks(2)
    scene.observe(2)
    scene.said = {1: 9.0}
    (event,) = scene.reconsider(2)
    assert (event.kind, event.object_ids, event.stamp_ns) == (EventKind.MERGED, (1, 2), S)
    assert 0.95 <= event.probability < 1
    assert event.details == {"visits": {"2": [2]}, "terms": {"oracle": 9.0}}
    assert list(scene.keeper.events) == [event]
    assert scene.book.objects_of(tracks) == [1]
    assert [o.object_id for o in scene.objects.objects()] == [1]


def test_the_company_of_an_absorbed_object_is_that_of_the_one_that_stays(scene):
    scene.add(0.0), scene.add(0.0), scene.add(1.0)
    for _ in range(5):
        scene.neighbourhood.observe([2, 3])
    for _ in range(5):
        scene.neighbourhood.observe([])
    one = np.ones((1, 1))
    unknown = InstanceGeometry.unknown(1)
    asked = Queries(np.ones((1, 1, 4), np.float32), one, np.ones(1), one, unknown, company=(3,))
    of_first = Candidates(np.array([1]), np.ones((1, 1, 4), np.float32), one, unknown, 1)
    assert scene.neighbourhood(asked, of_first)[0, 0] == 0.0
    scene.said = {1: 9.0}
    scene.tracks(2)
    scene.reconsider(2)
    # seen with 3 in all of 5 moments, 3 in (5 + 1) / (10 + 2): (5 + 5 / 2) / (5 + 5) / (1 / 2)
    assert scene.neighbourhood(asked, of_first)[0, 0] == pytest.approx(np.log(1.5))


def test_visits_that_were_elsewhere_are_split_off(scene):
    scene.add(0.0)
    scene.objects.visit(1, 5, Views.of(E[:1]), ["chair"] * 9, (5, 5), at(1.0))
    tracks = scene.tracks(1)
    (event,) = scene.reconsider(1)
    assert (event.kind, event.object_ids, event.details) == (EventKind.SPLIT, (1, 2), {"visits": [2]})
    assert scene.book.objects_of(tracks) == [2]  # the track is the visit that was elsewhere
    assert scene.objects.cannot_link(1) == {2}
    np.testing.assert_allclose(scene.objects.places([1, 2]).positions[:, 0], [0.0, 1.0])


def test_it_looks_again_after_the_set_time_only(scene):
    scene.add(0.0), scene.add(0.2)
    scene.tracks(1)
    for tenths, looks in ((10, 1), (14, 1), (15, 2)):
        scene.observe(1, frames=50)
        scene.reconsider(1, stamp_ns=tenths * S // 10)
        assert len(scene.asked) == looks


def test_it_looks_again_when_a_visit_has_grown_by_a_quarter(scene):
    """1 has been seen in 8 frames, 2 in 100."""
    scene.add(0.0, frames=8), scene.add(1.0, frames=100), scene.add(2.0)
    scene.tracks(1, 2)
    scene.reconsider(1, 2, stamp_ns=S)
    assert scene.asked.pop() == [0.0, 1.0]
    scene.observe(1), scene.observe(2)
    scene.reconsider(1, 2, stamp_ns=2 * S)
    assert scene.asked == []
    scene.observe(1)  # 10 of 8
    scene.reconsider(1, 2, stamp_ns=3 * S)
    assert scene.asked.pop() == [0.0]
    scene.observe(2, frames=24)  # 125 of 100
    scene.reconsider(1, 2, stamp_ns=4 * S)
    assert scene.asked.pop() == [1.0]


def test_an_object_that_comes_back_into_view_is_looked_at(scene):
    scene.add(0.0), scene.add(1.0), scene.add(2.0)
    scene.tracks(1, 2)
    scene.reconsider(1, 2, stamp_ns=S)
    scene.reconsider(1, stamp_ns=2 * S)
    scene.asked.clear()
    scene.reconsider(1, 2, stamp_ns=3 * S)
    assert scene.asked == [[1.0]]


def test_a_new_visit_is_looked_at_however_short(scene):
    scene.add(0.0), scene.add(2.0)
    scene.tracks(1)
    scene.reconsider(1, stamp_ns=S)
    scene.asked.clear()
    scene.objects.visit(1, 5, Views.of(E[:1]), ["chair"], (5, 5), at(0.0))
    scene.reconsider(1, stamp_ns=2 * S)
    assert scene.asked == [[0.0]]


def test_cleared_all_are_looked_at_anew(scene):
    scene.add(0.0), scene.add(2.0)
    scene.tracks(1)
    scene.reconsider(1, stamp_ns=9 * S)
    scene.second_thoughts.clear()
    scene.reconsider(1, stamp_ns=S)  # time went back
    assert len(scene.asked) == 2


def test_with_nobody_in_view_nothing_is_asked(scene):
    scene.add(0.0), scene.add(0.0)
    scene.said = {1: 9.0, 2: 9.0}
    assert scene.reconsider(0, 0) == scene.reconsider() == ()
    assert scene.asked == []


def test_the_company_of_what_a_person_merged_speaks_for_the_object_that_is_left(scene):
    """Objects 1 and 2 turn out to be one by hand; 3 was seen with 2 only, and 4 with nobody."""
    for x in range(4):
        scene.add(float(x))
    for moment in ({2, 3}, {4}, {1}):
        for _ in range(5):
            scene.neighbourhood.observe(moment)
    ones = np.ones((1, 1))
    asked = Queries(E[:1][None], ones, np.ones(1), ones, at(0.0), (3,))
    looks = Candidates(np.array([1]), E[:1][None], ones, at(0.0), 3)
    assert scene.neighbourhood(asked, looks) == 0
    scene.keeper.merge([1, 2], stamp_ns=S)
    scene.second_thoughts.follow_edits()
    # 3 is seen in 6 / 17 of the moments, and beside 1 in (5 + 5 * 6 / 17) / (10 + 5)
    assert scene.neighbourhood(asked, looks) == pytest.approx(np.log((5 + 30 / 17) / 15 * 17 / 6))
