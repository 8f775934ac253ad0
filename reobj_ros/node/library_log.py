"""What the library logs, in the node's log: with its name and level, and on /rosout."""

from __future__ import annotations

import logging

from rclpy.impl.rcutils_logger import RcutilsLogger

from reobj.plain_log import CHOSEN, LIBRARY, is_for_people
from reobj_ros.node.throttle import Throttle

REPEAT_S = 5.0
"""The same line of code logs at most so often, in seconds, as some speak of every frame."""


class LibraryLog(logging.Handler):
    """Passes warnings and errors of ``reobj`` on, between ``open`` and ``close``, from any thread.

    Without it Python prints them to stderr as bare lines. What the detectors say at their start is passed on
    as well.

    Args:
        log: of the node.
    """

    def __init__(self, log: RcutilsLogger) -> None:
        super().__init__(logging.INFO)
        self._log = log
        self._level_before = logging.NOTSET
        self._may_log = Throttle(REPEAT_S)

    def open(self) -> None:
        """Starts to listen."""
        logging.getLogger(LIBRARY).addHandler(self)
        chosen = logging.getLogger(CHOSEN)
        self._level_before = chosen.level
        chosen.setLevel(logging.INFO)

    def close(self) -> None:
        """Stops listening."""
        logging.getLogger(LIBRARY).removeHandler(self)
        logging.getLogger(CHOSEN).setLevel(self._level_before)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Logs one line; rclpy wants each level to have a place in the code of its own."""
        if not is_for_people(record):
            return
        if not self._may_log(str(record.msg)):  # without its values
            return
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            self._log.error(text)
        elif record.levelno >= logging.WARNING:
            self._log.warning(text)
        else:
            self._log.info(text)
