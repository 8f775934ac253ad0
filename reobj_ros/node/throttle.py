"""Saying the same thing only now and then.

rclpy throttles by the line of code that logs, so that a warning about depth would silence one about
the pose that goes through the same line, and a change of the period is an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Throttle:
    """Says whether a line may be logged: not when one like it was less than ``period_s`` ago.

    Lines are alike when they are the same up to their first colon, as "depth image: expected ..." is,
    whatever came.

    Args:
        period_s: seconds.
        clock: gives seconds.
    """

    def __init__(self, period_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._period_s = period_s
        self._clock = clock
        self._said_s: dict[str, float] = {}

    def __call__(self, line: str) -> bool:
        subject, now_s = line.partition(":")[0], self._clock()
        if now_s - self._said_s.get(subject, -float("inf")) < self._period_s:
            return False
        self._said_s[subject] = now_s
        return True
