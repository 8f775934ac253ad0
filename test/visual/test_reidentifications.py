import numpy as np
import pytest

from reobj.types import Event, EventKind
from reobj.visual.reidentifications import ReidentificationWatcher

AGAIN = Event(EventKind.REIDENTIFIED, 9, (7,), 1, 0.8, 5_000_000_000)


@pytest.mark.parametrize(("true_now", "right"), [(3, True), (4, False), (0, None)])
def test_the_verdict_compares_with_the_object_that_carried_the_id_before(
    scene, true_now: int, right: bool | None
) -> None:
    _, _, objects = scene([7])
    watcher = ReidentificationWatcher()
    assert watcher.add(objects, (), np.array([3])) == []
    (found,) = watcher.add(objects, (AGAIN,), np.array([true_now]))
    assert (found.object_id, found.absence_ns, found.probability) == (7, 5_000_000_000, 0.8)
    assert found.right is right


def test_without_truth_there_is_no_verdict(scene) -> None:
    _, _, objects = scene([7])
    watcher = ReidentificationWatcher()
    watcher.add(objects, ())
    assert watcher.add(objects, (AGAIN,))[0].right is None


def test_other_events_and_objects_out_of_the_frame_are_left_out(scene) -> None:
    _, _, objects = scene([7])
    created = Event(EventKind.CREATED, 9, (7,), 1)
    elsewhere = Event(EventKind.REIDENTIFIED, 9, (8,), 2)
    assert ReidentificationWatcher().add(objects, (created, elsewhere), np.array([3])) == []
