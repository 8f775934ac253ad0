import numpy as np
import pytest

from reobj.association.associator import MapAssociator
from reobj.association.fragments import pieces
from reobj.association.geometry import InstanceGeometry
from reobj.association.oriented_box import upright
from reobj.types import Embeddings, Instances


def boxes(*centres, extent=(0.2, 0.2, 0.2), yaw=0.0):
    n = len(centres)
    sides = np.broadcast_to(np.array(extent, float), (n, 3))
    turns = upright(np.full(n, yaw))
    return InstanceGeometry(np.ones(n), np.array(centres, float), np.zeros((n, 3, 3)), sides, turns)


def chairs(n):
    return np.array(["chair"] * n)


#: half a side and 3 cm of margin: it reaches to 0.53
OBJECT = boxes((0, 0, 0), extent=(1, 1, 1))


def found(seen, objects=OBJECT):
    labels, names = chairs(len(seen.depths)), chairs(len(objects.depths))
    return pieces(seen, labels, objects, names).tolist()


def test_what_lies_within_an_object_of_its_class_is_a_piece_of_it():
    assert found(boxes((0, 0, 0), (0.3, -0.3, 0.2), (2, 0, 0))) == [True, True, False]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_seven_tenths_of_the_box_have_to_be_inside(axis):
    seen = boxes(np.eye(3)[axis] * 0.48, np.eye(3)[axis] * 0.50)  # 0.15 and 0.13 of 0.2 m are inside
    assert found(seen) == [True, False]


def test_what_sticks_out_on_two_sides_is_judged_by_volume():
    inside, outside = boxes((0.46, 0.46, 0.0)), boxes((0.48, 0.48, 0.0))  # 0.85 and 0.75 along both
    assert found(inside) == [True]
    assert found(outside) == [False]


def test_a_flat_thing_is_taken_to_be_two_centimetres_thick():
    flat = boxes((0, 0, 0.525), (0, 0, 0.527), extent=(0.2, 0.2, 0.0))  # 15 and 13 mm of 20 are inside
    assert found(flat) == [True, False]


def test_a_flat_object_has_pieces_too():
    picture = boxes((0, 0, 0), extent=(1, 1, 0))
    assert found(boxes((0.2, 0, 0.01), (0.2, 0, 0.3), extent=(0.2, 0.2, 0)), picture) == [True, False]


def test_an_object_is_no_piece_of_a_smaller_one():
    assert found(boxes((0, 0, 0), extent=(2, 1, 1))) == [False]


def test_the_boxes_are_taken_as_they_are_turned():
    rod = {"extent": (1.0, 0.1, 0.1)}
    shelf = boxes((0, 0, 0), extent=(0.2, 1.2, 0.2))
    assert found(boxes((0, 0, 0), **rod), shelf) == [False]
    assert found(boxes((0, 0, 0), yaw=np.pi / 2, **rod), shelf) == [True]
    assert found(boxes((0, 0, 0), **rod), boxes((0, 0, 0), extent=(0.2, 1.2, 0.2), yaw=np.pi / 2)) == [True]


def test_the_class_must_be_that_of_the_object_it_lies_in():
    objects, names = boxes((0, 0, 0), (5, 0, 0), extent=(1, 1, 1)), np.array(["table", "cup"])
    seen = boxes((0, 0, 0), (0, 0, 0), (5, 0, 0))
    assert pieces(seen, np.array(["cup", "table", "cup"]), objects, names).tolist() == [False, True, True]


def test_where_a_place_is_unknown_nothing_is_a_piece():
    unknown = InstanceGeometry.unknown(1)
    assert found(unknown) == [False]
    assert found(boxes((0, 0, 0)), unknown) == [False]
    both = InstanceGeometry.joined([unknown, OBJECT])
    assert found(boxes((0, 0, 0)), both) == [True]


def test_nobody_and_nothing_are_no_error():
    assert pieces(boxes((0, 0, 0)), chairs(1), InstanceGeometry.unknown(0), chairs(0)).tolist() == [False]
    assert pieces(InstanceGeometry.unknown(0), chairs(0), OBJECT, chairs(1)).shape == (0,)


AWAY = (30.0, 0.0, 0.0)
SECOND = 10  # frames


