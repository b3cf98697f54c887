"""The weights of a profile by role and by layer, for a report that has no analysis to show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...text.numbers import bytes_text, count_text
from .blocks import TextTable, heads
from .cells import number, percent
from .words import Own, Rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...profiles.rows import Row
    from .blocks import Block
    from .shown import Shown
    from .words import Words

_COLUMNS = ("parameters", "size", "rms", "kurtosis", "sparsity %", ">6σ %")


def weights_by_place(shown: Shown) -> Iterator[Block]:
    """Roles, the largest first, and layers."""
    if shown.profile is None or shown.analysis is not None:
        return
    roles = sorted(shown.profile.roles.values(), key=lambda row: -row.n_bytes)
    if roles:
        yield _table("role", "Weights by role", ((row.role, row) for row in roles))
    if shown.profile.layers:
        yield _table("layer", "Weights by layer", shown.profile.layers.items())


def _table(place: str, title: str, rows: Iterable[tuple[Any, Row]]) -> TextTable:
    cells = [(str(name), *_cells(row)) for name, row in rows]
    return TextTable(f"weights-by-{place}", Own(title), heads(place, *_COLUMNS, numeric="|".join(_COLUMNS)), cells)


def _cells(row: Row) -> Iterator[Words]:
    yield Rounded(count_text(row.n_elements), row.n_elements)
    yield Rounded(bytes_text(row.n_bytes), row.n_bytes)
    yield number(row.get("rms"))
    yield number(row.get("kurtosis"))
    yield percent(row.get("sparsity"))
    yield percent(row.get("outlier_fraction_6"))
