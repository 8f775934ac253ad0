"""Working ahead of the consumer on several threads, in order and in constant memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from reobj.processes import available_cores

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD_PER_WORKER = 2  # one in the making, one ready: a worker stays busy while the consumer works
MAX_WORKERS = 8  # beyond it reading the file, not decoding, sets the speed


def available_workers() -> int:
    """One thread per core that this process may use, 1 to 8."""
    return min(available_cores(), MAX_WORKERS)


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Iterator[Result]:
    """Yields ``function(item)`` in the order of ``items``, computed by threads ahead of the consumer.

    At most two results per worker, and one, are held. An error is raised where its result would have come.
    When the consumer stops early, what has not begun is dropped.

    Args:
        function: safe to call from several threads; gains speed where it releases the interpreter's lock.
        items: drawn from the calling thread, as results are taken.
        workers: threads; default: see ``available_workers``.
    """
    workers = workers or available_workers()
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="decode-ahead") as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > workers * AHEAD_PER_WORKER:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
