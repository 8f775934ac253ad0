"""Identities taken back to the frames before they were known."""

from __future__ import annotations

import numpy as np
from painted_walk import PaintedWalk, book_of

from reobj.refinement.backfill import fill_tracks, resolve_merged


def test_a_track_has_its_object_in_the_frames_before_it_was_decided() -> None:
    walk = PaintedWalk(4)
    book = book_of(walk, {0: {1: 0}, 1: {1: 0}, 2: {1: 9}, 3: {1: 9}}, track=4)
    assert fill_tracks(book, 1) == 2
    assert [book.rows(n).shown() for n in range(4)] == [[9]] * 4
    assert [book.rows(n).rounds.tolist() for n in range(4)] == [[1], [1], [0], [0]]


def test_an_object_that_is_shown_already_is_not_given_twice() -> None:
    walk = PaintedWalk(2)
    book = book_of(walk, {0: {1: 9, 2: 0}, 1: {2: 9}}, track=4)
    assert fill_tracks(book, 1) == 0
    assert sorted(book.rows(0).object_ids.tolist()) == [0, 9]


def test_a_track_that_slid_from_one_object_to_another_has_the_nearer_one() -> None:
    walk = PaintedWalk(6)
    shown = {n: {1: i} for n, i in enumerate([7, 0, 0, 0, 8, 8])}
    book = book_of(walk, shown, track=4)
    fill_tracks(book, 1)
    assert [book.rows(n).object_ids.tolist() for n in (1, 3)] == [[7], [8]]


def test_merged_objects_have_one_id_and_one_place_per_frame() -> None:
    walk = PaintedWalk(2)
    book = book_of(walk, {0: {1: 3}, 1: {1: 3, 2: 5}})
    resolve_merged(book, lambda object_id: 5)
    assert book.rows(0).object_ids.tolist() == [5]
    assert np.sort(book.rows(1).object_ids).tolist() == [0, 5]
