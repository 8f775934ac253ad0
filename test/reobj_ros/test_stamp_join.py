from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reobj_ros.input.stamp_join import (
    ANY_STAMP_NS,
    LOOP_NS,
    Around,
    Companion,
    Interpolated,
    Joined,
    StampJoin,
)

MS = 1_000_000


class Sink:
    """A StampJoin whose output is kept."""

    def __init__(self, wait_s: float = 0.2, keep: int = 30, **companions: Companion) -> None:
        self.out: list[Joined] = []
        self.join = StampJoin(companions, self.out.append, wait_s, keep)

    @property
    def stamps(self) -> list[int]:
        return [joined.stamp_ns for joined in self.out]


def test_without_companions_each_primary_goes_straight_through() -> None:
    sink = Sink()
    sink.join.add_primary(10, "a", 0.0)
    sink.join.add_primary(20, "b", 0.0)
    assert [(j.stamp_ns, j.primary) for j in sink.out] == [(10, "a"), (20, "b")]


def test_a_primary_waits_for_the_companion_with_its_stamp() -> None:
    sink = Sink(depth=Companion())
    sink.join.add_primary(10, "image", 0.0)
    assert sink.out == []
    sink.join.add("depth", 10, "depth", 0.1)
    assert sink.out[0].companions == {"depth": "depth"}


def test_a_companion_may_come_first() -> None:
    sink = Sink(depth=Companion())
    sink.join.add("depth", 10, "depth", 0.0)
    sink.join.add_primary(10, "image", 0.0)
    assert sink.out[0].companions == {"depth": "depth"}


def test_a_companion_that_nobody_publishes_is_not_waited_for() -> None:
    sink = Sink(depth=Companion(expected=lambda: False))
    sink.join.add_primary(10, "image", 0.0)
    assert sink.out[0].companions == {}


def test_after_the_wait_the_primary_goes_without() -> None:
    sink = Sink(wait_s=0.2, depth=Companion())
    sink.join.add_primary(10, "image", 0.0)
    sink.join.flush(0.19)
    assert sink.out == []
    sink.join.flush(0.2)
    assert sink.out[0].companions == {} and sink.join.dropped == 0


def test_without_a_required_companion_the_primary_is_dropped_and_counted() -> None:
    sink = Sink(wait_s=0.2, truth=Companion(required=True, expected=lambda: False))
    sink.join.add_primary(10, "image", 0.0)
    assert sink.join.dropped == 0
    sink.join.flush(0.3)
    assert sink.out == [] and sink.join.dropped == 1


def test_a_later_companion_ends_the_wait() -> None:
    sink = Sink(pose=Companion())
    sink.join.add_primary(10 * MS, "image", 0.0)
    sink.join.add("pose", 43 * MS, "pose", 0.01)
    assert sink.out[0].companions == {}


def test_within_the_slop_the_nearest_companion_is_taken() -> None:
    sink = Sink(depth=Companion(slop_ns=20 * MS))
    sink.join.add("depth", 85 * MS, "early", 0.0)
    sink.join.add("depth", 104 * MS, "near", 0.0)
    sink.join.add_primary(100 * MS, "image", 0.0)
    assert sink.out[0].companions == {"depth": "near"}


def test_beyond_the_slop_nothing_is_taken() -> None:
    sink = Sink(depth=Companion(slop_ns=20 * MS))
    sink.join.add("depth", 121 * MS, "late", 0.0)
    sink.join.add_primary(100 * MS, "image", 0.0)
    assert sink.out[0].companions == {}


def test_any_stamp_takes_the_one_that_is_there() -> None:
    sink = Sink(camera_info=Companion(slop_ns=ANY_STAMP_NS, keep=1))
    sink.join.add("camera_info", 0, "info", 0.0)
    sink.join.add_primary(10**18, "image", 0.0)
    assert sink.out[0].companions == {"camera_info": "info"}


def test_a_waiting_primary_holds_the_later_ones_back_so_that_order_is_kept() -> None:
    sink = Sink(depth=Companion(expected=lambda: True))
    sink.join.add_primary(10, "a", 0.0)
    sink.join.add_primary(20, "b", 0.0)
    sink.join.add("depth", 10, "da", 0.0)
    sink.join.add("depth", 20, "db", 0.0)
    assert sink.stamps == [10, 20]


