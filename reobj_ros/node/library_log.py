"""What the library logs, in the node's log: with its name and level, and on /rosout."""

from __future__ import annotations

import logging

from rclpy.impl.rcutils_logger import RcutilsLogger

from reobj_ros.node.throttle import Throttle

LIBRARY = "reobj"
REPEAT_S = 5.0
"""The same line of code logs at most so often, in seconds, as some speak of every frame."""


class LibraryLog(logging.Handler):
    """Passes warnings and errors of ``reobj`` on, between ``open`` and ``close``, from any thread.

    Without it Python prints them to stderr as bare lines.

    Args:
        log: of the node.
    """

    def __init__(self, log: RcutilsLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._may_log = Throttle(REPEAT_S)

    def open(self) -> None:
        """Starts to listen."""
        logging.getLogger(LIBRARY).addHandler(self)

    def close(self) -> None:
        """Stops listening."""
        logging.getLogger(LIBRARY).removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Logs one line; rclpy wants each level to have a place in the code of its own."""
        if not self._may_log(str(record.msg)):  # without its values
            return
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            self._log.error(text)
        else:
            self._log.warning(text)
