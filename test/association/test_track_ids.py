import numpy as np

from reobj.association.tracks.track_ids import TrackIds
from reobj.association.tracks.tracker import Tracker
from reobj.types import Instances


def test_ids_begin_with_1_and_never_come_twice():
    ids = TrackIds()
    assert ids.take(2).tolist() == [1, 2]
    assert ids.take(0).tolist() == []
    ids.go_on_after(7)
    ids.go_on_after(3)
    assert ids.take(1).tolist() == [8]


def test_trackers_that_share_their_ids_give_none_twice():
    shared = TrackIds()
    boxes = np.array([[0, 0, 4, 4], [10, 0, 14, 4]], np.float32)
    found = Instances(boxes, np.zeros((16, 16), np.uint16), ("cup", "cup"), np.ones(2, np.float32))
    trackers = [Tracker(ids=shared) for _ in range(2)]
    given = [
        [t.track_id for t in tracker.update(0, found, np.eye(2, dtype=np.float32))] for tracker in trackers
    ]
    assert given == [[1, 2], [3, 4]]
