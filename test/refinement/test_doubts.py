"""Where a person should look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from painted_walk import PaintedWalk, book_of

from reobj.refinement.doubts import Doubt, find_doubts, frames_to_draw


def test_an_object_that_ends_in_full_view_is_a_doubt_and_so_is_one_that_begins() -> None:
    walk = PaintedWalk(6)
    book = book_of(walk, {n: {1: 5} for n in (2, 3)})
    assert find_doubts(book) == [
        Doubt(5, 1, 1, "appears in full view"),
        Doubt(5, 4, 4, "lost in full view"),
    ]


def test_one_that_leaves_over_the_edge_is_none() -> None:
    walk = PaintedWalk(26)  # in frame 25 the first column is column 75 of the wall, within object 1
    book = book_of(walk, {n: {1: 5} for n in range(25)})
    assert find_doubts(book) == []


def test_frames_of_little_confidence_are_one_doubt() -> None:
    walk = PaintedWalk(6)
    book = book_of(walk, {n: {1: 5} for n in range(6)})
    for number in (2, 3, 4):
        book.relabel(number, replace(book.rows(number), confidence=np.array([0.55], np.float32)))
    assert find_doubts(book) == [Doubt(5, 2, 4, "little confidence")]


def test_the_frame_that_settles_most_doubts_comes_first() -> None:
    doubts = [Doubt(1, 10, 10, ""), Doubt(2, 12, 12, ""), Doubt(3, 14, 14, ""), Doubt(1, 80, 84, "")]
    assert frames_to_draw(doubts, 5) == [10, 82]
    assert frames_to_draw(doubts, 1) == [10]


def test_no_frame_beside_one_that_is_drawn_is_proposed() -> None:
    doubts = [Doubt(1, 10, 10, ""), Doubt(2, 12, 12, ""), Doubt(1, 80, 84, "")]
    assert frames_to_draw(doubts, 5, {15: None}) == [82]
