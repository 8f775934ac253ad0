"""A training run in a thread of its own, which can be stopped and started again."""

from __future__ import annotations

import multiprocessing
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace

from reobj.errors import ReobjError
from reobj.training.report import Report, TrainReport, TrainState

Work = Callable[[bool, Report, Callable[[], bool]], None]
"""Called as ``work(resume, report, should_stop)``; ends early when it is told to stop, and says so."""

ENDS = (TrainState.DONE, TrainState.STOPPED, TrainState.FAILED)
"""States in which nothing goes on."""

RETURN_S = 5.0
"""How long work may take to return after the report of its end, before it is started again."""


class TrainingJob:
    """Calls ``work`` off the executor, and remembers what it reported last.

    Args:
        work: gathers views and trains.
        report: told each report, in the thread of the work; FAILED with the sentence when it raises.
        bug: told the traceback of what is no ReobjError.
    """

    def __init__(self, work: Work, report: Report, bug: Callable[[str], object]) -> None:
        self._work, self._told, self._bug = work, report, bug
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._working = False
        self.last = TrainReport(TrainState.GATHERING)

    @property
    def running(self) -> bool:
        """Whether it works: from its start to a report of one of ENDS, or to the end of ``work``."""
        return self._working

    def start(self, resume: bool, stop: bool = False) -> bool:
        """Begins, unless it runs already; gives whether it did.

        Args:
            resume: go on from an earlier checkpoint, if there is one.
            stop: only end in order what was begun before.
        """
        if self._working or not self.wait(RETURN_S):
            return False
        self._working = True
        self._stop.clear()
        if stop:
            self._stop.set()
        self._thread = threading.Thread(target=self._run, args=(resume,), name="training", daemon=True)
        self._thread.start()
        return True

    def stop(self) -> None:
        """Asks the work to end; returns at once. Processes that build views end now, without their scene."""
        self._stop.set()
        if self.running:
            for child in multiprocessing.active_children():
                child.terminate()

    def wait(self, timeout_s: float) -> bool:
        """Waits for the end of the work; False after ``timeout_s``."""
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def report(self, report: TrainReport) -> None:
        """Remembers a report and passes it on."""
        self.last = report
        self._working = self._working and report.state not in ENDS
        self._told(report)

    def _run(self, resume: bool) -> None:
        try:
            self._work(resume, self.report, self._stop.is_set)
        except ReobjError as error:
            self.fail(str(error))
        except Exception as error:  # the node must outlive whatever happens here
            self._bug(traceback.format_exc())
            self.fail(f"please report this as a bug: {type(error).__name__}: {error}")
        finally:
            self._working = False

    def fail(self, sentence: str) -> None:
        """Reports FAILED, with all that was reached so far."""
        self.report(replace(self.last, state=TrainState.FAILED, message=sentence))
