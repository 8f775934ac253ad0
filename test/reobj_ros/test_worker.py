from __future__ import annotations

import threading

import pytest

from reobj_ros.node.worker import Worker


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def test_items_are_worked_on_off_the_calling_thread(gate: threading.Event) -> None:
    threads = []
    worker = Worker(lambda item: threads.append(threading.current_thread()), pytest.fail)
    worker.submit(1)
    assert worker.wait_idle(5.0)
    assert threads != [threading.current_thread()] and len(threads) == 1
    worker.stop()


def test_while_busy_only_the_newest_waits_and_the_others_are_counted(gate: threading.Event) -> None:
    seen: list[int] = []
    started = threading.Event()

    def work(item: int) -> None:
        seen.append(item)
        started.set()
        gate.wait(5.0)

    worker = Worker(work, pytest.fail)
    worker.submit(1)
    assert started.wait(5.0)
    for item in (2, 3, 4):
        worker.submit(item)
    gate.set()
    assert worker.wait_idle(5.0)
    assert seen == [1, 4]
    assert worker.dropped == 2
    worker.stop()


def test_a_longer_queue_keeps_the_order_and_drops_the_oldest(gate: threading.Event) -> None:
    seen: list[int] = []
    started = threading.Event()

    def work(item: int) -> None:
        seen.append(item)
        started.set()
        gate.wait(5.0)

    worker = Worker(work, pytest.fail, keep=2)
    worker.submit(1)
    assert started.wait(5.0)
    for item in (2, 3, 4):
        worker.submit(item)
    gate.set()
    assert worker.wait_idle(5.0)
    assert (seen, worker.dropped) == ([1, 3, 4], 1)
    worker.stop()


def test_an_exception_is_reported_and_the_next_item_is_worked_on() -> None:
    errors: list[Exception] = []
    seen: list[int] = []

    def work(item: int) -> None:
        if item == 1:
            raise RuntimeError("bad item")
        seen.append(item)

    worker = Worker(work, errors.append)
    worker.submit(1)
    assert worker.wait_idle(5.0)
    worker.submit(2)
    assert worker.wait_idle(5.0)
    assert [str(e) for e in errors] == ["bad item"] and seen == [2]
    worker.stop()


def test_stop_ends_the_thread_and_drops_what_waits(gate: threading.Event) -> None:
    started = threading.Event()
    seen: list[int] = []

    def work(item: int) -> None:
        started.set()
        gate.wait(5.0)
        seen.append(item)

    worker = Worker(work, pytest.fail, name="the worker under test")
    worker.submit(1)
    assert started.wait(5.0)
    worker.submit(2)
    threading.Timer(0.05, gate.set).start()
    worker.stop()
    assert seen == [1]
    assert all(thread.name != "the worker under test" for thread in threading.enumerate())


def test_an_item_that_takes_too_long_is_given_up_and_its_error_is_dropped(gate: threading.Event) -> None:
    errors: list[Exception] = []
    started, ended = threading.Event(), threading.Event()

    def work(item: int) -> None:
        started.set()
        gate.wait(10.0)
        ended.set()
        raise RuntimeError("the publisher is gone")

    worker = Worker(work, errors.append)
    worker.submit(1)
    assert started.wait(5.0)
    assert not worker.stop(timeout_s=0.05)
    gate.set()
    assert ended.wait(5.0)
    assert worker.stop(timeout_s=5.0)
    assert errors == []


def test_sources_are_taken_in_turn_and_lose_only_their_own(gate: threading.Event) -> None:
    seen: list[str] = []
    started = threading.Event()

    def work(item: str) -> None:
        seen.append(item)
        started.set()
        gate.wait(5.0)

    worker = Worker(work, pytest.fail, keep=2)
    worker.submit("first")
    assert started.wait(5.0)
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        worker.submit(item, source=item[0])
    gate.set()
    assert worker.wait_idle(5.0)
    assert seen == ["first", "a2", "b1", "c1", "a3", "c2"]
    assert worker.dropped == 1
    worker.stop()
