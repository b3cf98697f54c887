"""Threads that work on tasks, also where the system gives fewer than were asked for."""

from __future__ import annotations

import threading
from unittest import mock

import pytest

from ggufscope.arrays.background import Background
from ggufscope.arrays.pool import Pool


def at_most(n: int) -> mock._patch[mock.Mock]:
    """A system that starts `n` more threads."""
    start, left = threading.Thread.start, iter(range(n))

    def started(thread: threading.Thread) -> None:
        if next(left, None) is None:
            raise RuntimeError("can't start new thread")
        start(thread)

    return mock.patch.object(threading.Thread, "start", started)


@pytest.mark.parametrize("n_threads", [0, 1, 2, 4])
def test_every_task_is_done_once(n_threads: int) -> None:
    done: list[int] = []
    gate = threading.Event()
    if n_threads == 0:
        gate.set()

    def work(item: int) -> int:
        if threading.current_thread() is not threading.main_thread():
            gate.wait(10)  # so that the pool asks for one thread more with every task
        done.append(item)
        return item * item

    with at_most(n_threads), Pool(4) as pool:
        futures = [pool.submit(work, item) for item in range(8)]
        gate.set()
        assert [future.result() for future in futures] == [item * item for item in range(8)]
    assert sorted(done) == list(range(8))


def test_what_a_task_raises_is_raised_and_the_rest_is_left() -> None:
    def fail(item: int) -> None:
        raise ZeroDivisionError(item)

    for n_threads in (0, 1):
        with at_most(n_threads), Pool(1) as pool, pytest.raises(ZeroDivisionError, match="0"):
            pool.map(fail, range(5))


def test_a_pool_that_was_shut_down_takes_no_tasks() -> None:
    pool = Pool(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(print)


def test_work_in_the_background_is_done_before_where_there_is_no_thread() -> None:
    with at_most(0), Background(lambda: 7, "seven", wanted=True) as background:
        assert background.so_far() == 7
