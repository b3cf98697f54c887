"""Columns of the tables, CSV and Parquet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ggufscope.report.tables.registry import TABLES

from .example import example_data
from .markdown import code, page, paragraph, table

if TYPE_CHECKING:
    from ggufscope.report.tables.columns import DataColumn

    from ggufscope.report.content.results import ReportData


def render() -> str:
    return page(
        "Columns of tables",
        paragraph(
            "Tables that `ggufscope report --format csv,parquet` and `ggufscope fleet` write, and"
            " `to_columns()` gives in Python: name, kind of the values, meaning. A value that does not"
            " apply or is undefined is empty in CSV and null in Parquet. In `layers` and `heads`, PRESET"
            " stands for `heuristic`, `propagation` or `probe`, as far as an analysis has them; in"
            " `standouts`, `…` stands for names of places and of evidence. `tensors` has numbers of singular"
            " values, its last columns, where there are spectra of the model."
        ),
        *sections(),
    )


def sections() -> Iterator[str]:
    for name, kind in TABLES.items():
        yield f"## {kind.title}: `{name}`"
        yield table(("column", "kind", "meaning"), rows(name))


def rows(name: str) -> list[tuple[str, str, str]]:
    """The columns of a table of example results, each once."""
    found: dict[str, tuple[str, str, str]] = {}
    for data in example_data():
        for column in TABLES[name].columns(data):
            general = generalized(column, data)
            found.setdefault(general, (code(general), column.kind, column.meaning))
    return list(found.values())


def generalized(column: DataColumn, data: ReportData) -> str:
    """The name of a column with `PRESET`, or `…`, in place of what depends on the results."""
    document = data.analysis.document if data.analysis else None
    presets = "|".join(preset.name for preset in (document.preset, *document.other_presets)) if document else "none"
    name = re.sub(rf"^({presets})_", "PRESET_", column.name)
    return re.sub(r"^(place|evidence)_.*", r"\1_…", name)
