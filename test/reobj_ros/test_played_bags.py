from __future__ import annotations

from reobj_ros.input.stamp_join import LOOP_NS
from reobj_ros.training.played_bags import PlayedBags

CHAIRS, CUPS = {1: "chair", 2: "chair"}, {1: "cup"}
S = 2 * LOOP_NS
"""A step of stamps that is no mere jitter."""


def test_frames_of_one_bag_are_one_recording() -> None:
    played = PlayedBags()
    assert [played.number(stamp * S, dict(CHAIRS)) for stamp in (5, 6, 9)] == [0, 0, 0]


def test_other_instances_are_another_recording_though_the_stamps_are_the_same() -> None:
    """Simulated bags all begin at the same time."""
    played = PlayedBags()
    numbers = [played.number(stamp * S, names) for names in (CHAIRS, CUPS) for stamp in (1, 2)]
    assert numbers == [0, 0, 1, 1]


def test_other_instances_are_another_recording_though_the_stamps_go_on() -> None:
    played = PlayedBags()
    assert [played.number(1 * S, CHAIRS), played.number(2 * S, CUPS)] == [0, 1]


def test_stamps_from_before_the_bag_are_another_recording() -> None:
    played = PlayedBags()
    assert [played.number(stamp * S, CHAIRS) for stamp in (7, 8, 2, 3)] == [0, 0, 1, 1]


def test_what_a_looped_bag_shows_again_is_left_out_and_what_follows_is_not() -> None:
    played = PlayedBags()
    stamps = [1, 2, 3, 1, 2, 3, 4]
    assert [played.number(stamp * S, CHAIRS) for stamp in stamps] == [0, 0, 0, None, None, None, 0]


def test_a_frame_that_was_lost_before_the_loop_is_left_out_too() -> None:
    played = PlayedBags()
    for stamp in (1, 3):
        played.number(stamp * S, CHAIRS)
    assert played.number(2 * S, CHAIRS) is None


def test_an_earlier_bag_that_is_played_again_is_left_out() -> None:
    played = PlayedBags()
    for names in (CHAIRS, CUPS):
        for stamp in (1, 2):
            played.number(stamp * S, names)
    assert [played.number(stamp * S, CHAIRS) for stamp in (1, 2)] == [None, None]
    assert played.number(2 * S + LOOP_NS, CHAIRS) is None  # its end, which was lost the first time
