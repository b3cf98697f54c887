"""A window on remote files: bounded memory, filled ahead of the reader by a few threads.

What was announced is fetched in its order, as long as there is room; what is read without that, when it is read. A
piece stays until it was read, or, if nobody announced it, until others need its room. Threads that read wait here, and
only the window's own threads wait for the network: a reader that is cancelled returns at once.
"""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from .pieces import Announced, FilePieces, Piece, State
from .shelf import LATELY, Shelf
from .window_reader import WindowReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .source import RangeSource

DEFAULT_WINDOW = 256_000_000
LEAST_WINDOW = 32_000_000
_LARGEST_PIECE = 16 << 20
_PIECES = 16  # that there is room for, or more
_THREADS = 4
_READ_AHEAD = 256 << 10  # of what is read without being announced
_LITTLE = 64 << 10  # bytes that are fetched out of turn, for those who read a little here and there
_STALLED_SECONDS = 2.0
_CANCELLED_SECONDS = 0.2  # in which threads that are about to read again find out

_default_size = DEFAULT_WINDOW


def set_default_window(size: int) -> None:
    """Let windows of no size of their own have this one in this process.

    Raises:
        ValueError: It is too small for a window.
    """
    global _default_size  # noqa: PLW0603  one process, one command line
    Window(size)
    _default_size = size