def test_a_repeated_stamp_is_ignored() -> None:
    sink = Sink(depth=Companion())
    sink.join.add_primary(10, "a", 0.0)
    sink.join.add_primary(10, "a again", 0.0)
    sink.join.add("depth", 10, "d", 0.0)
    assert [joined.primary for joined in sink.out] == ["a"]


def test_too_many_waiting_primaries_drop_the_oldest() -> None:
    sink = Sink(wait_s=100.0, keep=2, depth=Companion())
    for stamp in (1, 2, 3):
        sink.join.add_primary(stamp, stamp, 0.0)
    sink.join.flush(200.0)
    assert sink.stamps == [2, 3] and sink.join.dropped == 1


def test_after_a_bag_has_looped_leftovers_of_the_last_round_do_no_harm() -> None:
    """message_filters' exact synchroniser gives nothing more in this case."""
    sink = Sink(image=Companion(required=True, keep=5))
    for stamp in range(100, 110):  # images without masks fill the buffer
        sink.join.add("image", stamp * LOOP_NS, "old", 0.0)
    for stamp in range(1, 20):
        sink.join.add("image", stamp * LOOP_NS, f"image {stamp}", 1.0)
        sink.join.add_primary(stamp * LOOP_NS, "masks", 1.0)
    assert sink.stamps == [stamp * LOOP_NS for stamp in range(1, 20)]
    assert sink.join.dropped == 0


