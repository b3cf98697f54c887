"""Reads one remote file through a window: the `ByteReader` of what does not lie here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .pieces import FilePieces


class _Window(Protocol):
    """The part of a window that its readers use."""

    def announce(
        self, file: FilePieces, ranges: Sequence[tuple[int, int]], times: int = 1, *, strict: bool = False
    ) -> None: ...

    def read(self, file: FilePieces, offset: int, out: memoryview) -> None: ...

    def cancel(self) -> None: ...

    def close(self, file: FilePieces) -> None: ...


class WindowReader:
    """One file; see `ByteReader`.

    Attributes:
        name: of the file in lines.
        size: its bytes.
    """

    def __init__(self, window: _Window, file: FilePieces) -> None:
        self._window = window
        self._file = file
        self._planned = False
        self.name = file.source.name
        self.size = file.source.size

    def read_into(self, offset: int, out: memoryview) -> None:
        target = out.cast("B") if out.format != "B" or out.ndim != 1 else out
        if not 0 <= offset <= offset + len(target) <= self.size:
            raise ValueError(f"{self.name}: the file has no {len(target)} bytes from {offset} on")
        sample = self._file.sample(offset, len(target))
        if sample is not None:
            target[:] = sample
            return
        try:
            self._window.read(self._file, offset, target)
        except KeyboardInterrupt:
            self.cancel()  # other threads of the same work
            raise

    def expect(self, ranges: Sequence[tuple[int, int]]) -> None:
        ends = [(offset, offset + size) for offset, size in ranges if self._file.sample(offset, size) is None]
        if not (self._planned and self._file.covers(ends)):
            self._window.announce(self._file, ends)

    def plan(self, ranges: Sequence[tuple[int, int]], times: int = 1) -> None:
        """Announce all that is going to be read, by so many readers; what `expect` says of it is known then."""
        self._planned = True
        ends = [(offset, offset + size) for offset, size in ranges]
        self._window.announce(self._file, ends, times, strict=times > 1)

    def end_plan(self) -> None:
        """Forget what was planned and was not fetched."""
        self._planned = False
        self._window.announce(self._file, ())

    def keep(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Keep copies of small ranges as soon as they come by, for whoever reads exactly these later."""
        self._file.want_samples(ranges)

    def cancel(self) -> None:
        """Let all threads that read now give up; what is read later is read."""
        self._window.cancel()

    def close(self) -> None:
        self._window.close(self._file)
