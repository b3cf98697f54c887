"""A chart as reports hold it: a specification, the sentence it supports, its definition and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

# Sections of a report.
FINDINGS, EMBEDDING, TRACE, STANDOUTS = "findings", "embedding", "trace", "standouts"
INDEX, VALIDATION, SPECTRA = "index", "validation", "spectra"

Value = str | int | float | None
Specification = dict[str, Any]


@dataclass(frozen=True)
class ChartColumn:
    """A column of the table: its key in files, what to call it for readers, and its unit ("" for none)."""

    name: str
    label: str
    unit: str = ""


@dataclass(frozen=True)
class ChartTable:
    """The numbers of a chart as they stand in the saved results. Text may come from a model's file: escape it."""

    columns: tuple[ChartColumn, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Chart:
    """A chart, without colours: `themed`, `svg` and `png` of this package give it those of a theme.

    Attributes:
        name: stem of its file names, unique in a report: lower-case letters, digits and hyphens.
        title: what is seen.
        sentence: what the numbers say, in one or two plain sentences.
        definition: how it was computed.
        alt: a description for who cannot see it.
        table: the numbers.
        specification: Vega-Lite, as wide as its container.
        still: another specification where the first needs a reader who can choose; for SVG and PNG.
        section: of a report: FINDINGS for the weights; EMBEDDING for its rows; TRACE for what was measured while the
            model ran; STANDOUTS for what stands out; INDEX for the risk index and its scores; VALIDATION for what was
            predicted beside what was measured; SPECTRA for singular values.
        family: of charts of one kind, which are drawn together; None for a chart of its own.
        panel: its title among those.
    """

    name: str
    title: str
    sentence: str
    definition: str
    alt: str
    table: ChartTable
    specification: Specification
    still: Specification | None = None
    section: str = FINDINGS
    family: str | None = None
    panel: str = ""


class DrawnCharts(NamedTuple):
    """All charts of some results, in reading order, and the reasons for those that are missing, by name."""

    charts: list[Chart]
    left_out: dict[str, str]
