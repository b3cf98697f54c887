"""Print saved benchmarks as tables, ratios first: `python benchmarks/table.py saved.json [PART…] [--markdown]`.

A ratio is the median over the rounds of the time taken to the time of what stands beside it, both from the same round.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ggufscope.bench import Timing
from ggufscope.bench.tasks import BUSY_SHARE

BY_TYPE = "test_kernel_speed"
LIMITS = ("reading", "storing", "sequential read")
AT_THE_LIMIT = 1.25


@dataclass(frozen=True)
class Row:
    """One saved benchmark."""

    name: str
    info: dict[str, Any]
    timing: Timing

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Row:
        return cls(entry["fullname"].rsplit("/", 1)[-1], entry["extra_info"], Timing(tuple(entry["stats"]["data"])))

    @property
    def seconds(self) -> float:
        return self.timing.median / self.info["repeats"]

    @property
    def limits(self) -> dict[str, Timing]:
        return {name: Timing(tuple(seconds)) for name, seconds in self.info["limits"].items()}

    @property
    def noisy(self) -> bool:
        shares = self.info["core_shares"]
        crowded = bool(shares) and statistics.median(shares) < BUSY_SHARE
        return crowded or any(timing.noisy for timing in (self.timing, *self.limits.values()))

    def ratios(self) -> dict[str, float]:
        return {name: self.timing.over(timing) / self.info["scale"] for name, timing in self.limits.items()}

    def rate(self, of: str) -> str:
        return f"{self.info[of] / self.seconds / 1e9:.3g}" if self.info[of] >= 1000 else ""


@dataclass
class Section:
    """A table: its title, what it says above, the header and the lines."""

    title: str
    header: Sequence[str]
    lines: list[Sequence[str]] = field(default_factory=list)


def time_text(seconds: float) -> str:
    for limit, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= limit:
            return f"{seconds / limit:.3g} {unit}"
    return f"{seconds:.1e} s"


def ratio_text(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.3g}"


def limited_by(row: Row) -> str:
    """What limits it: the limit that it nearly reaches, otherwise what the kernel computes."""
    nearest = min(((ratio, name) for name, ratio in row.ratios().items() if name in LIMITS), default=None)
    if nearest is None:
        return row.info["note"]
    return nearest[1] if nearest[0] <= AT_THE_LIMIT else "computing"


HEADER = ("ratio", "to", "benchmark", "Gparam/s", "GB/s", "time", "limited by, notes")


def lines_of(row: Row) -> Iterable[Sequence[str]]:
    """One line per limit, the first with the rates."""
    time = time_text(row.seconds) + (" ~" if row.noisy else "")
    facts = (row.info["title"], row.rate("parameters"), row.rate("bytes"), time, limited_by(row))
    ratios = list(row.ratios().items()) or [("", 0.0)]
    for position, (name, ratio) in enumerate(ratios):
        yield (ratio_text(ratio) if name else "", f"× {name}" if name else "", *(("",) * 5 if position else facts))


def suites(rows: Sequence[Row]) -> list[Section]:
    """The suites but that of all types, in the order they ran."""
    sections: dict[str, Section] = {}
    for row in rows:
        if not row.name.startswith(BY_TYPE):
            section = sections.setdefault(row.info["suite"], Section(row.info["suite"], HEADER))
            section.lines.extend(lines_of(row))
    return list(sections.values())


def by_type(rows: Sequence[Row]) -> list[Section]:
    """A line per type: the rates of each kernel on each instruction set, and a weight's time in weights of Q4_K."""
    mine = [row for row in rows if row.name.startswith(BY_TYPE)]
    rates = {
        (row.info["subject"], row.info["kernel"], row.info["isa"]): row for row in mine if "test_kernel[" in row.name
    }
    against = {row.info["subject"]: row.ratios() for row in mine if "against" in row.name}
    columns = list(dict.fromkeys(key[1:] for key in rates))
    multiples = list(dict.fromkeys(name for ratios in against.values() for name in ratios))
    if not mine:
        return []
    header = ["type", *(f"full, × {name}" for name in multiples), *(f"{kernel} {isa}" for kernel, isa in columns)]
    section = Section(f"{mine[0].info['suite']}: Gparam/s", header)
    for name in dict.fromkeys(row.info["subject"] for row in mine):
        cells = [ratio_text(against[name][each]) if each in against.get(name, {}) else "" for each in multiples]
        found = [rates.get((name, *column)) for column in columns]
        section.lines.append([name, *cells, *(row.rate("parameters") if row else "" for row in found)])
    return [section]


def machine_text(saved: dict[str, Any]) -> str:
    machine = saved["machine_info"]["ggufscope"]
    memory = f", {machine['memory'] / 1e9:.0f} GB" if machine["memory"] else ""
    versions = ", ".join(f"{name} {machine[name]}" for name in ("ggufscope", "numpy", "gguf"))
    return (
        f"{machine['processor']}, {machine['cores']} cores{memory}, {machine['system']}, {machine['isa']}; load"
        f" {machine['load']} at the end; Python {machine['python']}, {versions}; {saved['datetime'][:10]}"
    )


def print_markdown(text: str, sections: Sequence[Section]) -> None:
    print(f"{text}.")
    for section in sections:
        print(f"\n### {section.title}\n")
        print(f"| {' | '.join(section.header)} |")
        print("|" + "---|" * len(section.header))
        for line in section.lines:
            print(f"| {' | '.join(line)} |")


def print_tables(text: str, sections: Sequence[Section]) -> None:
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = 200
    console.print(text)
    for section in sections:
        table = Table(box=None, pad_edge=False, title=section.title, title_justify="left")
        for name in section.header:
            table.add_column(name, no_wrap=True, justify="left" if name in {"to", "benchmark", "type"} else "right")
        for line in section.lines:
            table.add_row(*line)
        console.print()
        console.print(table)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("saved", type=Path, help="what pytest wrote with --benchmark-json")
    parser.add_argument("part", nargs="*", help="only benchmarks whose name has one of these")
    parser.add_argument("--markdown", action="store_true", help="as in benchmarks/README.md")
    options = parser.parse_args(arguments)
    saved = json.loads(options.saved.read_text(encoding="utf-8"))
    rows = [Row.of(entry) for entry in saved["benchmarks"]]
    rows = [row for row in rows if not options.part or any(part in row.name for part in options.part)]
    show = print_markdown if options.markdown else print_tables
    show(machine_text(saved), [*suites(rows), *by_type(rows)])


if __name__ == "__main__":
    main()
