"""Masks carried through a recording."""

from __future__ import annotations

import numpy as np
import pytest
from painted_walk import MeanColour, PaintedWalk, book_of, overlap

from reobj.detection.carrying.optical_flow import DISFlow
from reobj.offline import Mode
from reobj.refinement.archive import FrameArchive
from reobj.refinement.carrying import MaskSweep
from reobj.refinement.frame_masks import MaskBook


def sweep(walk: PaintedWalk, book: MaskBook, order: range, mode: Mode = Mode.colour) -> None:
    with FrameArchive(walk) as archive:
        list(archive)
        MaskSweep(archive, book, mode, DISFlow(), MeanColour()).run(order, 1)


@pytest.mark.parametrize("mode", [Mode.colour, Mode.colour_depth_pose])
def test_a_mask_is_carried_to_the_end(mode: Mode) -> None:
    walk = PaintedWalk(7)
    book = book_of(walk, {2: {1: 5}})
    sweep(walk, book, range(7), mode)
    assert [book.rows(n).shown() for n in (0, 1)] == [[], []]
    assert min(overlap(book, walk, n, 5, 1) for n in range(3, 7)) > 0.8


def test_backwards_it_is_carried_to_the_beginning() -> None:
    walk = PaintedWalk(7)
    book = book_of(walk, {4: {1: 5}})
    sweep(walk, book, range(7)[::-1])
    assert min(overlap(book, walk, n, 5, 1) for n in range(4)) > 0.8
    assert book.rows(5).shown() == []


def test_what_is_carried_has_an_embedding_of_its_image_and_a_lower_confidence() -> None:
    walk = PaintedWalk(4)
    book = book_of(walk, {0: {1: 5}})
    sweep(walk, book, range(4))
    carried, drawn = book.rows(3), book.rows(0)
    assert float(carried.embeddings[0] @ drawn.embeddings[0]) > 0.99
    assert 0.5 <= carried.confidence[0] <= 1.0
    assert not carried.fresh[0]


def test_a_detected_mask_ends_the_carrying_and_is_left_alone() -> None:
    walk = PaintedWalk(4)
    book = book_of(walk, {0: {1: 5}, 1: {1: 5}})
    before = book[1].label_image
    sweep(walk, book, range(4))
    np.testing.assert_array_equal(book[1].label_image, before)
    assert book.rows(1).confidence.tolist() == [1.0]


def test_nothing_is_carried_over_a_change_of_size() -> None:
    class Cut(PaintedWalk):
        def frame(self, number: int):  # type: ignore[no-untyped-def]
            frame = super().frame(number)
            return frame if number < 2 else type(frame)(frame.colour[:100].copy(), frame.stamp_ns)

        def ids(self, number: int) -> np.ndarray:
            return super().ids(number) if number < 2 else super().ids(number)[:100]

    walk = Cut(4)
    book = book_of(walk, {0: {1: 5}})
    sweep(walk, book, range(4))
    assert [book.rows(n).shown() for n in range(4)] == [[5], [5], [], []]
