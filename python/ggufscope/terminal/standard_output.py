"""Standard output, whose failures are not swallowed, whoever writes to it."""

import errno
import io
import os
import sys
from typing import Any

from ..errors import OutputError, ReaderGoneError
from ..saving.files import OutputFile


class _StandardOutput(OutputFile):
    """Standard output. That its reader went away is no OSError, which typer and rich would handle in their own ways."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OutputError as error:
            if error.errno == errno.EPIPE:
                raise ReaderGoneError from None
            raise


def guard_standard_output() -> None:
    """Make every failing write to standard output an OutputError or a ReaderGoneError, whoever writes.

    Text that its encoding cannot hold is written as escapes. A replaced `sys.stdout` is left alone.
    """
    stdout = sys.stdout
    if stdout is None:  # closed by the caller
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    elif stdout is sys.__stdout__ and isinstance(stdout, io.TextIOWrapper):
        raw = _StandardOutput(stdout.fileno(), "standard output", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw), stdout.encoding, "backslashreplace", line_buffering=raw.isatty()
        )


def drop_standard_output() -> None:
    """Send what is still unwritten nowhere, so that the interpreter does not fail on it when it ends."""
    try:
        sys.stdout.flush()
    except (OSError, ReaderGoneError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def print_out(text: str) -> None:
    """Write `text` and a line break to standard output, now.

    Raises:
        OutputError: It cannot be written, as to a full disk.
        ReaderGoneError: Its reader went away.
    """
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
