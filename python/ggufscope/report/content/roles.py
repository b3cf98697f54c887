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
    """Roles of matrices, the largest first, then those of vectors; layers, of their matrices."""
    if shown.profile is None or shown.analysis is not None:
        return
    profile = shown.profile
    if matrices := profile.roles_of("matrix"):
        yield _table("weights-by-role", "role", "Weights by role: matrices", ((row.role, row) for row in matrices))
    if vectors := profile.roles_of("vector"):
        yield _table("vectors-by-role", "role", "Gains, biases and other vectors", ((row.role, row) for row in vectors))
    layers = {key: row for key, whole in profile.layers.items() if (row := whole.of_matrices) is not None}
    if layers:
        together = profile.total.of_matrices is profile.total
        title = "Weights by layer" if together else "Weights by layer: matrices"
        yield _table("weights-by-layer", "layer", title, layers.items())


def _table(name: str, place: str, title: str, rows: Iterable[tuple[Any, Row]]) -> TextTable:
    cells = [(str(label), *_cells(row)) for label, row in rows]
    return TextTable(name, Own(title), heads(place, *_COLUMNS, numeric="|".join(_COLUMNS)), cells)


def _cells(row: Row) -> Iterator[Words]:
    yield Rounded(count_text(row.n_elements), row.n_elements)
    yield Rounded(bytes_text(row.n_bytes), row.n_bytes)
    yield number(row.get("rms"))
    yield number(row.get("kurtosis"))
    yield percent(row.get("sparsity"))
    yield percent(row.get("outlier_fraction_6"))
