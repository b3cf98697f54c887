"""Profiles and analyses in a Jupyter notebook: small HTML tables, every text from a file escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..escape import escape_html as safe
from .cells import percent, short
from .console import count_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..analysis.document import AnalysisDocument
    from ..profiles import Profile
    from ..rows import Row

_NOTHING = "–"
_MOST_ROWS = 64


def table_html(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of escaped cells."""
    head = "".join(f"<th>{safe(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{safe(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def profile_html(profile: Profile) -> str:
    """What a model is, and its roles with their statistics."""
    model = profile.model
    facts = f"{model.architecture or 'no architecture'}, {count_text(model.n_elements)} parameters"
    rows = [
        (row.role, count_text(row.n_elements), _number(row, "rms"), _share(row, "sparsity"), _number(row, "kurtosis"))
        for row in list(profile.roles.values())[:_MOST_ROWS]
    ]
    table = table_html(("role", "parameters", "rms", "sparsity %", "kurtosis"), rows)
    return f"<p><b>{safe(profile.title)}</b>: {safe(facts)}, {len(profile.layers)} layers</p>{table}"


def _number(row: Row, field: str) -> str:
    value = row.get(field)
    return _NOTHING if value is None else short(value)


def _share(row: Row, field: str) -> str:
    value = row.get(field)
    return _NOTHING if value is None else percent(value)


def analysis_html(document: AnalysisDocument) -> str:
    """Statement, verdicts and the index by layer."""
    verdicts = [(entry.id, entry.title, entry.verdict, entry.why) for entry in document.hypotheses]
    layers = [
        (
            entry.layer,
            _NOTHING if entry.risk is None else f"{entry.risk:.1f}",
            entry.level or _NOTHING,
            _NOTHING if entry.rank is None else f"{entry.rank:g}",
            _NOTHING if entry.p_top_three is None else f"{entry.p_top_three:.2f}",
        )
        for entry in document.preset.layers
    ]
    warnings = "".join(f"<li>{safe(warning)}</li>" for warning in document.warnings)
    return (
        f"<p><b>{safe(document.model.title)}</b>: {safe(document.statement)}</p><ul>{warnings}</ul>"
        + table_html(("", "premise", "verdict", "why"), verdicts)
        + table_html(("layer", "risk", "level", "rank", "p(top 3)"), layers)
    )
