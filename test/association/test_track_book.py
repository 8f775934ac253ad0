import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.association.track_book import TrackBook
from reobj.association.tracks.tracker import Track
from reobj.types import Decision, DecisionKind, Embeddings, Instances, ModelId, TrackState

MODEL = ModelId("test", "ab", 4)
E = np.eye(4, dtype=np.float32)


@pytest.fixture
def objects():
    found = ObjectMap(max_prototypes=4)
    found.use(MODEL)
    return found


@pytest.fixture
def book(objects):
    return TrackBook(objects, max_views=3, min_novelty=0.02, frames_together=2)


def see(book, *track_ids, looks=None, stamp_ns=0):
    n = len(track_ids)
    tracks = [Track(k, i, TrackState.CONFIRMED) for k, i in enumerate(track_ids)]
    found = Instances(
        np.zeros((n, 4), np.float32), np.zeros((4, 4), np.uint16), ("chair",) * n, np.ones(n, np.float32)
    )
    data = E[:n] if looks is None else E[looks]
    book.see(tracks, found, Embeddings(data, MODEL), InstanceGeometry.unknown(n), stamp_ns, None)
    return tracks


def hold_new(book, objects, track_id):
    """The track is a new object, as the decider does it."""
    unknown = InstanceGeometry.unknown(1)
    object_id = objects.create(Views.of(E[:1]), ["chair"], (0, 0), unknown, track_id)
    book[track_id].decision = Decision(DecisionKind.NEW, object_id)
    book.hold(track_id, object_id)
    return object_id


def return_of(book, objects, track_id, object_id, stamp_ns):
    unknown = InstanceGeometry.unknown(1)
    objects.visit(object_id, stamp_ns, Views.of(E[:1]), ["chair"], (stamp_ns, stamp_ns), unknown, track_id)
    book[track_id].decision = Decision(DecisionKind.MATCH, object_id)
    book.hold(track_id, object_id)


def test_evidence_gathers_until_a_track_has_an_object(book, objects):
    for stamp, look in enumerate([0, 1]):
        see(book, 7, looks=[look], stamp_ns=stamp)
    record = book[7]
    assert (record.labels, len(record.views), record.first_ns, record.last_ns) == ({"chair": 2}, 2, 0, 1)
    hold_new(book, objects, 7)
    see(book, 7, looks=[2], stamp_ns=2)
    assert (record.labels, len(record.views), record.last_ns) == ({"chair": 2}, 2, 1)


def test_a_track_is_no_object_until_that_is_decided(book, objects):
    tracks = see(book, 7, 8)
    assert hold_new(book, objects, 8) == 1
    assert (book.object_of(7), book.object_of(8), book.object_of(99)) == (0, 1, 0)
    unknown = Track(2, 99, TrackState.TENTATIVE)
    assert book.objects_of([*tracks, unknown]) == [0, 1, 0]
    assert book.get(99) is None
    assert [record.object_id for record in book] == [0, 1]


def test_tracks_that_ended_are_forgotten(book, objects):
    see(book, 7, 8)
    hold_new(book, objects, 7)
    book.forget_ended(frozenset({8}))
    assert book.get(7) is None
    assert book.get(8) is not None
    assert len(objects) == 1


def test_a_held_object_knows_the_visit_it_is(book, objects):
    see(book, 7)
    hold_new(book, objects, 7)
    return_visit = objects.visits(1)[0].visit_id
    assert book[7].visit_id == return_visit > 0


def test_tracks_seen_together_often_enough_are_two_objects_for_good(book, objects):
    see(book, 7, 8)
    first, second = (hold_new(book, objects, track) for track in (7, 8))
    book.meet(frozenset({7, 8}))
    assert objects.cannot_link(first) == frozenset()
    book.meet(frozenset({7, 8}))
    assert objects.cannot_link(first) == {second}
    assert objects.cannot_link(second) == {first}


def test_frames_together_count_in_a_row(book, objects):
    see(book, 7, 8)
    first, _ = (hold_new(book, objects, track) for track in (7, 8))
    for visible in ({7, 8}, {7}, {7, 8}, {7}):
        book.meet(frozenset(visible))
    assert objects.cannot_link(first) == frozenset()


def test_who_met_before_it_was_decided_who_they_are_are_two_objects(book, objects):
    see(book, 7, 8)
    for _ in range(2):
        book.meet(frozenset({7, 8}))
    first = hold_new(book, objects, 7)
    assert book.met_objects(8) == {first}
    second = hold_new(book, objects, 8)
    assert objects.cannot_link(second) == {first}


def test_whom_a_track_met_is_called_as_it_is_now(book, objects):
    see(book, 7, 8, 9)
    first, second = hold_new(book, objects, 7), hold_new(book, objects, 8)
    for _ in range(2):
        book.meet(frozenset({8, 9}))
    assert book.met_objects(9) == {second}
    objects.merge(first, [second])
    assert book.met_objects(9) == {first}


def test_no_two_tracks_are_one_object(book, objects):
    see(book, 7, 8)
    first = hold_new(book, objects, 7)
    return_of(book, objects, 8, first, stamp_ns=5)
    assert (book.object_of(7), book.object_of(8)) == (0, first)
    assert book.get(7) is None


def test_a_released_track_starts_anew_and_whom_it_met_says_nothing_of_it(book, objects):
    see(book, 7, 8)
    first = hold_new(book, objects, 7)
    hold_new(book, objects, 8)
    for _ in range(2):
        book.meet(frozenset({7, 8}))
    book.release(8)
    assert book.met_objects(8) == frozenset()
    see(book, 7, 8, stamp_ns=9)
    assert (book[8].first_ns, book[8].object_id, book.object_of(7)) == (9, 0, first)
    third = hold_new(book, objects, 8)
    assert objects.cannot_link(third) == frozenset()


def test_after_a_merge_the_track_is_the_object_that_stayed(book, objects):
    see(book, 7, 8)
    first, second = hold_new(book, objects, 7), hold_new(book, objects, 8)
    book.forget_ended(frozenset({8}))
    moved = objects.merge(first, [second])
    book.follow_edits()
    assert book.object_of(8) == first
    objects.unmerge(first, moved)
    book.follow_edits()
    assert book.object_of(8) == second


def test_of_two_tracks_that_became_one_object_the_visit_that_goes_on_keeps_it(book, objects):
    see(book, 7, 8)
    first, second = hold_new(book, objects, 7), hold_new(book, objects, 8)
    objects.observe([first], E[:1], ["chair"], 50, InstanceGeometry.unknown(1))
    objects.merge(second, [first])
    book.follow_edits()
    assert (book.object_of(7), book.object_of(8)) == (second, 0)


def test_after_a_split_the_track_is_the_object_of_its_visit(book, objects):
    see(book, 7)
    first = hold_new(book, objects, 7)
    book.forget_ended(frozenset())
    see(book, 8)
    return_of(book, objects, 8, first, stamp_ns=5)
    new = objects.split(first, [book[8].visit_id])
    book.follow_edits()
    assert book.object_of(8) == new != first


def test_the_track_of_a_deleted_object_starts_anew(book, objects):
    see(book, 7, 8)
    first, second = hold_new(book, objects, 7), hold_new(book, objects, 8)
    objects.delete(first)
    book.follow_edits()
    assert book.get(7) is None
    assert book.object_of(8) == second


def test_undecided_tracks_do_not_mind_edits(book, objects):
    see(book, 7, 8)
    hold_new(book, objects, 7)
    objects.delete(1)
    book.follow_edits()
    assert book[8].labels == {"chair": 1}
