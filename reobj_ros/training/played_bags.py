"""Which recording a frame on a topic belongs to: bags that are played one after another, or in a loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reobj_ros.input.stamp_join import LOOP_NS


@dataclass
class _Played:
    """One recording so far: label of each instance, stamps of its first and last frame in nanoseconds."""

    names: Mapping[int, str]
    first_ns: int
    last_ns: int

    def covers(self, stamp_ns: int, names: Mapping[int, str]) -> bool:
        """Whether a frame was played before, or was missed at the ends when it was."""
        in_time = self.first_ns - LOOP_NS <= stamp_ns <= self.last_ns + LOOP_NS
        return in_time and self.names == names


class PlayedBags:
    """Numbers recordings in the order in which they are played.

    Instance ids count anew in each recording, so a recording is one scene of the views. What tells two
    apart are the labels of their instances, and stamps that jump back; what is played again is left
    out, as a looped bag has nothing new to learn from.
    """

    def __init__(self) -> None:
        self._known: list[_Played] = []

    def number(self, stamp_ns: int, names: Mapping[int, str]) -> int | None:
        """The number of the recording that a frame belongs to, from 0; None if it was played before.

        Args:
            stamp_ns: of the frame, nanoseconds.
            names: label of each instance of its recording.
        """
        if self._known:
            present = self._known[-1]
            if present.names == names and stamp_ns > present.last_ns:
                present.last_ns = stamp_ns
                return len(self._known) - 1
        if any(recording.covers(stamp_ns, names) for recording in self._known):
            return None
        self._known.append(_Played(names, stamp_ns, stamp_ns))
        return len(self._known) - 1
