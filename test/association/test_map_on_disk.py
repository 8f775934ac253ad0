"""The associator with a file: nothing is lost when its process is killed, and ids are the same afterwards."""

import itertools
import multiprocessing
import os
import signal
import time

import numpy as np

from reobj.association.associator import MapAssociator
from reobj.association.map.object_map import ObjectMap
from reobj.association.store.reading import read_events, read_map
from reobj.types import EventKind

ROW = [(x, 0.0, 2.5) for x in (-0.8, 0.0, 0.8)]
AWAY = (30.0, 0.0, 0.0)
GAP_NS = 60_000_000_000
#: seconds after the first report of a life at which it ends: during all that a writer does
LIVES_S = (0.0, 0.35, 0.1, 0.6, 0.02, 0.5, 0.25, 0.8)


def open_walk(make_walk, world, path):
    walk = make_walk(world, MapAssociator())
    walk.associator.keeper.open(path)
    seen = [o.last_seen_ns for o in walk.associator.objects()]
    walk.stamp_ns = max(seen, default=0) + GAP_NS
    return walk


def walk_for_ever(walk, report):
    """Visits and absences without end; now and then says what must be in the file by now."""
    for turn in itertools.count():
        walk.step(frames=8)
        if turn % 4 == 0:
            walk.associator.keeper.flush()
            report.send((walk.last, walk.stamp_ns, walk.associator.keeper.next_event_id))
        walk.step(AWAY, frames=32)


def life(make_walk, world, path, seconds):
    """What a process said was written before it was killed."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(
        target=lambda: walk_for_ever(open_walk(make_walk, world, path), send), daemon=True
    )
    child.start()
    send.close()
    assert receive.poll(60)
    said = receive.recv()
    time.sleep(seconds)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert child.exitcode == -signal.SIGKILL
    while receive.poll():
        try:
            said = receive.recv()
        except EOFError:
            break
    return said


def assert_whole(path):
    """All parts of the map belong together, and the history tells of all of it."""
    found = read_map(path)
    opened = ObjectMap()
    opened.restore(found)
    created, visits = set(), set()
    for event in read_events(path):
        visits.add(event.details["visit"])
        if event.kind == EventKind.CREATED:
            created.add(event.object_ids[0])
    assert created == {o.object_id for o in opened.objects()}
    assert visits == set(found.visits.visit_ids.tolist())
    for o in opened.objects():
        own = opened.visits(o.object_id)
        assert o.views == sum(v.views for v in own)
        assert o.last_seen_ns == max(v.last_ns for v in own)
        assert o.visits == len(own)
    assert set(found.prototypes.visit_ids.tolist()) <= visits
    return found


def test_a_killed_associator_leaves_a_whole_map_and_goes_on_with_the_same_ids(
    tmp_path, make_world, make_walk, distinct
):
    path, ids = tmp_path / "room.map", {}
    world = make_world(ROW, distinct(3), noise=0.05)
    for seconds in LIVES_S:
        answers, stamp_ns, next_event_id = life(make_walk, world, path, seconds)
        assert answers == ids or not ids
        ids = answers
        found = assert_whole(path)
        assert found.objects.last_seen_ns.max() >= stamp_ns - 100_000_000  # of its last frame
        assert found.next_event_id >= next_event_id
    assert sorted(ids.values()) == [1, 2, 3]


def test_after_a_restart_the_same_objects_have_the_same_ids(tmp_path, make_world, make_walk, alike):
    path, world = tmp_path / "room.map", make_world(ROW, alike(3), noise=0.05)
    walk = open_walk(make_walk, world, path)
    walk.step(frames=8)
    before = walk.last
    walk.associator.keeper.close()
    again = open_walk(make_walk, world, path)
    again.step((0.3, 0.1, -0.4), frames=10)
    assert (again.last, sorted(before.values())) == (before, [1, 2, 3])
    assert [e.kind for e in again.events] == [EventKind.REIDENTIFIED] * 3
    for event in again.events:  # the places from where it was seen: known from the file
        np.testing.assert_array_equal(event.pose_then, np.eye(4))
        assert event.pose_now[:3, 3].tolist() == [0.3, 0.1, -0.4]
    assert again.associator.object_map.cannot_link(1) == {2, 3}
    again.associator.keeper.close()


def test_a_reset_forgets_in_the_file_too_and_ids_go_on(tmp_path, make_world, make_walk, distinct):
    walk = open_walk(make_walk, make_world(ROW, distinct(3)), tmp_path / "room.map")
    walk.step(frames=5)
    walk.associator.reset()
    walk.step(frames=5)
    walk.associator.keeper.close()
    found = read_map(tmp_path / "room.map")
    ObjectMap().restore(found)
    assert found.objects.object_ids.tolist() == sorted(walk.last.values()) == [4, 5, 6]
