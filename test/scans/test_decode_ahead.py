"""Order, bound and errors of working ahead."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from reobj.scans.decode_ahead import AHEAD_PER_WORKER, available_workers, map_ahead


def test_order_is_kept_when_later_items_are_faster() -> None:
    def slow_when_even(item: int) -> int:
        time.sleep(0.004 if item % 2 == 0 else 0)
        return item * item

    assert list(map_ahead(slow_when_even, range(20), workers=4)) == [item * item for item in range(20)]


def test_no_more_than_the_bound_is_begun_before_it_is_taken() -> None:
    begun = itertools.count()
    lock = threading.Lock()
    highest = 0

    def note(item: int) -> int:
        nonlocal highest
        with lock:
            highest = next(begun)
        return item

    workers = 3
    for taken, _ in enumerate(map_ahead(note, range(50), workers=workers)):
        time.sleep(0.001)  # let the workers run as far as they may
        assert highest <= taken + workers * AHEAD_PER_WORKER + 1


def test_error_comes_in_the_place_of_its_result() -> None:
    def fail_at_three(item: int) -> int:
        if item == 3:
            raise ValueError("three")
        return item

    results = map_ahead(fail_at_three, range(10), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_stopping_early_drops_what_has_not_begun_and_ends_the_threads() -> None:
    before = threading.active_count()
    begun: list[int] = []
    released = threading.Event()

    def wait_unless_first(item: int) -> None:
        begun.append(item)
        if item > 0:
            released.wait()

    results = map_ahead(wait_unless_first, range(1000), workers=2)
    next(results)
    threading.Timer(0.05, released.set).start()  # after close() has been called, which waits for what runs
    results.close()  # type: ignore[attr-defined]
    assert set(begun) <= {0, 1, 2}
    assert threading.active_count() <= before + 1  # the timer's


def test_nothing_gives_nothing() -> None:
    assert list(map_ahead(str, [])) == []


def test_workers_are_the_cores_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, expected in ((1, 1), (3, 3), (64, 8)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, n=cores: set(range(n)))
        assert available_workers() == expected
