from __future__ import annotations

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node

from reobj_ros.node import vitals
from reobj_ros.node.diagnostics import BEHIND_S, Diagnostics, Vitals, behind


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_counts_and_percentiles_are_told(node: Node) -> None:
    diagnostics = Diagnostics(node, "cpu")
    for name in ("received", "received", "processed"):
        diagnostics.count(name)
    for milliseconds in range(101):  # 0..100: the median is 50, the 95th percentile 95
        diagnostics.latency({"detect": float(milliseconds)})
    status = diagnostics.status()
    expected = {
        "received": "2",
        "processed": "1",
        "failed": "0",
        "dropped": "0",
        "overtaken": "0",
        "unmatched": "0",
        "detect_p50_ms": "50.000",
        "detect_p95_ms": "95.000",
        "device": "cpu",
    }
    assert expected.items() <= status.values.items()
    assert (status.level, status.message) == (DiagnosticStatus.OK, "ok")


def test_rates_are_those_since_the_last_status(node: Node, clock: Clock) -> None:
    diagnostics = Diagnostics(node, clock=clock)
    for _ in range(30):
        diagnostics.count("received")
    diagnostics.count("processed")
    clock.now_s += 2.0
    first = diagnostics.status().values
    diagnostics.count("received")
    clock.now_s += 0.5
    second = diagnostics.status().values
    assert (first["received_hz"], first["processed_hz"]) == ("15.000", "0.500")
    assert (second["received_hz"], second["processed_hz"]) == ("2.000", "0.000")


def test_rates_of_inputs_and_further_values_are_told(node: Node) -> None:
    told = Vitals(rates=lambda: {"/front/image": 29.97}, values=lambda: {"state": "active", "map_objects": 7})
    values = Diagnostics(node, "", told).status().values
    assert (values["/front/image_hz"], values["state"], values["map_objects"]) == ("29.970", "active", "7")


def test_only_new_losses_are_a_warning(node: Node) -> None:
    unmatched = [3]
    diagnostics = Diagnostics(node, "cpu", Vitals(unmatched=lambda: unmatched[0]))
    unmatched[0] = 5
    first, second = diagnostics.status(), diagnostics.status()
    assert first.level == DiagnosticStatus.WARN
    assert first.message.startswith("2 frames dropped") and "sync_wait" in first.message
    assert (second.level, second.values["dropped"]) == (DiagnosticStatus.OK, "5")
    diagnostics.count("failed")
    assert diagnostics.status().message == "1 frames failed: the log says why"


def test_falling_behind_names_the_slowest_stage_and_what_helps(node: Node) -> None:
    overtaken = [0]
    diagnostics = Diagnostics(node, "cpu", Vitals(overtaken=lambda: overtaken[0]))
    for _ in range(30):
        diagnostics.count("received")
    diagnostics.latency({"detect": 20.0, "encode": 95.0, "associate": 3.0})
    overtaken[0] = 19
    status = diagnostics.status()
    assert status.level == DiagnosticStatus.WARN
    assert "19 of 30 frames" in status.message and "encode takes 95 ms" in status.message
    assert "encoder.model" in status.message


def test_what_is_no_stage_of_ours_has_no_cure() -> None:
    assert behind(1, 2, {"gather_p50_ms": 8.0}).endswith("as gather takes 8 ms")
    assert behind(1, 2, {}).endswith("overtaken by newer ones")
    assert "as encode takes 40 ms" in behind(1, 2, {"key_frame_p50_ms": 900.0, "encode_p50_ms": 40.0})


def test_falling_behind_is_logged_now_and_then(
    node: Node, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(node.get_logger(), "warning", lines.append)
    overtaken = [0]
    diagnostics = Diagnostics(node, "", Vitals(overtaken=lambda: overtaken[0]), clock)
    overtaken[0] += 1
    assert "falling behind" in diagnostics.status().message
    assert not lines  # what waits at the start says nothing of the speed
    diagnostics.count("processed")
    diagnostics.status()
    for _ in range(3):
        overtaken[0] += 1
        diagnostics.status()
        clock.now_s += 1.0
    assert len(lines) == 1
    clock.now_s += BEHIND_S
    overtaken[0] += 1
    diagnostics.status()
    assert len(lines) == 2


def test_only_the_last_thousand_latencies_count(node: Node) -> None:
    diagnostics = Diagnostics(node)
    for milliseconds in [1e6] * 500 + [2.0] * 1000:
        diagnostics.latency({"encode": milliseconds})
    assert diagnostics.percentiles() == pytest.approx({"encode_p50_ms": 2.0, "encode_p95_ms": 2.0})


def test_a_node_that_has_failed_says_why_at_level_error(node: Node) -> None:
    problem = ["the disk is full"]
    diagnostics = Diagnostics(node, "", Vitals(problem=lambda: problem[0], concerns=lambda: ["no depth"]))
    status = diagnostics.status()
    assert (status.level, status.message) == (DiagnosticStatus.ERROR, "the disk is full")
    problem[0] = ""
    assert (diagnostics.status().level, diagnostics.status().message) == (DiagnosticStatus.WARN, "no depth")


def test_all_concerns_are_a_warning_together(node: Node) -> None:
    concerns = ["/depth: no message for 5 s", "", "the map is not saved"]
    status = Diagnostics(node, "", Vitals(concerns=lambda: concerns)).status()
    assert status.level == DiagnosticStatus.WARN
    assert status.message == "/depth: no message for 5 s; the map is not saved"


def test_a_gpu_that_is_not_used_is_a_concern(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals.torch.cuda, "is_available", lambda: True)
    assert "although a GPU is there" in Diagnostics(node, "cpu").status().message
    assert Diagnostics(node, "").status().message == "ok"  # a node without networks


def test_the_memory_of_the_process_is_told(node: Node) -> None:
    held = float(Diagnostics(node, "cpu").status().values["memory_mb"])
    with open("/proc/self/status") as lines:
        (resident_kb,) = (int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    assert held == pytest.approx(resident_kb * 1024 / 1e6, rel=0.2)
