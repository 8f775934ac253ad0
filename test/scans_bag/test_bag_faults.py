"""Faults done to the messages of a bag: what is lost, late, swapped or damaged, and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from reobj.errors import InputError
from reobj.scans.bag_faults import Disturbance, Faults, damaged_image, frames_of, with_stamp
from reobj.scans.bag_raw import RawMessage, header_of
from reobj.scans.bag_writer import scan_to_bag

IMAGE = "/image/compressed"
STEP_NS = 100_000_000


def message(topic: str, stamp_ns: int) -> RawMessage:
    return RawMessage(topic, "any/msg/Type", stamp_ns, b"")


def frames(count: int) -> list[list[RawMessage]]:
    """Depth and image, ten times a second."""
    return [[message("/depth", i * STEP_NS), message("/image", i * STEP_NS)] for i in range(count)]


def shown(faults: Faults, count: int = 8) -> list[list[tuple[str, int]]]:
    """Topics and numbers of the frames of what each step publishes."""
    steps = Disturbance(faults)(frames(count))
    return [[(m.topic, m.stamp_ns // STEP_NS) for m in step.messages] for step in steps]


@pytest.fixture(scope="module")
def bag(tmp_path_factory: Any, make_scan: Callable[..., Any]) -> Path:
    path = tmp_path_factory.mktemp("bags") / "walk"
    scan_to_bag(make_scan(jpeg=True), path)
    return path


def test_without_faults_everything_comes_as_it_was() -> None:
    assert shown(Faults()) == [[("/depth", i), ("/image", i)] for i in range(8)]


def test_three_of_ten_messages_are_lost_and_the_same_ones_each_time() -> None:
    disturbance = Disturbance(Faults(drop=0.3, seed=1))
    left = sum(len(step.messages) for step in disturbance(frames(1000)))
    assert disturbance.counts["lost"] == 2000 - left
    assert abs(disturbance.counts["lost"] - 600) < 4 * np.sqrt(2000 * 0.3 * 0.7)  # four standard deviations
    assert shown(Faults(drop=0.3, seed=1)) == shown(Faults(drop=0.3, seed=1))
    assert shown(Faults(drop=0.3, seed=1)) != shown(Faults(drop=0.3, seed=2))


def test_what_is_late_comes_half_a_second_later_with_its_own_stamp() -> None:
    steps = shown(Faults(late_topic="/depth"))
    assert steps[:5] == [[("/image", i)] for i in range(5)]
    assert steps[5:8] == [[("/depth", i - 5), ("/image", i)] for i in range(5, 8)]
    assert steps[8] == [("/depth", i) for i in range(3, 8)]


def test_every_third_frame_changes_places_with_the_next_one() -> None:
    steps = shown(Faults(swap_every=3), count=9)
    assert [step[1][1] for step in steps] == [0, 1, 3, 2, 4, 6, 5, 7, 8]


def test_every_second_image_is_damaged_and_its_step_says_which(bag: Path) -> None:
    disturbance = Disturbance(Faults(damage_every=2))
    before = frames_of(bag)
    steps = list(disturbance(before))
    changed = [
        [m.topic for m, old in zip(step.messages, frame, strict=True) if m.cdr != old.cdr]
        for step, frame in zip(steps, before, strict=True)
    ]
    assert changed == [[], [IMAGE], [], [IMAGE]]
    stamps = [{header_of(frame[-1])[0]} for frame in before]
    assert [step.damaged for step in steps] == [set(), stamps[1], set(), stamps[3]]
    assert disturbance.counts["damaged"] == 2


def test_damaged_images_are_valid_messages_without_a_usable_picture(bag: Path) -> None:
    types = get_typestore(Stores.ROS2_HUMBLE)
    image = frames_of(bag)[1][-1]
    whole = types.deserialize_cdr(image.cdr, image.msgtype)
    none, half, small = (
        types.deserialize_cdr(damaged_image(image, kind).cdr, image.msgtype) for kind in range(3)
    )
    assert {(m.header.stamp.nanosec, m.format) for m in (none, half, small)} == {
        (whole.header.stamp.nanosec, whole.format)
    }
    assert not none.data.any()
    np.testing.assert_array_equal(half.data, whole.data[: len(whole.data) // 2])
    assert cv2.imdecode(small.data, cv2.IMREAD_COLOR).shape == (8, 8, 3)


def test_a_message_gets_another_stamp_and_nothing_else_changes(bag: Path) -> None:
    image = frames_of(bag)[1][-1]
    moved = with_stamp(image, 1_700_000_123_000_000_456)
    assert struct.unpack("<iI", moved.cdr[4:12]) == (1_700_000_123, 456)
    assert header_of(moved) == (moved.stamp_ns, header_of(image)[1])
    assert (moved.cdr[:4], moved.cdr[12:]) == (image.cdr[:4], image.cdr[12:])


def test_a_bag_is_cut_after_each_image(bag: Path) -> None:
    found = frames_of(bag)
    assert [frame[-1].topic for frame in found] == [IMAGE] * 4
    assert sum(m.topic == IMAGE for frame in found for m in frame) == 4
    with pytest.raises(InputError, match="expected images on /left, got none"):
        frames_of(bag, "/left")


@pytest.mark.parametrize("wrong", [{"drop": 1.5}, {"swap_every": -1}, {"late_ns": -1}])
def test_impossible_faults_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Faults(**wrong)
