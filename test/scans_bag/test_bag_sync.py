"""Which messages belong to an image, on timelines laid out by hand."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from reobj.errors import BagError
from reobj.scans.bag_raw import RawMessage, header_of
from reobj.scans.bag_sync import NearestByStamp, images_with_companions

MS = 1_000_000


def message(topic: str, stamp_ms: int, recorded_ms: int | None = None, frame: bytes = b"cam\0") -> RawMessage:
    """A message that is a header alone: CDR, little-endian."""
    seconds, rest = divmod(stamp_ms * MS, 10**9)
    cdr = b"\0\1\0\0" + struct.pack("<iII", seconds, rest, len(frame)) + frame
    return RawMessage(topic, "type", (stamp_ms if recorded_ms is None else recorded_ms) * MS, cdr)


def paired(messages: list[RawMessage], slop_ms: int = 20) -> list[tuple[int, int | None]]:
    """(stamp of image, stamp of its depth), milliseconds."""
    depth = NearestByStamp(slop_ms * MS)
    pairs = []
    for image in images_with_companions(messages, "/image", depth.add, [depth]):
        stamp = header_of(image)[0]
        found = depth.nearest(stamp)
        pairs.append((stamp // MS, header_of(found)[0] // MS if found else None))
    return pairs


def test_header_is_read_in_either_byte_order() -> None:
    big = b"\0\0\0\0" + struct.pack(">iII", 7, 9, 5) + b"/cam\0"
    assert header_of(RawMessage("/image", "type", 0, big)) == (7_000_000_009, "cam")
    assert header_of(message("/image", 1500)) == (1_500_000_000, "cam")


@pytest.mark.parametrize("cdr", [b"", b"\0\1\0\0", b"\0\1\0\0" + struct.pack("<iII", -1, 0, 0)])
def test_header_that_is_none_is_refused(cdr: bytes) -> None:
    with pytest.raises(BagError, match=r"/image: expected|stamp of /image: expected a time since 1970"):
        header_of(RawMessage("/image", "type", 0, cdr))


def test_nearest_depth_is_taken_before_or_after_the_image() -> None:
    messages = [
        message("/depth", 95),
        message("/image", 100),
        message("/depth", 110),
        message("/depth", 128),
        message("/image", 133),
        message("/depth", 136),
    ]
    assert paired(messages) == [(100, 95), (133, 136)]


def test_depth_beyond_the_slop_is_none() -> None:
    messages = [message("/depth", 79), message("/image", 100), message("/depth", 121), message("/image", 141)]
    assert paired(messages) == [(100, None), (141, 121)]


def test_zero_slop_takes_the_same_stamp_only() -> None:
    messages = [
        message("/image", 100),
        message("/depth", 101),
        message("/image", 133),
        message("/depth", 133),
    ]
    assert paired(messages, slop_ms=0) == [(100, None), (133, 133)]


def test_depth_may_come_later_than_following_images() -> None:
    messages = [
        message("/image", 100, 100),
        message("/image", 133, 133),
        message("/depth", 101, 150),
        message("/image", 166, 166),
        message("/depth", 134, 180),
        message("/depth", 167, 190),
    ]
    assert paired(messages) == [(100, 101), (133, 134), (166, 167)]


def test_image_does_not_wait_for_a_silent_topic_for_ever() -> None:
    """Passed on while the recording runs on, not at its end."""
    depth = NearestByStamp(0)
    drawn = 0

    def recording() -> Iterator[RawMessage]:
        nonlocal drawn
        for index in range(200):
            drawn = index
            yield message("/image", 100 + 33 * index)

    first = next(images_with_companions(recording(), "/image", depth.add, [depth]))
    assert header_of(first)[0] == 100 * MS
    assert drawn == 16  # the first one recorded more than 0.5 s later


def test_number_of_waiting_images_is_bounded_at_any_rate() -> None:
    depth = NearestByStamp(0)
    drawn = 0

    def recording() -> Iterator[RawMessage]:
        nonlocal drawn
        for index in range(200):
            drawn = index
            yield message("/image", 100 + index)

    next(images_with_companions(recording(), "/image", depth.add, [depth]))
    assert drawn == 30


def test_looped_bag_pairs_each_round_with_itself() -> None:
    one = [message(t, s, s) for s in (100, 133, 166) for t in ("/image", "/depth")]
    two = [
        message(m.topic, m_stamp, m_stamp + 100)
        for m, m_stamp in zip(one, (100, 100, 133, 133, 166, 166), strict=True)
    ]
    assert paired(one + two, slop_ms=5) == [(100, 100), (133, 133), (166, 166)] * 2


def test_looped_bag_whose_depth_jumps_first_keeps_it() -> None:
    messages = [
        message("/depth", 900, 900),
        message("/image", 900, 901),
        message("/depth", 100, 933),
        message("/image", 100, 934),
        message("/image", 133, 966),
        message("/depth", 133, 967),
    ]
    assert paired(messages) == [(900, 900), (100, 100), (133, 133)]


def test_last_image_takes_what_came_before_it() -> None:
    assert paired([message("/depth", 90), message("/image", 100)]) == [(100, 90)]
