"""Readers of Python that fail, wait or misbehave: errors come out as they are, and threads end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ggufscope import _core
from support.byte_readers import CountingReader, read_model
from support.gguf_writer import small_model
from support.large_file import LARGE, MEGABYTE, decoded, large_reader, observe


@pytest.mark.parametrize("error", [OSError(5, "gone"), KeyboardInterrupt(), RuntimeError("é")])
def test_errors_come_out_as_they_are(error: BaseException) -> None:
    def raise_from(first: int) -> Callable[[int], None]:
        def fail(number: int) -> None:
            if number >= first:
                raise error

        return fail

    for first in (0, 1):
        reader = large_reader(before=raise_from(first))
        with pytest.raises(type(error)) as caught:
            read_model(reader)
        assert caught.value is error
        assert (len(reader.calls), reader.times_closed) == (first + 1, 1)
    uses: list[Callable[[_core.Model], object]] = [
        observe,
        lambda model: model.data(0),
        lambda model: model.read(0, 10 * MEGABYTE, 10),
        lambda model: decoded(model, 0, 4),
        lambda model: _core.observe_pairs(model, model, [(0, 0)], 4),
    ]
    for use in uses:
        reader = large_reader(before=raise_from(2))
        model = read_model(reader)
        with pytest.raises(type(error)) as caught:
            use(model)
        assert caught.value is error
        model.close()
        assert reader.times_closed == 1


def test_an_error_of_another_thread_comes_out() -> None:
    caller = threading.get_ident()
    failed = threading.Event()

    def fail_elsewhere(number: int) -> None:
        if number < 2:
            return
        if threading.get_ident() != caller:
            failed.set()
            raise KeyboardInterrupt(f"in thread {threading.get_ident()}")
        assert failed.wait(30)

    model = read_model(large_reader(before=fail_elsewhere))
    for _ in range(20):
        failed.clear()
        with pytest.raises(KeyboardInterrupt, match="in thread") as caught:
            observe(model)
        assert str(caller) not in str(caught.value)


def test_a_model_may_be_closed_while_it_is_read(large_path: Path) -> None:
    reading, closed = threading.Event(), threading.Event()

    def wait(number: int) -> None:
        if number >= 2:
            reading.set()
            assert closed.wait(30)

    reader = large_reader(before=wait)
    model = read_model(reader)

    def close() -> None:
        assert reading.wait(30)
        model.close()
        assert reader.times_closed == 0
        closed.set()

    closing = threading.Thread(target=close)
    closing.start()
    parts = observe(model)
    closing.join()
    assert parts == observe(_core.Model(large_path))
    assert reader.times_closed == 1
    with pytest.raises(ValueError, match="the model is closed"):
        model.data(0)


def test_tensors_are_announced_before_they_are_read() -> None:
    reader = large_reader()
    model = read_model(reader)
    ranges = [(info.offset, info.n_bytes) for info in model.tensors]
    assert reader.announced == []
    _core.observe_model(model, [2, 0, 3], [0, 0, 0], 1)
    _core.observe_pairs(model, read_model(CountingReader("m", LARGE)), [(1, 1)], 1)
    model.expect([0, 2])
    model.expect([])
    assert reader.announced == [[ranges[2], ranges[0]], [ranges[1]], [ranges[0], ranges[2]], []]
    with pytest.raises(IndexError):
        model.expect([-1])


def test_progress_and_reading_take_turns(large_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    model = read_model(large_reader())
    parts = observe(model, progress=lambda done, total: seen.append((done, total)))
    assert parts == observe(_core.Model(large_path))
    total = sum(info.n_bytes for info in model.tensors)
    assert seen[-1] == (total, total)

    def stop(done: int, total: int) -> None:
        raise InterruptedError(done)

    with pytest.raises(InterruptedError):
        observe(read_model(large_reader()), progress=stop)


def test_threads_that_wait_give_up_when_the_caller_does() -> None:
    """Ctrl-C does not wait for a network."""
    caller = threading.get_ident()
    waiting, given_up = threading.Event(), threading.Event()

    class Waiting(CountingReader):
        def cancel(self) -> None:
            given_up.set()

    def wait(number: int) -> None:
        if number >= 2 and threading.get_ident() != caller:
            waiting.set()
            assert given_up.wait(30)
            raise OSError("gave up")

    def stop(done: int, total: int) -> None:
        if waiting.is_set():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observe(read_model(Waiting("m", LARGE, before=wait)), progress=stop)
    assert given_up.is_set()


def test_a_reader_that_keeps_its_memory_harms_nothing() -> None:
    class Keeping(CountingReader):
        def read_into(self, offset: int, out: memoryview) -> None:
            super().read_into(offset, out)
            kept.append(out[: len(out) // 2])

    kept: list[memoryview] = []
    content = small_model().build()
    model = read_model(Keeping("m", content))
    model.close()
    assert kept[0] == content[: len(content) // 2]

    class Shrinking(CountingReader):
        def read_into(self, offset: int, out: memoryview) -> None:
            memory: Any = out.obj
            out.release()
            memory.clear()

    with pytest.raises(ValueError, match="changed the size"):
        read_model(Shrinking("m", content))


@pytest.mark.parametrize(("count", "accepted"), [(None, True), (10**6, False), (0, False), ("all", False)])
def test_a_reader_that_counts_must_give_all(count: object, accepted: bool) -> None:
    class Counting(CountingReader):
        def read_into(self, offset: int, out: memoryview) -> Any:  # type: ignore[override]
            super().read_into(offset, out)
            return count

    content = small_model().build()
    if accepted:
        read_model(Counting("m", content))
        return
    with pytest.raises(_core.GGUFError, match=f"^m: data, byte 0: of {len(content)} bytes, the reader gave {count}$"):
        read_model(Counting("m", content))


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"name": 5}, TypeError),
        ({"name": "a\0b"}, ValueError),
        ({"size": -2}, ValueError),
        ({"size": 2**63}, OverflowError),
        ({"size": 3.5}, TypeError),
    ],
)
def test_what_is_no_reader_is_refused(attributes: dict[str, object], error: type[Exception]) -> None:
    reader = CountingReader("m", small_model().build())
    for name, value in attributes.items():
        setattr(reader, name, value)
    with pytest.raises(error):
        _core.Model.from_readers("m", lambda _: reader)
    assert reader.times_closed == 1
    with pytest.raises(AttributeError, match="name"):
        _core.Model.from_readers("m", lambda _: object())  # type: ignore[arg-type, return-value]


def test_an_error_in_closing_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clinging(CountingReader):
        def close(self) -> None:
            raise OSError("clings")

    told: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda failure: told.append(failure.exc_value))
    read_model(Clinging("m", small_model().build())).close()
    with pytest.raises(_core.GGUFError, match="instead of 'GGUF'"):
        read_model(Clinging("m", b"no model"))
    assert [str(error) for error in told] == ["clings"] * 2
