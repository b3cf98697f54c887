"""The terminal view of a benchmark: one table per kernel, or one for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..bench.kernels import KERNELS, READING
from ..text.glyphs import Glyphs
from ..text.numbers import bytes_text, counted, rate, short
from .console import plain_table, print_table, safe
from .headline import render_headline, sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from ..bench import Bench, Measurement

_NOISY = "~"


def render_bench(console: Console, bench: Bench) -> None:
    """Where it was measured, the figures, and how to read them."""
    glyphs = Glyphs.of(console.encoding)
    if bench.model is None:
        _render_machine(console, bench, glyphs)
        for kernel in dict.fromkeys(row.task.kernel for row in bench.measurements):
            console.print()
            _render_kernel(console, kernel, bench, glyphs)
    else:
        _render_model(console, bench, glyphs)
    console.print()
    _render_legend(console, bench, glyphs)


def _render_machine(console: Console, bench: Bench, glyphs: Glyphs) -> None:
    machine = bench.machine
    parts = [
        counted(machine.cores, "core"),
        *([bytes_text(machine.memory)] if machine.memory else []),
        bench.isa,
        *([f"load {machine.load:.1f}"] if machine.load is not None else []),
    ]
    console.print(Text(glyphs.cut(machine.processor, 60), "bold"))
    console.print(Text(f" {glyphs.dot} ".join(parts)))


def _render_kernel(console: Console, kernel: str, bench: Bench, glyphs: Glyphs) -> None:
    """A row per type; for each number of threads three columns."""
    rows = [row for row in bench.measurements if row.task.kernel == kernel]
    limit = next(iter(rows[0].limits))
    table = _kernel_table(kernel, bench.threads, limit)
    for subject in dict.fromkeys(row.task.subject for row in rows):
        of_subject = [row for row in rows if row.task.subject == subject]
        cells = [cell for row in of_subject for cell in (*_rates(row), _share(row, limit))]
        gain = f"{_gain(of_subject):.2f}{glyphs.times}" if len(of_subject) > 1 else ""
        table.add_row(safe(subject), *cells, *([gain] if len(bench.threads) > 1 else []), _noise(of_subject))
    print_table(console, table)


def _kernel_table(kernel: str, threads: Sequence[int], limit: str) -> Table:
    columns = ["type"]
    for count in threads:
        columns += [f"{counted(count, 'thread')}\nGparam/s", "\nGB/s", f"% of\n{limit}"]
    if len(threads) > 1:
        columns.append("\ngain")
    title = f"{kernel}: {KERNELS[kernel].meaning}"
    return plain_table(*columns, "", right=tuple(columns[1:]), title=title)


def _gain(rows: Sequence[Measurement]) -> float:
    """How many times the rate of one thread the most threads reach."""
    return rows[-1].elements_per_second / rows[0].elements_per_second


def _rates(row: Measurement) -> tuple[str, str]:
    return f"{row.elements_per_second / 1e9:.3g}", f"{row.bytes_per_second / 1e9:.3g}"


def _share(row: Measurement, limit: str) -> str:
    return f"{100 / row.ratio(limit):.3g}"


def _noise(rows: Sequence[Measurement]) -> str:
    return _NOISY if any(row.noisy for row in rows) else ""


def _render_model(console: Console, bench: Bench, glyphs: Glyphs) -> None:
    model = bench.model
    assert model is not None  # noqa: S101 - the caller has looked
    facts = sizes(model.n_parameters, model.n_bytes, model.bits_per_weight)
    render_headline(console, model.title, model, facts, without_architecture="no architecture")
    _render_machine(console, bench, glyphs)
    console.print()
    columns = ("threads", "seconds", "Gparam/s", "GB/s", f"{glyphs.times} reading", "% of reading")
    table = plain_table("profile", *columns, "", right=columns)
    for row in bench.measurements:
        times = f"{row.ratio(READING):.2f}"
        seconds = short(row.timing.median)
        table.add_row(
            row.task.kernel, str(row.task.threads), seconds, *_rates(row), times, _share(row, READING), _noise([row])
        )
    print_table(console, table)


def _render_legend(console: Console, bench: Bench, glyphs: Glyphs) -> None:
    rounds = sorted({len(row.timing.seconds) for row in bench.measurements})
    counts = " to ".join(map(str, dict.fromkeys((rounds[0], rounds[-1]))))
    subject = "the bytes" if bench.model is None else "a fresh mapping"
    lines = [f"medians of {counts} rounds in {bench.seconds:.1f} s, each right after reading {subject}"]
    rates = [f"{_reading(bench, count)} with {counted(count, 'thread')}" for count in bench.threads]
    lines.append(f"reading: {f' {glyphs.dot} '.join(rates)}")
    if any(row.noisy for row in bench.measurements):
        lines.append(f"{_NOISY} noisy: the middle half of the rounds spreads over more than 15 %, or other")
        lines.append("  programs took more than 10 % of the cores' time")
    for line in lines:
        console.print(Text(line, "dim"))


def _reading(bench: Bench, threads: int) -> str:
    """The highest median over the rows: short reads of what a cache holds are not among the rows that matter."""
    rows = [row for row in bench.measurements if row.task.threads == threads and READING in row.limits]
    best = max(row.task.n_bytes / row.limits[READING].median for row in rows)
    return rate(best, "B")
