"""Instances without an object, found by what is known of the objects from any time."""

from __future__ import annotations

from painted_walk import MeanColour, PaintedWalk, book_of

from reobj.association.associator_config import AssociatorConfig
from reobj.association.calibration_in_use import CalibrationConfig
from reobj.refinement.search import Search

SURE = CalibrationConfig("given", 40.0, -30.0)


def search() -> Search:
    return Search(AssociatorConfig(calibration=SURE), MeanColour.model, {})


def test_an_instance_is_the_object_that_looks_like_it_and_is_where_it_is() -> None:
    walk = PaintedWalk(4)
    book = book_of(walk, {0: {1: 5, 2: 6}, 3: {1: 0, 2: 0}})
    assert search().run(book, 2) == 2
    assert book.rows(3).object_ids.tolist() == [5, 6]
    assert book.rows(3).rounds.tolist() == [2, 2]
    assert book.rows(3).fresh.all()


def test_an_object_that_is_in_the_frame_is_not_found_again_in_it() -> None:
    walk = PaintedWalk(4)
    book = book_of(walk, {0: {1: 5}, 3: {1: 0, 2: 5}})
    assert search().run(book, 1) == 0


def test_a_track_is_not_an_object_that_any_of_its_frames_shows() -> None:
    walk = PaintedWalk(4)
    book = book_of(walk, {0: {1: 5}, 1: {1: 0, 2: 5}, 2: {1: 0}}, track=3)
    assert search().run(book, 1) == 0


def test_nothing_is_found_without_objects() -> None:
    assert search().run(book_of(PaintedWalk(2), {0: {1: 0}}), 1) == 0