@given(st.permutations(range(8)), st.permutations(range(8)))
def test_whatever_the_order_of_arrival_every_primary_comes_out_once_with_its_companion(
    primaries: list[int], companions: list[int]
) -> None:
    sink = Sink(wait_s=1.0, depth=Companion(slop_ns=LOOP_NS // 4))
    for primary, companion in zip(primaries, companions, strict=True):
        sink.join.add("depth", companion * MS, companion, 0.0)
        sink.join.add_primary(primary * MS, primary, 0.0)
    sink.join.flush(2.0)
    assert sorted(sink.stamps) == [i * MS for i in range(8)]


@pytest.mark.parametrize("name", ["unknown"])
def test_an_unknown_companion_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        Sink().join.add(name, 0, "x", 0.0)


def test_what_was_to_be_expected_and_did_not_come_is_counted_until_it_comes() -> None:
    depth, nobody = Companion(), Companion(expected=lambda: False)
    sink = Sink(wait_s=0.1, depth=depth, nobody=nobody)
    for stamp in (1, 2, 3):
        sink.join.add_primary(stamp, "image", 0.0)
    sink.join.flush(0.2)
    assert (depth.missed, nobody.missed) == (3, 0)
    sink.join.add("depth", 4, "depth", 0.3)
    sink.join.add_primary(4, "image", 0.3)
    assert depth.missed == 0


def test_what_is_long_past_is_forgotten() -> None:
    depth = Companion(keep=1000)
    sink = Sink(depth=depth)
    for i in range(200):
        sink.join.add("depth", i * LOOP_NS // 10, i, 0.0)
        sink.join.add_primary(i * LOOP_NS // 10, "image", 0.0)
    assert sink.join.dropped == 0 and len(sink.out) == 200
    assert min(depth.waiting) == 189 * LOOP_NS // 10  # one second before the last one


def test_images_wait_for_a_slow_stage_as_long_as_they_are_kept() -> None:
    sink = Sink(image=Companion(required=True, keep=150))
    for i in range(150):
        sink.join.add("image", i * 33 * MS, i, 0.0)
    sink.join.add_primary(0, "masks", 5.0)
    assert [joined.companions["image"] for joined in sink.out] == [0]


def test_calibration_of_any_age_is_never_forgotten() -> None:
    sink = Sink(camera_info=Companion(slop_ns=ANY_STAMP_NS, keep=1))
    sink.join.add("camera_info", 0, "info", 0.0)
    for i in range(100):
        sink.join.add_primary(i * LOOP_NS, "image", 0.0)
    assert all(joined.companions == {"camera_info": "info"} for joined in sink.out)


def test_the_gap_to_the_nearest_message_is_known_of_what_is_missed() -> None:
    depth = Companion(slop_ns=20 * MS)
    sink = Sink(wait_s=0.1, depth=depth)
    sink.join.add_primary(5 * LOOP_NS, "image", 0.0)
    sink.join.flush(0.2)
    assert depth.gap_ns is None
    sink.join.add("depth", 8 * LOOP_NS, "depth", 0.3)
    sink.join.add_primary(6 * LOOP_NS, "image", 0.3)
    sink.join.flush(0.5)
    assert depth.gap_ns == 2 * LOOP_NS
    sink.join.add("depth", 8 * LOOP_NS + 70 * MS, "depth", 0.5)
    sink.join.add_primary(8 * LOOP_NS + 100 * MS, "image", 0.5)
    sink.join.flush(0.7)
    assert depth.gap_ns == -30 * MS


def test_of_a_companion_that_lags_by_seconds_the_gap_is_known_too() -> None:
    depth = Companion(slop_ns=20 * MS)
    sink = Sink(wait_s=0.0, depth=depth)
    for second in range(10, 14):
        sink.join.add("depth", (second - 3) * LOOP_NS, "depth", 0.0)
        sink.join.add_primary(second * LOOP_NS, "image", 0.0)
    assert (depth.missed, depth.gap_ns) == (4, -3 * LOOP_NS)


def poses(slop_ms: int = 200, wait_s: float = 0.2) -> Sink:
    return Sink(wait_s=wait_s, pose=Interpolated(slop_ns=slop_ms * MS))


def test_a_pose_of_exactly_the_stamp_is_taken_as_it_is() -> None:
    sink = poses()
    for stamp in (90, 100, 110):
        sink.join.add("pose", stamp * MS, stamp, 0.0)
    sink.join.add_primary(100 * MS, "image", 0.0)
    assert sink.out[0].companions == {"pose": 100}


def test_between_two_poses_both_are_given_with_the_place_between_them() -> None:
    sink = poses()
    for stamp in (60, 80, 120, 140):
        sink.join.add("pose", stamp * MS, stamp, 0.0)
    sink.join.add_primary(90 * MS, "image", 0.0)
    assert sink.out[0].companions == {"pose": Around(80, 120, 0.25)}


def test_an_image_waits_for_the_pose_after_it() -> None:
    sink = poses()
    sink.join.add("pose", 80 * MS, 80, 0.0)
    sink.join.add_primary(100 * MS, "image", 0.0)
    assert sink.out == []
    sink.join.add("pose", 120 * MS, 120, 0.1)
    assert sink.out[0].companions == {"pose": Around(80, 120, 0.5)}


def test_an_image_does_not_wait_for_longer_than_it_may() -> None:
    sink = poses()
    sink.join.add("pose", 80 * MS, 80, 0.0)
    sink.join.add_primary(100 * MS, "image", 0.0)
    sink.join.flush(0.2)
    assert sink.out[0].companions == {}


@pytest.mark.parametrize("slop_ms", [0, 39])
def test_poses_too_far_apart_are_not_interpolated_between(slop_ms: int) -> None:
    sink = poses(slop_ms)
    for stamp in (80, 120):
        sink.join.add("pose", stamp * MS, stamp, 0.0)
    sink.join.add_primary(100 * MS, "image", 0.0)
    assert sink.out[0].companions == {}  # and at once, as nothing that fits can come any more


def test_before_the_first_pose_an_image_goes_without() -> None:
    sink = poses()
    sink.join.add_primary(100 * MS, "image", 0.0)
    sink.join.add("pose", 120 * MS, 120, 0.1)
    assert sink.out[0].companions == {}


def test_poses_of_the_last_round_of_a_looped_bag_are_no_neighbours() -> None:
    sink = poses(slop_ms=10_000)
    sink.join.add("pose", 100 * LOOP_NS, "old", 0.0)
    sink.join.add_primary(2 * LOOP_NS, "image", 0.0)
    assert sink.out == []  # it waits for poses of its own round
    for stamp in (2 * LOOP_NS - 10 * MS, 2 * LOOP_NS + 10 * MS):
        sink.join.add("pose", stamp, stamp, 0.1)
    assert sink.out[0].companions["pose"].fraction == 0.5
