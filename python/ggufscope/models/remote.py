"""The files of a model that lies elsewhere: how they are read, ahead of who reads them, and given up."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from .._core import Model as CoreModel
from ..inputs.remote.window import Window
from ..inputs.remote.window_reader import WindowReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .._core import TensorInfo
    from ..inputs.located import Located
    from ..inputs.reader import ByteReader

MOST_SAMPLE_BYTES = 32 << 20  # that are kept for the identity of a model

Ranges = list[tuple[int, int]]  # (offset, size)


class RemoteFiles:
    """The files of one model, read through one window.

    Args:
        located: the first of them.
        window: bytes that are in memory at once; None for the default.

    Attributes:
        window: the same.

    Raises:
        ValueError: The window is too small.
    """

    def __init__(self, located: Located, window: int | None) -> None:
        self.window = window
        self._located = located
        self._window = Window(window)
        self._readers: dict[str, WindowReader] = {}

    def open(self) -> CoreModel:
        """The model, of which only the header is read.

        Raises:
            GGUFError: It is malformed.
            OSError: A file cannot be read.
        """
        return CoreModel.from_readers(self._located.name, self._reader)

    def _reader(self, name: str) -> ByteReader:
        reader = self._located.sibling(name).open(self._window)
        if isinstance(reader, WindowReader):  # what lies elsewhere is
            self._readers[name] = reader
        return reader

    @property
    def window_of_files(self) -> Window:
        """The window that all files of the model are read through."""
        return self._window

    def add(self, readers: Iterable[ByteReader]) -> None:
        """Take up files that were opened elsewhere, within the window."""
        self._readers |= {reader.name: reader for reader in readers if isinstance(reader, WindowReader)}

    def keep_samples(self, files: Sequence[str], samples: Sequence[Ranges]) -> None:
        """Keep samples of each file as they come by, unless they are too many."""
        if sum(size for ranges in samples for _, size in ranges) <= MOST_SAMPLE_BYTES:
            for name, ranges in zip(files, samples, strict=True):
                self._readers[name].keep(ranges)

    def expect(self, files: Sequence[str], ranges: Sequence[Ranges]) -> None:
        """Announce what is read next of each file."""
        for name, of_file in zip(files, ranges, strict=True):
            self._readers[name].expect(of_file)

    @contextlib.contextmanager
    def planned(self, files: Sequence[str], ranges: Sequence[Ranges], times: int) -> Iterator[None]:
        """A block in which all of the ranges are read in their order, so many times."""
        readers = [self._readers[name] for name in files]
        for reader, of_file in zip(readers, ranges, strict=True):
            reader.plan(of_file, times)
        try:
            yield
        finally:
            for reader in readers:
                reader.end_plan()

    def cancel(self) -> None:
        """Let all threads that read now give up."""
        for reader in self._readers.values():
            reader.cancel()

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """A block in which Ctrl-C also ends the reads of other threads, which may wait for the network."""
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(before):
            yield
            return

        def interrupt(number: int, frame: object) -> object:
            self.cancel()
            return before(number, frame)  # type: ignore[arg-type]

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def ranges_of(infos: Sequence[TensorInfo], n_files: int) -> list[Ranges]:
    """Where tensors lie in each file."""
    ranges: list[Ranges] = [[] for _ in range(n_files)]
    for info in infos:
        ranges[info.file].append((info.offset, info.n_bytes))
    return ranges
