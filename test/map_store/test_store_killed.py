"""A process that writes is killed at any moment: what was flushed is there, and nothing is half there."""

import itertools
import multiprocessing

import numpy as np
from map_changes import changes, event, links, objects, prototypes

from reobj.association.store.map_store import MapStore
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
    for reports in LIVES:
        written = life(path, reports)
        found = read_map(path)
        ids = found.objects.object_ids
        assert ids.tolist() == list(range(1, len(ids) + 1))
        assert len(ids) >= written
        assert found.objects.prototype_counts.tolist() == [2] * len(ids)
        assert found.prototypes.stamps_ns.tolist() == np.repeat(ids, 2).tolist()
        assert found.cannot_links.tolist() == [[i, i + 1] for i in ids]
        assert [e.event_id for e in read_events(path)] == ids.tolist()
        assert (found.next_object_id, found.next_event_id) == (len(ids) + 1, len(ids) + 1)
