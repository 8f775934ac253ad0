from __future__ import annotations

from reobj_ros.node.throttle import Throttle


def test_lines_alike_up_to_the_first_colon_come_once_per_period() -> None:
    now = [100.0]
    may_log = Throttle(5.0, lambda: now[0])
    assert may_log("depth: too small")
    assert may_log("pose: not finite")
    now[0] = 104.9
    assert not may_log("depth: too large")
    now[0] = 105.0
    assert may_log("depth: too large")
    assert not may_log("depth: too small")
