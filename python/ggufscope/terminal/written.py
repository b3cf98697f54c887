"""Tells which report was written, and which could not be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..text.escape import escape
from .standard_output import print_out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def say_what_is_missing(line: str | None) -> None:
    """Print the line about missing packages, if there is one, before the work starts."""
    if line is not None:
        print(f"ggufscope: {escape(line)}", file=sys.stderr)


def show_written(files: Sequence[Path]) -> None:
    """Print one line: the file to open first, and how many others there are."""
    print_out(written_line(files))


def say_written(files: Sequence[Path], *, beside: bool) -> None:
    """Print that line below a view; `beside` it, on standard error, where standard output is a document."""
    if beside:
        print(f"ggufscope: {written_line(files)}", file=sys.stderr)
    else:
        print_out(f"\n{written_line(files)}")


def written_line(files: Sequence[Path]) -> str:
    """As `"report: out/report.html and 13 more files"`."""
    if not files:
        return "nothing to write: the results have no tables"
    more = f" and {len(files) - 1} more file{'s' if len(files) > 2 else ''}" if len(files) > 1 else ""
    return f"report: {escape(files[0])}{more}"
