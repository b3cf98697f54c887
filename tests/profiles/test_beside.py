"""Calls beside the calling thread: all in order, none after one that fails, and the failure is told."""

from __future__ import annotations

import threading

import pytest

from ggufscope.profiles.beside import Beside


def test_calls_are_made_in_order_in_another_thread() -> None:
    made: list[int] = []
    threads = set()

    def note(number: int) -> None:
        threads.add(threading.get_ident())
        made.append(number)

    with Beside() as beside:
        for number in range(100):
            beside.call(note, number)
    assert made == list(range(100))
    assert len(threads - {threading.get_ident()}) == len(threads) == 1


def test_a_call_that_raises_ends_the_work() -> None:
    def fail(number: int) -> None:
        raise ValueError(f"call {number}")

    def all_fail() -> None:
        with Beside() as beside:
            for number in range(100):
                beside.call(fail, number)

    with pytest.raises(ValueError, match="call 0"):
        all_fail()
    with pytest.raises(ValueError, match="call 7"), Beside() as beside:
        beside.call(fail, 7)


def test_an_error_of_the_block_comes_before_calls_that_wait() -> None:
    going_on = threading.Event()
    made: list[int] = []

    def stop() -> None:
        with Beside() as beside:
            beside.call(going_on.wait, 10)
            beside.call(made.append, 1)
            threading.Timer(0.2, going_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert made == []
