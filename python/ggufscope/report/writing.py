"""Writes reports into a directory: chosen formats, whole files, never over one of another origin."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from ..saving.directories import make_directory, remove_ours, usable_directory
from ..saving.files import atomic_write
from ..saving.guard import Guard
from ..text.choices import offered
from .charts.side_by_side import SideBySide
from .renderers import PAGED, RENDERERS, USUAL_FORMATS
from .report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike
    from pathlib import Path

    from .content.results import ReportData


def chosen_formats(text: str | None = None) -> tuple[list[str], str | None]:
    """The formats to write, and a line for the reader where some of the usual ones cannot be.

    Args:
        text: names separated by commas; None for the usual formats, as far as their packages are installed.

    Raises:
        ValueError: One of the names is unknown.
        MissingExtraError: A `ValueError`: one of them needs packages that are not installed.
    """
    if text is None:
        return _usual_formats()
    names = list(dict.fromkeys(name.strip().lower() for name in text.split(",")))
    for name in names:
        if name not in RENDERERS:
            raise ValueError(f"no format {name!r}; there are {offered(name, RENDERERS)}")
        RENDERERS[name].require()
    return names, None


def _usual_formats() -> tuple[list[str], str | None]:
    usable: list[str] = []
    line = None
    for name in USUAL_FORMATS:
        try:
            RENDERERS[name].require()
        except MissingExtraError as missing:
            line = f"only JSON and Markdown are written: {missing}"
        else:
            usable.append(name)
    return usable, line


def file_names(formats: Iterable[str]) -> list[str]:
    """Files that these formats write into a directory; `*` stands for any name."""
    return list(dict.fromkeys(name for each in formats for name in RENDERERS[each].files))


def begin_drawing(formats: Sequence[str], threads: int) -> SideBySide:
    """Processes for the charts of a report that is written later; beside other threads, what every page has is begun.

    Args:
        formats: keys of RENDERERS.
        threads: at most so many are at work.
    """
    side_by_side = SideBySide()
    if PAGED in formats and threads > 1:
        from .charts.render import script_conversion  # noqa: PLC0415  an extra

        side_by_side.prepare(script_conversion())
    return side_by_side


def _as_written(data: ReportData, formats: Sequence[str]) -> ReportData:
    """The results, of a shelf without links to pages that are not written."""
    if data.shelf is None or PAGED in formats:
        return data
    return replace(data, shelf=replace(data.shelf, paged=False))


def write_report(
    data: ReportData,
    directory: str | PathLike[str],
    formats: Sequence[str],
    guard: Guard | None = None,
    *,
    drawing: SideBySide | None = None,
) -> list[Path]:
    """Render results into a directory.

    Everything is rendered before the first file is written. Files of an earlier report in these formats are replaced,
    and removed where this one has none of that name, as the chart of something that this model lacks.

    Args:
        data: the results.
        directory: where to; made if it is not there.
        formats: keys of RENDERERS.
        guard: of the files; by default one that refuses what ggufscope did not write.
        drawing: processes that `begin_drawing` began; None: others are started.

    Returns:
        The files written.

    Raises:
        MissingExtraError: Packages are missing for one of the formats.
        OutputError: A file cannot be written, or is not from ggufscope.
        ValueError: A file is an input.
    """
    guard = guard or Guard()
    target = usable_directory(directory, file_names(formats), guard)
    with nullcontext(drawing) if drawing is not None else SideBySide() as side_by_side:
        report = Report(_as_written(data, formats), side_by_side=side_by_side)
        contents = {name: content for each in formats for name, content in RENDERERS[each].render(report)}
    usable_directory(target, contents, guard)
    for name, content in contents.items():
        make_directory((target / name).parent)
        with atomic_write(target / name, "wb", guard=guard) as file:
            file.write(content)
    written = [target / name for name in contents]
    earlier = {path for name in file_names(formats) for path in target.glob(name)}
    for path in sorted(earlier - set(written)):
        if not guard.is_input(path):
            remove_ours(path)
    return written
