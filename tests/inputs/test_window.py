"""The window: what is fetched, when, how often, and how much of it is in memory."""

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggufscope.inputs.remote import shelf
from ggufscope.inputs.remote import window as window_module
from ggufscope.inputs.remote.patience import CancelledError
from ggufscope.inputs.remote.window import LEAST_WINDOW, Window
from ggufscope.inputs.remote.window_reader import WindowReader

SIZE = 80_000_000
CONTENT = np.random.default_rng(7).bytes(SIZE)
PIECE = LEAST_WINDOW // 16


class Memory:
    """A file in memory that counts what is fetched of it, and how much at once."""

    name = "memory"
    size = SIZE

    def __init__(self, seconds: float = 0.0) -> None:
        self.fetched: list[tuple[int, int]] = []
        self.fault: Exception | None = None
        self.closed = False
        self._seconds = seconds

    def take_beginning(self) -> memoryview:
        return memoryview(CONTENT)[: 4 << 20]

    def fetch(self, offset: int, out: memoryview, stop: threading.Event) -> None:
        self.fetched.append((offset, offset + len(out)))
        if stop.wait(self._seconds):
            raise CancelledError("given up")
        if self.fault is not None:
            raise self.fault
        out[:] = CONTENT[offset : offset + len(out)]

    def close(self) -> None:
        self.closed = True

    @property
    def n_bytes(self) -> int:
        return sum(end - begin for begin, end in self.fetched)


def read(reader: WindowReader, offset: int, size: int) -> bytes:
    out = bytearray(size)
    reader.read_into(offset, memoryview(out))
    return bytes(out)


def read_all(reader: WindowReader, ranges: Sequence[tuple[int, int]], step: int = 300_000) -> None:
    for offset, size in ranges:
        for begin in range(offset, offset + size, step):
            end = min(offset + size, begin + step)
            assert read(reader, begin, end - begin) == CONTENT[begin:end]


def test_what_is_announced_is_fetched_once_in_order() -> None:
    source = Memory()
    reader = Window(LEAST_WINDOW).reader(source)
    reader.expect([(0, SIZE)])
    read_all(reader, [(0, SIZE)])
    reader.close()
    assert source.n_bytes == SIZE - (4 << 20)
    begins = [begin for begin, _ in source.fetched]
    # A thread may be late by as many pieces as the window holds.
    assert all(abs(place - order) <= 16 for order, place in enumerate(np.argsort(begins)))
    assert source.closed


def test_what_a_slower_thread_leaves_of_a_piece_for_a_moment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def rests_fetched_again(lately: float) -> int:
        monkeypatch.setattr(shelf, "LATELY", lately)
        source = Memory()
        reader = Window(LEAST_WINDOW).reader(source)
        reader.expect([(0, SIZE)])
        rest, beginning = 1000, 4 << 20
        read_all(reader, [(0, beginning)])
        for begin in range(beginning, 30 * PIECE, PIECE):
            read(reader, begin, PIECE - rest)
            time.sleep(0.002)  # in which there is time to fetch the next into its place
            read(reader, begin - rest, rest)  # of the piece before
        reader.close()
        return sum(end - begin < PIECE // 2 for begin, end in source.fetched)

    # A machine that is at work with other things may take longer than the moment, now and then.
    assert rests_fetched_again(1.0) < rests_fetched_again(0.0) / 2


def test_gaps_are_not_fetched_but_for_tiny_ones() -> None:
    source = Memory()
    reader = Window(LEAST_WINDOW).reader(source)
    ranges = [(10_000_000, 1_000_000), (11_001_000, 500_000), (12_000_000, 10), (70_000_000, 5_000_000)]
    reader.expect(ranges)
    read_all(reader, ranges)
    reader.close()
    assert source.n_bytes == 1_501_000 + 10 + 5_000_000


def test_what_is_fetched_ahead_fits_the_window() -> None:
    source = Memory()
    reader = Window(LEAST_WINDOW).reader(source)
    reader.expect([(0, SIZE)])
    read(reader, 5_000_000, 10)
    until = time.monotonic() + 10
    while source.n_bytes < LEAST_WINDOW * 3 // 4 and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)  # in which more would come
    assert LEAST_WINDOW * 3 // 4 <= source.n_bytes <= LEAST_WINDOW
    reader.close()


def test_several_who_read_in_order_share_one_download() -> None:
    source = Memory()
    reader = Window(LEAST_WINDOW).reader(source)
    reader.plan([(0, SIZE)], times=3)
    faults: list[BaseException] = []

    def follow(seconds: float) -> None:
        try:
            for begin in range(0, SIZE, 2_000_000):
                read_all(reader, [(begin, 2_000_000)])
                time.sleep(seconds)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=follow, args=(seconds,)) for seconds in (0.0, 0.002, 0.005)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader.end_plan()
    reader.close()
    assert not faults
    assert source.n_bytes <= SIZE  # the beginning came with the file


