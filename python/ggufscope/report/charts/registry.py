"""The registry of charts.

A chart is one function of `ReportData`, in a module named in MODULES:

    @chart("risk")
    def risk(data: ReportData) -> Iterator[Chart]: ...

It gives one chart or several (one per preset), or raises LeftOutError with the reason why there is none. Where the
report is not about what it shows, as that of a model that was not run, it raises NotAskedError.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from itertools import chain, count
from typing import TYPE_CHECKING

from ..content.chart import DrawnCharts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..content.chart import Chart
    from ..content.results import ReportData

# In reading order. They are imported when the first chart is drawn: altair takes half a second.
MODULES = (
    "standouts", "risk", "scores", "activations", "heads", "tensors", "magnitudes", "types_map", "sizes", "embedding",
    "diff_sizes", "diff_map", "diff_tensors", "run_layers", "run_matrices", "run_text", "norm_changes", "bits_sizes",
    "shelf_sizes", "shelf_outliers",
    "spectra", "traced",
    "validation_orders", "validation_sizes", "validation_points", "validation_fit",
)  # fmt: skip

LARGEST_TABLE = 20_000  # rows; whatever a file claims, a page stays small

_MAKERS: dict[str, Callable[[ReportData], Iterator[Chart]]] = {}


class LeftOutError(Exception):
    """A chart that cannot be drawn from what there is; the message is the reason, for the reader."""


class NotAskedError(Exception):
    """A chart of results that nobody made or gave: nothing is missing, and nothing is said."""


def chart(
    name: str,
) -> Callable[[Callable[[ReportData], Iterator[Chart]]], Callable[[ReportData], Iterator[Chart]]]:
    """Register a function as the chart, or the family of charts, of this name."""

    def register(function: Callable[[ReportData], Iterator[Chart]]) -> Callable[[ReportData], Iterator[Chart]]:
        _MAKERS[name] = function
        return function

    return register


def makers() -> dict[str, Callable[[ReportData], Iterator[Chart]]]:
    """Every registered chart by name, in reading order, whichever module was imported first."""
    modules = [import_module(f".{module}", __package__).__name__ for module in MODULES]
    return dict(sorted(_MAKERS.items(), key=lambda maker: modules.index(maker[1].__module__)))


def draw(data: ReportData) -> DrawnCharts:
    """Every chart the results have numbers for, those of a family as one, and why the others are missing.

    Raises:
        MissingExtraError: The packages for charts are not installed.
    """
    from .families import together  # noqa: PLC0415  needs an extra

    drawn = draw_apart(data)
    return drawn._replace(charts=together(drawn.charts))


def draw_apart(data: ReportData) -> DrawnCharts:
    """As `draw`, with the charts of a family one by one.

    Raises:
        MissingExtraError: The packages for charts are not installed.
    """
    from ..packages import require_charts  # noqa: PLC0415

    require_charts()
    from altair.utils.schemapi import debug_mode  # noqa: PLC0415  an extra

    drawn = DrawnCharts([], {})
    for name, make in makers().items():
        try:
            with debug_mode(False):  # of every part against the schema of Vega-Lite: tests do that
                found = list(make(data))
            too_large = [drawn_chart for drawn_chart in found if len(drawn_chart.table.rows) > LARGEST_TABLE]
            if too_large:
                raise LeftOutError(f"{len(too_large[0].table.rows)} rows are too many to draw")
            drawn.charts.extend(_unique(found, drawn.charts))
        except NotAskedError:
            continue
        except LeftOutError as reason:
            drawn.left_out[name] = str(reason)
    return drawn


def _unique(found: list[Chart], before: list[Chart]) -> list[Chart]:
    """The charts under names that no other has: presets may be called anything."""
    taken = {drawn_chart.name for drawn_chart in before}
    named = []
    for drawn_chart in found:
        names = chain([drawn_chart.name], (f"{drawn_chart.name}-{number}" for number in count(2)))
        named.append(replace(drawn_chart, name=next(name for name in names if name not in taken)))
        taken.add(named[-1].name)
    return named


def charts(data: ReportData) -> list[Chart]:
    """Every chart the results have numbers for, in reading order; see `draw`."""
    return draw(data).charts


def left_out(data: ReportData) -> dict[str, str]:
    """Chart → why it is missing; see `draw`."""
    return draw(data).left_out
