"""The first image of a network takes seconds: better before a camera waits for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np

from reobj.types import Frame

log = logging.getLogger(__name__)

_SIZE = (480, 640, 3)


def warm_up(detect: Callable[[Frame], object], name: str, device: str) -> None:
    """Runs a network once over an empty image, and logs how long that took and on which device.

    Args:
        detect: of the detector.
        name: of the network, for the log.
        device: what it runs on, for the log.
    """
    started = time.perf_counter()
    detect(Frame(np.zeros(_SIZE, np.uint8), 0))
    log.info("detector %s on %s, ready after %.1f s", name, device, time.perf_counter() - started)
