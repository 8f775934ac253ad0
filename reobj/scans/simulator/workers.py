"""Makes the frames of a shot on several processes, in order, a few frames ahead at most."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.queues import Queue

from reobj.errors import ReobjError
from reobj.processes import single_threaded_children, start_worker
from reobj.scans.simulator.film import Exposed, Film, Shot

AHEAD = 2  #: frames in work per process

_film: list[Film] = []  # the one film of a worker process; empty in every other process


def frames(shot: Shot, workers: int) -> Generator[Exposed, None, None]:
    """All frames of the shot in order; the result does not depend on ``workers``.

    Closing the iterator, or an interrupt, stops the processes after the frames they are at.

    Raises:
        ReobjError: a process died.
    """
    if workers == 1:
        film = Film(shot)
        yield from (film.frame(i) for i in range(len(shot.walk)))
        return
    try:
        with single_threaded_children(), _pool(shot, workers) as pool:
            yield from _in_order(pool, len(shot.walk), AHEAD * workers)
    except BrokenProcessPool as error:
        raise ReobjError("rendering: a worker process ended unexpectedly (out of memory?)") from error


def _in_order(pool: ProcessPoolExecutor, count: int, ahead: int) -> Iterator[Exposed]:
    waiting: deque[Future[Exposed]] = deque()
    for index in range(count):
        waiting.append(pool.submit(_make, index))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextmanager
def _pool(shot: Shot, workers: int) -> Iterator[ProcessPoolExecutor]:
    # "spawn": a fork of a process that runs torch or ROS threads may hang.
    context = multiprocessing.get_context("spawn")
    # Through a queue, not through initargs: a process that dies while it starts would leave the
    # parent waiting for ever to hand over that many megabytes.
    shots: Queue[Shot] = context.Queue()
    for _ in range(workers):
        shots.put(shot)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(shots,))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        shots.cancel_join_thread()
        shots.close()


def _start(shots: Queue[Shot]) -> None:
    start_worker()
    _film.append(Film(shots.get()))


def _make(index: int) -> Exposed:
    return _film[0].frame(index)
