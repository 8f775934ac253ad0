"""Frames of a recording in any order."""

from __future__ import annotations

import numpy as np
import pytest
from painted_walk import PaintedWalk

from reobj.refinement.archive import FrameArchive, PackedImage


def test_any_frame_of_a_sequential_recording_can_be_had_once_it_was_read() -> None:
    walk = PaintedWalk(4)
    with FrameArchive(walk) as archive:
        assert len(list(archive)) == 4
        for number in (3, 0, 2):
            frame, truth = archive[number]
            was = walk.frame(number)
            np.testing.assert_array_equal(frame.colour, was.colour)
            np.testing.assert_array_equal(frame.depth, was.depth)
            np.testing.assert_array_equal(frame.pose, was.pose)
            assert (frame.stamp_ns, frame.intrinsics) == (was.stamp_ns, was.intrinsics)
            np.testing.assert_array_equal(truth.ids, walk.ids(number))
            assert truth.labels == {1: "box", 2: "cup"}


def test_frames_come_in_the_order_that_is_asked_for() -> None:
    with FrameArchive(PaintedWalk(4)) as archive:
        list(archive)
        assert [frame.stamp_ns for frame, _ in archive.in_order([2, 0, 1])] == [2e8, 0, 1e8]


def test_a_limit_ends_the_recording() -> None:
    with FrameArchive(PaintedWalk(4), 2) as archive:
        assert len(archive) == len(list(archive)) == 2


def test_a_recording_that_ends_early_is_as_long_as_what_came() -> None:
    class Short(PaintedWalk):
        def __len__(self) -> int:
            return 9

    with FrameArchive(Short(4)) as archive:
        list(archive)
        assert len(archive) == 4


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_a_packed_image_is_the_image(kind: type) -> None:
    image = np.arange(24).reshape(4, 6).astype(kind)
    np.testing.assert_array_equal(PackedImage.of(image[:, ::2]).image(), image[:, ::2])
