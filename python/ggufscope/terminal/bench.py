"""The terminal view of a benchmark: one table per kernel, or one for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bench.kernels import KERNELS, READING
from ..text.numbers import bytes_text, counted, rate, short
from .columns import Column, leaving
from .headline import render_headline, sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..bench import Bench, Measurement
    from ..text.glyphs import Glyphs
    from .screen import Screen

_NOISY = "~"


def render_bench(screen: Screen, bench: Bench) -> None:
    """Where it was measured, the figures, and how to read them."""
    glyphs = screen.glyphs
    if bench.model is None:
        _render_machine(screen, bench, glyphs)
        for kernel in dict.fromkeys(row.task.kernel for row in bench.measurements):
            screen.blank()
            _render_kernel(screen, kernel, bench, glyphs)
    else:
        _render_model(screen, bench, glyphs)
    screen.blank()
    _render_legend(screen, bench, glyphs)


def _render_machine(screen: Screen, bench: Bench, glyphs: Glyphs) -> None:
    machine = bench.machine
    parts = [
        counted(machine.cores, "core"),
        *([bytes_text(machine.memory)] if machine.memory else []),
        bench.isa,
        *([f"load {machine.load:.1f}"] if machine.load is not None else []),
    ]
    screen.heading(glyphs.cut(machine.processor, 60))
    screen.line(f" {glyphs.dot} ".join(parts))


def _render_kernel(screen: Screen, kernel: str, bench: Bench, glyphs: Glyphs) -> None:
    """A row per type; for each number of threads three columns."""
    rows = [row for row in bench.measurements if row.task.kernel == kernel]
    limit = next(iter(rows[0].limits))
    by_subject = {subject: [row for row in rows if row.task.subject == subject] for subject in _subjects(rows)}
    columns = [Column("type", list(by_subject), "name")]
    for place, count in enumerate(bench.threads):
        threads = counted(count, "thread")
        of_count = [of_subject[place] for of_subject in by_subject.values()]
        elements, stored = zip(*map(_rates, of_count), strict=True)
        shares = [_share(row, limit) for row in of_count]
        columns += [
            Column(f"{threads}\nGparam/s", elements, name=f"Gparam/s with {threads}"),
            Column("\nGB/s", stored, name=f"GB/s with {threads}"),
            Column(f"% of\n{limit}", shares, name=f"% of {limit} with {threads}"),
        ]
    if len(bench.threads) > 1:
        gains = [f"{_gain(of_subject):.2f}{glyphs.times}" for of_subject in by_subject.values()]
        columns.append(Column("\ngain", gains, name="gain"))
    noise = Column("", [_noise(of_subject) for of_subject in by_subject.values()], "text", name="noisy")
    screen.table([*leaving(columns, 2), noise], f"{kernel}: {KERNELS[kernel].meaning}")


def _subjects(rows: Sequence[Measurement]) -> list[str]:
    return list(dict.fromkeys(row.task.subject for row in rows))


def _gain(rows: Sequence[Measurement]) -> float:
    """How many times the rate of one thread the most threads reach."""
    return rows[-1].elements_per_second / rows[0].elements_per_second


def _rates(row: Measurement) -> tuple[str, str]:
    return f"{row.elements_per_second / 1e9:.3g}", f"{row.bytes_per_second / 1e9:.3g}"


def _share(row: Measurement, limit: str) -> str:
    return f"{100 / row.ratio(limit):.3g}"


def _noise(rows: Sequence[Measurement]) -> str:
    return _NOISY if any(row.noisy for row in rows) else ""


def _render_model(screen: Screen, bench: Bench, glyphs: Glyphs) -> None:
    model = bench.model
    assert model is not None  # noqa: S101 - the caller has looked
    render_headline(
        screen,
        model.file,
        model.title,
        model,
        sizes(model.n_parameters, model.bits_per_weight),
        n_bytes=model.n_bytes,
        without_architecture="no architecture",
    )
    _render_machine(screen, bench, glyphs)
    screen.blank()
    rows = bench.measurements
    elements, stored = zip(*map(_rates, rows), strict=True)
    columns = [
        Column("profile", [row.task.kernel for row in rows], "name"),
        Column("threads", [str(row.task.threads) for row in rows]),
        Column("seconds", [short(row.timing.median) for row in rows]),
        Column("Gparam/s", elements),
        Column("GB/s", stored),
        Column(f"{glyphs.times} reading", [f"{row.ratio(READING):.2f}" for row in rows]),
        Column("% of reading", [_share(row, READING) for row in rows]),
    ]
    screen.table([*leaving(columns, 3), Column("", [_noise([row]) for row in rows], "text", name="noisy")])


def _render_legend(screen: Screen, bench: Bench, glyphs: Glyphs) -> None:
    rounds = sorted({len(row.timing.seconds) for row in bench.measurements})
    counts = " to ".join(map(str, dict.fromkeys((rounds[0], rounds[-1]))))
    subject = "the bytes" if bench.model is None else "a fresh mapping"
    lines = [f"medians of {counts} rounds in {bench.seconds:.1f} s, each right after reading {subject}"]
    rates = [f"{_reading(bench, count)} with {counted(count, 'thread')}" for count in bench.threads]
    lines.append(f"reading: {f' {glyphs.dot} '.join(rates)}")
    if ways := _ways(bench):
        lines.append(f"profiles read the file {ways}, which cost least on its first pieces")
    if any(row.noisy for row in bench.measurements):
        noisy = "the middle half of the rounds spreads over more than 15 %, or other programs took more than 10 % of"
        lines.append(f"{_NOISY} noisy: {noisy} the cores' time")
    for line in lines:
        screen.line(line, "dim")


_WAYS = {"copied": "by copies", "populated": "in place, pages mapped ahead", "mapped": "in place"}


def _ways(bench: Bench) -> str:
    """How each kernel's last profile with the most threads read the file; empty where none chose."""
    chosen = {row.task.kernel: row.task.facts.get("reading") for row in bench.measurements}
    words = {kernel: _WAYS.get(way, way) for kernel, way in chosen.items() if way is not None}
    if len(set(words.values())) == 1 and len(words) == len(chosen):
        return next(iter(words.values()))
    return ", ".join(f"{way} ({kernel})" for kernel, way in words.items())


def _reading(bench: Bench, threads: int) -> str:
    """The highest median over the rows: short reads of what a cache holds are not among the rows that matter."""
    rows = [row for row in bench.measurements if row.task.threads == threads and READING in row.limits]
    best = max(row.task.n_bytes / row.limits[READING].median for row in rows)
    return rate(best, "B")
