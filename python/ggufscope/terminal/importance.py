"""The terminal view of importance matrices: what they were made from, what they cover, statistics of each tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..text.escape import escape
from ..text.glyphs import LONGEST_TEXT
from ..text.numbers import counted, numbered, percent, short
from .columns import Column
from .headline import dotted
from .screen import most_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..models.selection import Selection
    from ..text.glyphs import Glyphs
    from .screen import Screen

# Columns and their order of giving way in a narrow terminal: the highest first, 0 never.
DEFAULT_COLUMNS = {
    "name": 0,
    "n_matrices": 7,
    "n_columns": 8,
    "without_data": 4,
    "sum": 0,
    "min": 11,
    "max": 9,
    "mean": 6,
    "deviation": 10,
    "active": 3,
    "normalized_entropy": 5,
    "zd": 2,
    "cosine": 1,
}
_FORMS = {"gguf": "GGUF", "dat": "the older form (.dat), which does not tell experts apart"}
_SHARES = frozenset({"active", "zd"})
_KINDS = {"name": "name", "role": "text"}
_MOST_NAMED = 6
_LABEL = len("not in it")


def render_importance(screen: Screen, described: Mapping[str, Any]) -> None:
    """What an importance matrix is, in a few lines."""
    glyphs = screen.glyphs
    matrices, empty = described["n_matrices"], described["n_without_data"]
    facts = [counted(described["n_tensors"], "tensor")]
    if matrices != described["n_tensors"]:
        facts.append(f"{matrices} matrices")
    if empty:
        facts.append(f"{empty} without data ({percent(1 - empty / matrices)} % have some)")
    screen.heading(f"importance matrix: {dotted(facts, glyphs)}")
    for label, text in _facts(described, glyphs):
        screen.fact(label, text, width=_LABEL)


def _facts(described: Mapping[str, Any], glyphs: Glyphs) -> list[tuple[str, str]]:
    count, size = described["chunk_count"], described["chunk_size"]
    chunks = "not recorded" if count is None else str(count)
    rows = [
        ("form", _FORMS[described["form"]]),
        ("chunks", chunks if size is None else f"{chunks} of {counted(size, 'token')}"),
        ("texts", _named(described["datasets"], glyphs) or "not recorded"),
    ]
    if described["others"]:
        rows.append(("beside", f"{counted(len(described['others']), 'tensor')} of other kinds"))
    if described["coverage"] is not None:
        rows += _coverage_facts(described["coverage"], glyphs)
    return rows


def _coverage_facts(coverage: Mapping[str, Any], glyphs: Glyphs) -> list[tuple[str, str]]:
    n_matrices = len(coverage["covered"]) + len(coverage["uncovered"])
    rows = [("covers", f"{len(coverage['covered'])} of {n_matrices} matrices of {escape(coverage['model'])}")]
    if coverage["uncovered"]:
        rows.append(("lacks", _named(coverage["uncovered"], glyphs)))
    if coverage["foreign"]:
        rows.append(("not in it", _named(coverage["foreign"], glyphs)))
    for name, experts in list(coverage["experts_without_data"].items())[:_MOST_NAMED]:
        total = coverage["n_experts"][name]
        rows.append(
            ("no data", f"{glyphs.cut(name, LONGEST_TEXT)}: {len(experts)} of {total} experts: {_numbers(experts)}")
        )
    more = len(coverage["experts_without_data"]) - _MOST_NAMED
    if more > 0:
        rows.append(("no data", f"experts of {counted(more, 'tensor')} more: --json has them"))
    return rows


def _numbers(experts: Sequence[int]) -> str:
    shown = numbered("expert", experts[:_MOST_NAMED])
    return shown if len(experts) <= _MOST_NAMED else f"{shown} and {len(experts) - _MOST_NAMED} more"


def _named(names: Sequence[str], glyphs: Glyphs) -> str:
    shown = ", ".join(glyphs.cut(name, LONGEST_TEXT) for name in names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"


def render_importance_tensors(
    screen: Screen, rows: Sequence[Mapping[str, Any]], selection: Selection, columns: Sequence[str]
) -> None:
    """Statistics of the tensors given, with these columns."""
    title = "mean squares by tensor" + (f": {len(rows)} selected" if selection.filters else "")
    yields = DEFAULT_COLUMNS if selection.columns is None else {}
    shown = rows[: most_rows(selection.top)]
    fitted = [
        Column(name, [_cell(name, row[name]) for row in shown], _KINDS.get(name, "number"), yields.get(name, 0))
        for name in columns
    ]
    screen.table(fitted, title)
    screen.tell_rest(len(rows) - len(shown), "tensor", "--top N shows N of them, and --json has all")


def _cell(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return str(len(value)) if value else ""
    if isinstance(value, str):
        return value
    if column in _SHARES:
        return f"{percent(value)} %"
    return short(value) if isinstance(value, float) else str(value)
