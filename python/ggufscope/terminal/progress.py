"""Progress bars for long work, on standard error, only where somebody is looking."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ..text.escape import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOM_FOR_ALL = 60  # cells of a terminal, from which on bytes, rate and time fit beside a bar


@contextlib.contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], object] | None]:
    """The callback that moves a bar of bytes, with rate and time left; gone again when the block ends.

    It is None where standard error is no terminal.

    Args:
        what: a word or two before the bar; may come from a file.
    """
    with named_progress_bar() as move:
        yield None if move is None else lambda done, total: move(what, done, total)


@contextlib.contextmanager
def named_progress_bar() -> Iterator[Callable[[str, int, int], object] | None]:
    """The callback that names what is being done and moves a bar of bytes; else as `progress_bar`."""
    if not sys.stderr.isatty():
        yield None
        return
    console = Console(stderr=True)
    told = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        *(told if console.width >= _ROOM_FOR_ALL else (TaskProgressColumn(),)),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=escape(what), completed=done, total=total)


@contextlib.contextmanager
def share_bar() -> Iterator[Callable[[str, float], object] | None]:
    """The callback that names what is being done and moves a bar to a share from 0 to 1; else as `progress_bar`."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, share: bar.update(task, description=escape(what), completed=share)