class Window:
    """Memory for pieces of the files of one model, and the threads that fill it.

    Args:
        size: bytes that it holds at most, `LEAST_WINDOW` or more; None for the default.

    Raises:
        ValueError: It is smaller.
    """

    def __init__(self, size: int | None = None) -> None:
        size = _default_size if size is None else size
        if size < LEAST_WINDOW:
            raise ValueError(f"a window has at least {LEAST_WINDOW} bytes, not {size}")
        self._piece_bytes = min(_LARGEST_PIECE, size // _PIECES)
        self._shelf = Shelf(size, self._piece_bytes)
        self._changed = threading.Condition()
        self._demanded: deque[Piece] = deque()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._orders = 0
        self._moved = 0.0  # when something was last read
        self._cancelled_until = 0.0

    def reader(self, source: RangeSource) -> WindowReader:
        """A reader of one file through this window."""
        file = FilePieces(source)
        beginning = source.take_beginning()
        with self._changed:
            self._shelf.files.append(file)
            for begin in range(0, len(beginning), self._piece_bytes):
                part = beginning[begin : begin + self._piece_bytes]
                piece = Piece(file, begin, begin + len(part))
                if not self._shelf.make_room(piece, forced=False):
                    break  # read again when it is needed
                self._shelf.begin(file.add(piece)).memory[:] = part
                piece.state = State.HERE
        return WindowReader(self, file)

    def announce(
        self, file: FilePieces, ranges: Sequence[tuple[int, int]], times: int = 1, *, strict: bool = False
    ) -> None:
        """Fetch ranges (begin, end) of a file ahead, in this order; see `FilePieces` for the rest."""
        with self._changed:
            file.announce(ranges, self._piece_bytes, self._orders, times)
            file.strict = strict
            for piece in file.pieces():
                piece.order, piece.unread = self._orders, times * file.planned_bytes(piece)
            self._orders += len(file.announced)
            self._moved = time.monotonic()
            self._start()
            self._changed.notify_all()

    def read(self, file: FilePieces, offset: int, out: memoryview) -> None:
        """Fill `out`.

        Raises:
            KeyboardInterrupt: The reading was given up.
            GGUFError: The file changed.
            OSError: The bytes cannot be had.
            ValueError: The file is closed.
        """
        done = 0
        while done < len(out):
            piece, count = self._held(file, offset + done, len(out) - done), 0
            try:
                first = offset + done - piece.begin
                count = min(len(out) - done, piece.size - first)
                out[done : done + count] = piece.memory[first : first + count]
            finally:
                self._release(piece, count)
            done += count

    def cancel(self) -> None:
        """Let all threads that read now give up."""
        with self._changed:
            self._cancelled_until = time.monotonic() + _CANCELLED_SECONDS
            self._changed.notify_all()

    def close(self, file: FilePieces) -> None:
        """Give up the pieces of a file; with the last file, the threads."""
        with self._changed:
            if file not in self._shelf.files:
                return
            self._shelf.files.remove(file)
            file.announce((), self._piece_bytes, 0)
            for piece in list(file.pieces()):
                if piece.idle:
                    self._shelf.drop(piece)
            if not self._shelf.files:
                self._stop.set()
            self._changed.notify_all()
        file.source.close()

    def _held(self, file: FilePieces, position: int, size: int) -> Piece:
        """The piece with the byte of a position, here and held; waits for it."""
        with self._changed:
            self._start()
            while (piece := file.at(position) or self._demand(file, position, size)) is None:
                self._check(file)
                self._changed.wait(_STALLED_SECONDS)
            piece.readers += 1
            try:
                while piece.state is not State.HERE:
                    if piece.failure is not None:
                        raise piece.failure
                    self._check(file)
                    self._changed.wait()
            except BaseException:
                piece.readers -= 1
                if piece.state is State.FAILED and not piece.readers:
                    file.remove(piece)
                raise
            return piece

    def _check(self, file: FilePieces) -> None:
        """Raise what keeps a file from being read.

        Of the threads of some work, whichever ends first says why all of it ends: each says that it was interrupted.
        The main thread has that from the signal itself, and may read on to save what there is.
        """
        if time.monotonic() < self._cancelled_until and threading.current_thread() is not threading.main_thread():
            raise KeyboardInterrupt
        if file not in self._shelf.files:
            raise ValueError(f"{file.source.name}: the file is closed")

    def _demand(self, file: FilePieces, position: int, size: int) -> Piece | None:
        """The piece with the byte of a position, to be fetched before others; None where its turn has to come."""
        planned = file.announced_at(position)
        if planned is None:
            wanted = list(self._unplanned(file, position, size))
        elif not file.strict or self._stalled():
            file.announced.remove(planned)
            wanted = [self._planned(file, planned)]
        elif size <= _LITTLE and planned not in list(islice(file.announced, _THREADS)):
            wanted = [self._planned(file, file.split_off(planned, position, position + size))]
        else:
            return None
        self._demanded.extend(map(file.add, wanted))
        self._changed.notify_all()
        return wanted[0]

    def _unplanned(self, file: FilePieces, position: int, size: int) -> Iterator[Piece]:
        """Pieces for a range that nobody announced: of a little one more, of a large one some at once."""
        stop = file.next_begin(position)
        end = min(position + min(max(size, _READ_AHEAD), _THREADS * self._piece_bytes), stop)
        for begin in range(position, end, self._piece_bytes):
            piece = Piece(file, begin, min(end, begin + self._piece_bytes), order=self._orders)
            piece.unread = max(0, min(piece.end, position + size) - begin)
            yield piece

    def _planned(self, file: FilePieces, planned: Announced) -> Piece:
        """The piece of an announced range."""
        order, begin, end = planned
        return Piece(file, begin, end, order=order, unread=(end - begin) * file.times)

    def _release(self, piece: Piece, count: int) -> None:
        with self._changed:
            piece.used = self._moved = time.monotonic()
            piece.readers -= 1
            piece.unread = max(0, piece.unread - count)
            if piece.readers == 0:
                if piece.file not in self._shelf.files:
                    self._shelf.drop(piece)
                self._changed.notify_all()

    def _start(self) -> None:
        """Start the threads with the first work that they have; where the system gives fewer, those do it.

        Raises:
            OSError: It gives none.
        """
        while len(self._threads) < _THREADS and not self._stop.is_set():
            thread = threading.Thread(target=self._fill, name="ggufscope-fetch", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                if self._threads:
                    return
                raise OSError(errno.EAGAIN, f"no thread to fetch with: {error}") from None
            self._threads.append(thread)

    def _fill(self) -> None:
        """Fetch the next piece, again and again, until the window is closed: the loop of each thread."""
        while True:
            with self._changed:
                piece = self._next()
                while piece is None:
                    if self._stop.is_set():
                        return
                    self._changed.wait(LATELY if self._has_work() else None)
                    piece = self._next()
            self._fetch(piece)

    def _has_work(self) -> bool:
        """Whether something is to be fetched as soon as there is room."""
        return bool(self._demanded) or any(file.announced for file in self._shelf.files)

    def _next(self) -> Piece | None:
        """The next piece to fetch that there is room for: what is waited for, then what was announced."""
        while self._demanded and self._demanded[0].file not in self._shelf.files:
            self._demanded.popleft()
        if self._demanded:
            if self._shelf.make_room(self._demanded[0], forced=self._stalled()):
                return self._shelf.begin(self._demanded.popleft())
            return None
        for file in self._shelf.files:
            if file.announced:
                piece = self._planned(file, file.announced[0])
                if not self._shelf.make_room(piece, forced=False):
                    return None
                file.announced.popleft()
                return self._shelf.begin(file.add(piece))
        return None

    def _stalled(self) -> bool:
        """Whether nothing comes and nobody reads what is here, so that it must make room for what is waited for."""
        return not self._shelf.coming and time.monotonic() - self._moved > _STALLED_SECONDS

    def _fetch(self, piece: Piece) -> None:
        """Bring the bytes of a piece."""
        failure: BaseException | None = None
        try:
            piece.file.source.fetch(piece.begin, piece.memory, self._stop)
        except BaseException as error:
            failure = error
        with self._changed:
            if failure is None:
                piece.state = State.HERE
                piece.file.keep_samples_of(piece)
            else:
                self._shelf.fail(piece, failure)
                piece.file.announced.clear()  # they would fail as well, one after the other
            if piece.file not in self._shelf.files and piece.idle:
                self._shelf.drop(piece)
            self._changed.notify_all()
