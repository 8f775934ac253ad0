import pytest

from reobj.evaluation.latency import LatencyRecorder


def test_percentiles_of_one_to_hundred_milliseconds() -> None:
    recorder = LatencyRecorder()
    for value in range(101):
        recorder.add({"detect": float(value), "encode": 7.0})
    found = recorder.percentiles()
    assert list(found) == ["detect", "encode"]
    assert (found["detect"].p50, found["detect"].p95) == (pytest.approx(50), pytest.approx(95))
    assert (found["encode"].p50, found["encode"].p95) == (7.0, 7.0)


def test_a_stage_that_not_every_frame_has_is_its_own_population() -> None:
    recorder = LatencyRecorder()
    recorder.add({"detect": 1.0})
    recorder.add({"detect": 3.0, "encode": 5.0})
    assert recorder.percentiles()["detect"].p50 == 2.0
    assert recorder.percentiles()["encode"].p50 == 5.0


def test_nothing_recorded_has_no_stages() -> None:
    assert LatencyRecorder().percentiles() == {}
