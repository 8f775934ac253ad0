"""A process that writes is killed at any moment: what was flushed is there, and nothing is half there."""

import itertools
import multiprocessing
import os

import numpy as np
from map_changes import changes, event, links, objects, prototypes

from reobj.association.store.map_store import MapStore
from reobj.association.store.opening import SKIPPED_IDS
from reobj.association.store.reading import read_events, read_map

#: how many reports the writing process makes before it is killed, one number per life
LIVES = (1, 2, 3, 5, 8, 2, 1, 4)
FLUSH_EVERY = 3


def write_for_ever(path, report):
    with MapStore(path) as store:
        first = store.load().next_object_id
        for i in itertools.count(first):
            store.put(
                changes(
                    i,
                    objects=objects(i, prototype_counts=np.array([2])),
                    prototypes=prototypes((i, 0), (i, 1), stamp_ns=i),
                    cannot_links=links((i, i + 1)),
                    events=(event(i, i),),
                )
            )
            if i % FLUSH_EVERY == 0:
                store.flush()
                report.send(i)


def life(path, reports):
    """Id of the last object that the process said was written before it was killed."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=write_for_ever, args=(path, send), daemon=True)
    process.start()
    send.close()
    for _ in range(reports):
        assert receive.poll(60)
        written = receive.recv()
    process.kill()
    process.join()
    assert process.exitcode == -9
    return written


def test_a_killed_process_leaves_a_whole_map_with_all_that_was_flushed(tmp_path):
    path = tmp_path / "room.map"
    expected = []
    for reports in LIVES:
        first = expected[-1] + 1 + SKIPPED_IDS if expected else 1
        written = life(path, reports)
        found = read_map(path)
        ids = found.objects.object_ids
        expected += range(first, ids[-1] + 1)
        assert ids.tolist() == expected
        assert ids[-1] >= written
        assert found.objects.prototype_counts.tolist() == [2] * len(ids)
        assert found.prototypes.stamps_ns.tolist() == np.repeat(ids, 2).tolist()
        assert found.cannot_links.tolist() == [[i, i + 1] for i in ids]
        assert [e.event_id for e in read_events(path)] == ids.tolist()
        following = ids[-1] + 1 + SKIPPED_IDS
        assert (found.next_object_id, found.next_event_id) == (following, following)


def write_and_die(path):
    store = MapStore(path)
    store.put(changes(1, objects=objects(1), events=(event(1, 1),)))
    os._exit(9)


def test_what_was_given_out_just_before_the_end_is_never_given_out_again(tmp_path):
    """The transaction comes half a second after the ids have gone out."""
    path = tmp_path / "room.map"
    process = multiprocessing.get_context("fork").Process(target=write_and_die, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 9
    with MapStore(path) as store:
        found = store.load()
    assert min(found.next_object_id, found.next_event_id, found.next_visit_id) > 2


def test_a_map_that_was_closed_in_order_goes_on_with_the_next_id(tmp_path):
    path = tmp_path / "room.map"
    with MapStore(path) as store:
        store.put(changes(1, objects=objects(1), events=(event(1, 1),)))
    with MapStore(path) as store:
        assert store.load().next_object_id == 2
