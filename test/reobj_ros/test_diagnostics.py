from __future__ import annotations

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node

from reobj_ros.diagnostics import Diagnostics


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def test_counts_and_percentiles_are_told(node: Node) -> None:
    diagnostics = Diagnostics(node, "cpu", lambda: 0)
    for name in ("received", "received", "processed"):
        diagnostics.count(name)
    for milliseconds in range(101):  # 0..100: the median is 50, the 95th percentile 95
        diagnostics.latency({"detect": float(milliseconds)})
    status = diagnostics.status()
    assert values(status) == {
        "received": "2",
        "processed": "1",
        "failed": "0",
        "dropped": "0",
        "detect_p50_ms": "50.000",
        "detect_p95_ms": "95.000",
    }
    assert (status.level, status.message, status.name) == (
        DiagnosticStatus.OK,
        "ok",
        node.get_fully_qualified_name(),
    )
    assert status.hardware_id == "cpu"


def test_only_new_losses_are_a_warning(node: Node) -> None:
    dropped = [3]
    diagnostics = Diagnostics(node, "cpu", lambda: dropped[0])
    diagnostics.count("failed")
    first, second = diagnostics.status(), diagnostics.status()
    assert (first.level, first.message) == (DiagnosticStatus.WARN, "4 frames dropped or failed")
    assert (second.level, values(second)["dropped"]) == (DiagnosticStatus.OK, "3")
    dropped[0] = 5
    assert diagnostics.status().message == "2 frames dropped or failed"


def test_only_the_last_thousand_latencies_count(node: Node) -> None:
    diagnostics = Diagnostics(node, "", lambda: 0)
    for milliseconds in [1e6] * 500 + [2.0] * 1000:
        diagnostics.latency({"encode": milliseconds})
    assert diagnostics.percentiles() == pytest.approx({"encode_p50_ms": 2.0, "encode_p95_ms": 2.0})


def test_a_node_that_has_failed_says_why_at_level_error(node: Node) -> None:
    problem = ["the disk is full"]
    diagnostics = Diagnostics(node, "", lambda: 3, lambda: problem[0])
    status = diagnostics.status()
    assert (status.level, status.message) == (DiagnosticStatus.ERROR, "the disk is full")
    problem[0] = ""
    assert (diagnostics.status().level, diagnostics.status().message) == (DiagnosticStatus.OK, "ok")


def test_a_concern_is_a_warning_and_a_problem_is_more(node: Node) -> None:
    problem = [""]
    diagnostics = Diagnostics(node, "", lambda: 0, lambda: problem[0], lambda: "the map is not saved")
    status = diagnostics.status()
    assert (status.level, status.message) == (DiagnosticStatus.WARN, "the map is not saved")
    problem[0] = "no GPU any more"
    status = diagnostics.status()
    assert (status.level, status.message) == (DiagnosticStatus.ERROR, "no GPU any more")