def fall_apart(found, looks, index, parts):
    """The mask of one instance becomes (columns) parts that all look like it."""
    masks = found.label_image.copy()
    boxes, rows = found.boxes.copy(), np.arange(len(found))
    x0, y0, x1, y1 = boxes[index].astype(int)
    cuts = np.linspace(x0, x1, parts + 1).astype(int)
    for k in range(1, parts):
        piece = np.zeros(masks.shape, bool)
        piece[y0:y1, cuts[k] + 1 : cuts[k + 1]] = True  # a pixel between them is lost
        masks[piece & (masks == index + 1)] = len(boxes) + 1
        boxes = np.concatenate([boxes, np.array([[cuts[k] + 1, y0, cuts[k + 1], y1]], np.float32)])
        rows = np.append(rows, index)
    boxes[index, 2] = cuts[1]
    masks[y0:y1, cuts[1] : cuts[1] + 1][masks[y0:y1, cuts[1] : cuts[1] + 1] == index + 1] = 0
    labels = tuple(found.labels[i] for i in rows)
    return (
        Instances(boxes, masks, labels, np.ones(len(rows), np.float32)),
        Embeddings(looks.data[rows], looks.model),
    )


@pytest.fixture
def large(make_world, make_walk, distinct):
    """One large object next to a small one, seen for two seconds."""
    walk = make_walk(make_world([(0.0, 0.0, 2.5), (1.2, 0.0, 2.5)], distinct(2), side_m=0.9), MapAssociator())
    walk.step(frames=2 * SECOND)
    return walk


def step_apart(walk, frames, other_look=None, piece_only=False):
    """The mask of the first object falls into two; ids of all instances, the piece last."""
    ids = []
    for _ in range(frames):
        frame, found, looks, seen = walk.world.look(walk.stamp_ns)
        index = int(np.flatnonzero(seen == 0)[0])
        found, looks = fall_apart(found, looks, index, 2)
        if other_look is not None:
            looks.data[-1] = other_look
        if piece_only:
            found, looks = without(found, looks, index)
        result = walk.associator.update(frame, found, looks)
        walk.events += result.events
        walk.stamp_ns += 100_000_000
        of = {o.index: o.object_id for o in result.objects}
        ids.append((0 if piece_only else of[index], of[len(found) - 1]))
    return ids


def without(found, looks, index):
    """All instances but one."""
    rows = np.delete(np.arange(len(found)), index)
    masks = np.zeros_like(found.label_image)
    for k, row in enumerate(rows):
        masks[found.label_image == row + 1] = k + 1
    labels = tuple(found.labels[row] for row in rows)
    return (
        Instances(found.boxes[rows], masks, labels, found.scores[rows]),
        Embeddings(looks.data[rows], looks.model),
    )


def test_a_piece_of_a_mask_that_fell_apart_is_no_object(large):
    """Whatever it looks like: the object is there already, and another one cannot be."""
    (whole,) = large.ids_of(0)
    known = len(large.events)
    assert step_apart(large, 2 * SECOND) == [(whole, 0)] * 2 * SECOND
    assert large.events[known:] == []
    assert len(large.associator.objects()) == 2


def test_a_piece_that_looks_like_nothing_known_makes_no_object(large, distinct):
    (whole,) = large.ids_of(0)
    strange = distinct(9)[8].astype(np.float32)
    assert step_apart(large, 2 * SECOND, strange) == [(whole, 0)] * 2 * SECOND
    assert len(large.associator.objects()) == 2


def test_a_piece_does_not_keep_the_object_from_being_itself(large):
    """Two tracks in view are two objects for good, but not those of one object."""
    (whole,) = large.ids_of(0)
    step_apart(large, SECOND)
    assert large.associator.object_map.cannot_link(whole) == large.ids_of(1)
    large.step(AWAY, frames=4 * SECOND)
    large.step(frames=SECOND)
    assert large.last[0] == whole


def test_a_piece_may_be_the_object_when_nothing_else_of_it_is_in_view(large):
    """It was in view together with the rest, and yet it is the same."""
    (whole,) = large.ids_of(0)
    step_apart(large, SECOND)
    ids = step_apart(large, SECOND, piece_only=True)
    assert ids[-1] == (0, whole)
    assert len(large.associator.objects()) == 2