def test_little_reads_out_of_turn_do_not_wait() -> None:
    source = Memory(seconds=0.02)
    reader = Window(LEAST_WINDOW).reader(source)
    reader.plan([(0, SIZE)], times=2)
    clock = time.monotonic()
    assert read(reader, SIZE - 1000, 500) == CONTENT[-1000:-500]
    assert time.monotonic() - clock < 0.5
    assert (SIZE - 1000, SIZE - 500) in source.fetched
    reader.close()


def test_who_is_left_waiting_for_others_that_read_nothing_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_module, "_STALLED_SECONDS", 0.1)
    source = Memory()
    reader = Window(LEAST_WINDOW).reader(source)
    reader.plan([(0, SIZE)], times=2)  # the second never comes
    read_all(reader, [(0, SIZE)], step=PIECE)
    reader.close()
    assert source.n_bytes <= 1.2 * SIZE


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, 9_000_000)), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, 9_000_000)), max_size=6),
)
def test_any_reads_under_any_announcement_give_the_bytes(
    reads: list[tuple[int, int]], announced: list[tuple[int, int]]
) -> None:
    reader = Window(LEAST_WINDOW).reader(Memory())
    reader.expect([(offset, min(size, SIZE - offset)) for offset, size in announced])
    for offset, size in reads:
        end = min(SIZE, offset + size)
        assert read(reader, offset, end - offset) == CONTENT[offset:end]
    reader.close()


def test_samples_are_kept_as_they_come_by() -> None:
    source = Memory()
    reader = Window(LEAST_WINDOW).reader(source)
    samples = [(offset, 4096) for offset in range(5_000_000, SIZE, 10_000_000)]
    reader.keep(samples)
    reader.expect([(0, SIZE)])
    read_all(reader, [(0, SIZE)], step=PIECE)
    fetched = source.n_bytes
    reader.expect(samples)
    for offset, size in samples:
        assert read(reader, offset, size) == CONTENT[offset : offset + size]
    reader.close()
    assert source.n_bytes == fetched


def test_a_fault_is_told_to_who_reads_and_not_kept() -> None:
    source = Memory()
    reader = Window(LEAST_WINDOW).reader(source)
    source.fault = OSError("memory: gone")
    reader.expect([(10_000_000, 50_000_000)])
    with pytest.raises(OSError, match="memory: gone"):
        read(reader, 12_000_000, 10)
    assert len(source.fetched) <= 8  # and not all that was announced
    source.fault = None
    assert read(reader, 12_000_000, 10) == CONTENT[12_000_000:12_000_010]
    reader.close()


def test_a_closed_reader_reads_nothing() -> None:
    reader = Window(LEAST_WINDOW).reader(Memory())
    reader.close()
    with pytest.raises(ValueError, match="memory: the file is closed"):
        read(reader, 50_000_000, 10)


def test_bytes_outside_the_file_are_refused() -> None:
    reader = Window(LEAST_WINDOW).reader(Memory())
    with pytest.raises(ValueError, match="memory: the file has no 10 bytes from 79999999 on"):
        read(reader, SIZE - 1, 10)
    reader.close()


def test_fewer_threads_do_the_work_and_none_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    start, left = threading.Thread.start, [1]

    def scarce(thread: threading.Thread) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    reader = Window(LEAST_WINDOW).reader(Memory())
    read_all(reader, [(10_000_000, 30_000_000)])
    reader.close()
    reader = Window(LEAST_WINDOW).reader(Memory())
    with pytest.raises(OSError, match="no thread to fetch with: can't start new thread"):
        read(reader, 10_000_000, 10)
    reader.close()


def test_a_window_has_a_least_size() -> None:
    with pytest.raises(ValueError, match="a window has at least 32000000 bytes, not 31999999"):
        Window(LEAST_WINDOW - 1)
