"""Pictures of objects: the largest of each visit, of bounded size and number."""

import cv2
import numpy as np
import pytest

from reobj.association.desk.view_album import ViewAlbum
from reobj.types import Decision, DecisionKind, Instances, TrackedObject, TrackState

SIZE = (120, 160)
RNG = np.random.default_rng(3)
NOISE = RNG.integers(0, 255, (*SIZE, 3), np.uint8)


def see(album, stamp_ns, object_id, track_id, box=(10, 10, 40, 40), colour=NOISE):
    boxes = np.array([box], np.float32)
    instances = Instances(boxes, np.zeros(colour.shape[:2], np.uint16), ("cup",), np.ones(1, np.float32))
    decision = Decision(DecisionKind.MATCH, object_id) if object_id else Decision(DecisionKind.DEFER)
    album.see(stamp_ns, colour, instances, [TrackedObject(0, track_id, TrackState.CONFIRMED, decision)])


def picture(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def test_the_picture_shows_the_box_with_its_margin():
    colour = np.zeros((*SIZE, 3), np.uint8)
    colour[40:80, 60:100] = (250, 10, 10)
    album = ViewAlbum()
    see(album, 1, 5, 1, (60, 40, 100, 80), colour)
    (jpeg,) = album.of([5])
    shown = picture(jpeg)
    assert shown.shape == (52, 52, 3)  # 15 % of 40 on each side
    assert shown[26, 26, 2] > 200 and shown[26, 26, 0] < 60  # red, in OpenCV's order
    assert shown[1, 1].max() < 60


@pytest.mark.parametrize(
    "box", [(0, 0, 160, 120), (-5, -5, 400, 300), (0.2, 3, 0.4, 90), (159.5, 119.5, 160, 120)]
)
def test_any_box_gives_a_picture_of_bounded_size(box):
    album = ViewAlbum()
    see(album, 1, 5, 1, box)
    (jpeg,) = album.of([5])
    assert min(picture(jpeg).shape[:2]) >= 1 and max(picture(jpeg).shape[:2]) <= 128


def test_one_picture_per_visit_and_a_much_larger_one_replaces_it():
    album = ViewAlbum()
    see(album, 1, 5, 1)
    first = album.of([5])
    see(album, 2, 5, 1, (10, 10, 44, 44))  # 1.28 times the area
    assert album.of([5]) == first
    see(album, 3, 5, 1, (10, 10, 50, 50))  # 1.78 times
    assert len(album.of([5])) == 1 and album.of([5]) != first
    see(album, 4, 5, 2)
    assert len(album.of([5])) == 2


def test_instances_without_an_object_are_not_taken():
    album = ViewAlbum()
    see(album, 1, 0, 1)
    assert album.nbytes == 0


def test_the_oldest_visits_go_first():
    album = ViewAlbum(per_object=3)
    kept = []
    for k in range(5):
        see(album, k, 5, k + 1, (k, k, k + 30, k + 30))
        kept.append(album.of([5])[-1])
    assert album.of([5]) == tuple(kept[2:])
    assert album.nbytes == sum(map(len, kept[2:]))


def test_memory_is_bounded_and_who_was_not_seen_for_long_goes():
    album = ViewAlbum(most_bytes=20_000)
    for object_id in range(1, 40):
        see(album, object_id, object_id, object_id)
    assert album.nbytes <= 20_000
    assert album.of([1]) == () and len(album.of([39])) == 1
    assert album.nbytes == sum(len(jpeg) for i in range(40) for jpeg in album.of([i]))


def test_the_pictures_of_several_ids_come_in_the_order_of_time():
    album = ViewAlbum()
    see(album, 3, 5, 1)
    see(album, 1, 6, 2, (50, 50, 90, 90))
    assert album.of([5, 6]) == album.of([6]) + album.of([5])
    album.clear()
    assert album.of([5, 6]) == () and album.nbytes == 0
