"""Stamps as integer nanoseconds and back."""

from __future__ import annotations

from typing import Any

from builtin_interfaces.msg import Duration, Time
from std_msgs.msg import Header

SECOND_NS = 1_000_000_000


def to_ns(stamp: Any) -> int:
    """Nanoseconds of a Time or Duration message."""
    return int(stamp.sec) * SECOND_NS + int(stamp.nanosec)


def to_time(stamp_ns: int) -> Time:
    """A Time message; ``stamp_ns`` >= 0."""
    return Time(sec=stamp_ns // SECOND_NS, nanosec=stamp_ns % SECOND_NS)


def to_duration(duration_ns: int) -> Duration:
    """A Duration message."""
    return Duration(sec=duration_ns // SECOND_NS, nanosec=duration_ns % SECOND_NS)


def header(stamp_ns: int, frame_id: str) -> Header:
    """A Header message."""
    return Header(stamp=to_time(stamp_ns), frame_id=frame_id)
