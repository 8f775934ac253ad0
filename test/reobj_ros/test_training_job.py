from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable

from reobj.errors import TrainingError
from reobj.training.report import Report, TrainReport, TrainState
from reobj_ros.training.training_job import TrainingJob, Work

WAIT_S = 20.0


class Told:
    """A job with what it told."""

    def __init__(self, work: Work) -> None:
        self.reports: list[TrainReport] = []
        self.bugs: list[str] = []
        self.job = TrainingJob(work, self.reports.append, self.bugs.append)


def until_stopped(resume: bool, report: Report, should_stop: Callable[[], bool]) -> None:
    report(TrainReport(TrainState.TRAINING, step=3, message="resumed" if resume else ""))
    while not should_stop():
        time.sleep(0.01)
    report(TrainReport(TrainState.STOPPED))


def test_the_work_runs_in_another_thread_until_it_is_stopped() -> None:
    told = Told(until_stopped)
    assert told.job.start(resume=False)
    assert told.job.running
    told.job.stop()
    assert told.job.wait(WAIT_S)
    assert [report.state for report in told.reports] == [TrainState.TRAINING, TrainState.STOPPED]
    assert told.job.last.state is TrainState.STOPPED


def test_it_does_not_start_twice_at_a_time_but_again_after_its_end() -> None:
    told = Told(until_stopped)
    assert told.job.start(resume=False)
    assert not told.job.start(resume=False)
    told.job.stop()
    assert told.job.wait(WAIT_S)
    assert told.job.start(resume=True)
    told.job.stop()
    assert told.job.wait(WAIT_S)
    assert [report.message for report in told.reports] == ["", "", "resumed", ""]


def test_it_can_be_started_again_as_soon_as_the_end_is_reported() -> None:
    def ends_slowly(resume: bool, report: Report, should_stop: Callable[[], bool]) -> None:
        report(TrainReport(TrainState.STOPPED))
        time.sleep(0.2)

    told = Told(ends_slowly)
    told.job.start(resume=False)
    while not told.reports:
        time.sleep(0.01)
    assert not told.job.running
    assert told.job.start(resume=True)
    assert told.job.wait(WAIT_S)
    assert len(told.reports) == 2


def test_started_only_to_stop_it_sees_that_from_the_beginning() -> None:
    seen: list[bool] = []
    told = Told(lambda resume, report, should_stop: seen.append(should_stop()))
    told.job.start(resume=False, stop=True)
    assert told.job.wait(WAIT_S)
    assert seen == [True]


def test_an_error_is_a_failure_with_its_sentence_and_what_was_reached() -> None:
    def fails(resume: bool, report: Report, should_stop: Callable[[], bool]) -> None:
        report(TrainReport(TrainState.TRAINING, step=7, loss=0.5))
        raise TrainingError("the loss was not finite")

    told = Told(fails)
    told.job.start(resume=False)
    assert told.job.wait(WAIT_S)
    expected = TrainReport(TrainState.FAILED, step=7, loss=0.5, message="the loss was not finite")
    assert told.reports[-1] == expected
    assert not told.bugs


def test_any_other_exception_is_a_bug_with_its_traceback_and_a_failure() -> None:
    told = Told(lambda resume, report, should_stop: report(1 / 0))  # type: ignore[arg-type]
    told.job.start(resume=False)
    assert told.job.wait(WAIT_S)
    assert told.job.last.state is TrainState.FAILED
    assert "please report this as a bug: ZeroDivisionError" in told.job.last.message
    assert "Traceback" in told.bugs[0]


def test_waiting_for_what_does_not_end_ends() -> None:
    gate = threading.Event()

    def waits(resume: bool, report: Report, should_stop: Callable[[], bool]) -> None:
        gate.wait(WAIT_S)

    told = Told(waits)
    told.job.start(resume=False)
    assert not told.job.wait(0.01)
    gate.set()
    assert told.job.wait(WAIT_S)


def test_processes_of_the_work_end_with_a_stop() -> None:
    started = threading.Event()

    def with_process(resume: bool, report: Report, should_stop: Callable[[], bool]) -> None:
        child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(300,))
        child.start()
        started.set()
        child.join()

    told = Told(with_process)
    told.job.start(resume=False)
    assert started.wait(WAIT_S)
    told.job.stop()
    assert told.job.wait(WAIT_S)
