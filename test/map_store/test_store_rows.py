import numpy as np
import pytest
from map_changes import MODEL, E, changes, event, links, objects, prototypes, visits

from reobj.association.store.changes import MapChanges, joined
from reobj.association.store.rows import ObjectRows
from reobj.errors import InputError
from reobj.types import Event, EventKind, ModelId


@pytest.mark.parametrize(
    "wrong",
    [
        {"views": np.ones(2)},
        {"positions": np.zeros((2, 2))},
        {"votes": np.zeros((2, 3))},
        {"names": ("only one",)},
    ],
)
def test_columns_that_do_not_fit_together_are_refused(wrong):
    with pytest.raises(InputError, match="expected"):
        objects(1, 2, **wrong)


def test_columns_of_visits_that_do_not_fit_together_are_refused():
    with pytest.raises(InputError, match="visits: last_poses: expected"):
        visits(1, 2, last_poses=np.zeros((2, 3, 4)))


def test_prototypes_in_double_precision_are_refused():
    with pytest.raises(InputError, match=r"expected \(1, D\) float32, got \(1, 4\) float64"):
        prototypes((1, 0), embeddings=np.eye(4)[:1])


def test_selected_objects_come_in_the_order_asked_for():
    some = objects(1, 2, 3).select(np.array([2, 0]))
    assert some.object_ids.tolist() == [3, 1]
    assert some.names == ("name 3", "name 1")
    assert some.votes[:, 0].tolist() == [4, 2]


def test_joined_objects_share_one_vocabulary():
    both = ObjectRows.joined([objects(1), objects(2, words=("cup", "chair"))])
    assert both.words == ("chair", "table", "cup")
    assert both.votes.tolist() == [[2, 1, 0], [1, 0, 3]]
    assert both.votes_of(1) == {"cup": 3, "chair": 1}
    assert both.label_of(1) == "cup"


def test_an_object_without_votes_has_no_label():
    assert objects(1, votes=np.zeros((1, 2))).label_of(0) == ""


def test_of_objects_and_prototypes_the_last_state_counts():
    first = changes(1, 2, prototypes=prototypes((1, 0), (1, 1), (2, 0)))
    rows = objects(2, views=np.array([99])), visits(2, last_ns=np.array([88]))
    second = changes(2, objects=rows[0], visits=rows[1], prototypes=prototypes((1, 1), stamp_ns=77))
    both = joined([first, second])
    assert both.objects.object_ids.tolist() == [1, 2]
    assert both.objects.views.tolist() == [3, 99]
    assert (both.visits.visit_ids.tolist(), both.visits.last_ns.tolist()) == ([1, 2], [20, 88])
    assert both.prototypes.stamps_ns.tolist() == [5, 77, 5]


def test_events_and_links_add_up_and_ids_never_go_back():
    first = changes(5, events=(event(1, 5),), cannot_links=links((1, 5)))
    both = joined([first, MapChanges(events=(event(2, 5),), cannot_links=links((2, 5)))])
    assert [e.event_id for e in both.events] == [1, 2]
    assert both.cannot_links.tolist() == [[1, 5], [2, 5]]
    assert (both.next_object_id, both.model) == (6, MODEL)


def test_what_was_there_before_a_reset_is_gone_but_for_history():
    before = changes(1, events=(event(1, 1),), redirects={9: 1}, cannot_links=links((1, 9)))
    both = joined([before, MapChanges(cleared=True), changes(2)])
    assert both.cleared
    assert both.objects.object_ids.tolist() == both.visits.object_ids.tolist() == [2]
    assert both.next_visit_id == 3
    assert len(both.cannot_links) == 0
    assert (len(both.events), both.redirects) == (1, {})


def test_another_model_after_a_reset_is_the_one_that_counts():
    other = ModelId("other", "cd", 2)
    new = changes(2, model=other, prototypes=prototypes((2, 0), embeddings=E[:1, :2]))
    both = joined([changes(1), MapChanges(cleared=True), new])
    assert both.model == other
    assert both.prototypes.embeddings.shape == (1, 2)


def test_prototypes_of_another_length_than_the_model_are_refused():
    with pytest.raises(InputError, match="expected 4 numbers each, got 2"):
        changes(1, prototypes=prototypes((1, 0), embeddings=E[:1, :2]))


def test_details_that_json_cannot_hold_are_refused():
    with pytest.raises(InputError, match="details of an event"):
        Event(EventKind.CREATED, 0, (1,), details={"terms": np.zeros(2)})
