"""Objects looked for where they were seen from elsewhere."""

from __future__ import annotations

from painted_walk import MeanColour, PaintedWalk, book_of, overlap

from reobj.offline import Mode
from reobj.refinement.archive import FrameArchive
from reobj.refinement.frame_masks import MaskBook
from reobj.refinement.places import PlaceSearch


def look(walk: PaintedWalk, book: MaskBook) -> int:
    with FrameArchive(walk) as archive:
        list(archive)
        return PlaceSearch(archive, book, Mode.colour_depth_pose, MeanColour()).run(1)


def test_an_object_is_found_where_depth_and_poses_say_that_it_is() -> None:
    walk = PaintedWalk(7)
    book = book_of(walk, {0: {1: 5, 2: 6}})
    assert look(walk, book) == 6  # in every other frame: 2, 4 and 6
    assert min(overlap(book, walk, n, i, i - 4) for n in (2, 4, 6) for i in (5, 6)) > 0.85
    assert book.rows(2).fresh.all()


def test_an_object_that_is_not_there_any_more_is_not_found() -> None:
    class Moved(PaintedWalk):
        def frame(self, number: int):  # type: ignore[no-untyped-def]
            frame = super().frame(number)
            if number >= 1:  # the wall is 30 cm behind what was seen before
                frame.depth[:] += 0.3
            return frame

    walk = Moved(6)
    assert look(walk, book_of(walk, {0: {1: 5}})) == 0


def test_without_poses_nothing_is_looked_for() -> None:
    walk = PaintedWalk(6)
    book = book_of(walk, {0: {1: 5}})
    book.poses = [None] * 6
    assert look(walk, book) == 0
