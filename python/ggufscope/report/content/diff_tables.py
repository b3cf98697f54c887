"""The tables of a diff: roles, layers by roles, parts of tensors that err most, and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...diffs.rollups import (
    Pooled,
    by_place_and_role,
    counted_tensors,
    place_of,
    places_of,
    pooled_by,
    roles_by_error,
)
from .blocks import TableHead, TextTable, heads
from .cells import NOTHING, decibels, nmse
from .diff_words import labels, part_text, role_text, share_text
from .role_order import in_order
from .words import Own, Rounded, Words, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.diff_document import DiffDocument
    from ...diffs.records import ModelDiff
    from .blocks import Block
    from .shown import Shown

_MOST_PARTS = 50  # rows of the table of parts
_MOST_KEYS = 500


def errors_by_role(shown: Shown) -> Iterator[Block]:
    """NMSE by role: of one model with its shares, of several side by side."""
    document = shown.diff
    if document is None:
        return
    erring, _ = roles_by_error(document.models)
    roles = in_order(erring)
    if not roles:
        return
    tables = [pooled_by(counted_tensors(model), lambda tensor: tensor.role) for model in document.models]
    if len(tables) == 1:
        columns = ("role", "NMSE %", "SQNR dB", "of the error %", "of the weights %")
        whole = Pooled.of(counted_tensors(document.models[0]))
        rows = [_role_cells(role, tables[0][role], whole) for role in roles]
        yield TextTable("errors-by-role", Own("Errors by role"), heads(*columns, numeric="|".join(columns[1:])), rows)
        return
    yield TextTable(
        "errors-by-role",
        Own("NMSE in per cent by role"),
        [*heads("role"), *_model_heads(document)],
        [
            (role_text(role), *(nmse(table[role].nmse) if role in table else NOTHING for table in tables))
            for role in roles
        ],
    )


def _model_heads(document: DiffDocument) -> list[TableHead]:
    return [TableHead(name, "number") for name in labels(document)]


def _role_cells(role: str | None, pooled: Pooled, whole: Pooled) -> tuple[Words, ...]:
    shares = (pooled.error_squares / whole.error_squares, pooled.n_elements / whole.n_elements)
    return (
        role_text(role),
        nmse(pooled.nmse),
        decibels(pooled.sqnr_db),
        *(Rounded(share_text(share), share) for share in shares),
    )


def errors_by_layer(shown: Shown) -> Iterator[Block]:
    """NMSE by layer and role, a table for each model."""
    document = shown.diff
    if document is None:
        return
    for position, (name, model) in enumerate(zip(labels(document), document.models, strict=True)):
        table = _layers_table(model)
        if table is not None:
            columns, rows = table
            of = own(" of {}", name) if len(document.models) > 1 else ""
            yield TextTable(
                f"errors-by-layer-{position}" if position else "errors-by-layer",
                own("NMSE in per cent by layer and role{}", of),
                columns,
                rows,
            )


def _layers_table(model: ModelDiff) -> tuple[list[TableHead], list[tuple[Words, ...]]] | None:
    """Heads and rows; None for a model without layers, or without an error in them."""
    cells = by_place_and_role(model)
    erring, _ = roles_by_error([model])
    inside = {role for place, role in cells if place.layer is not None}
    roles = [role for role in in_order(erring) if role in inside]
    if not roles:
        return None
    layers = pooled_by([tensor for tensor in counted_tensors(model) if tensor.layer is not None], place_of)
    columns = [TableHead(Own("layer"), "number"), *(TableHead(role_text(role), "number") for role in roles)]
    rows: list[tuple[Words, ...]] = []
    for place in places_of(model):
        pooled = [cells.get((place, role)) for role in roles]
        errors = [NOTHING if each is None else nmse(each.nmse) for each in (*pooled, layers[place])]
        rows.append((str(place), *errors))
    return [*columns, TableHead(Own("all"), "number")], rows


def worst_parts(shown: Shown) -> Iterator[Block]:
    """Rows, heads and experts that hold the largest part of their tensor's error."""
    document = shown.diff
    if document is None:
        return
    names = labels(document)
    found = sorted(
        (
            (part.error_share, name, tensor.name, part_text(what, part), part.nmse, tensor.nmse)
            for name, model in zip(names, document.models, strict=True)
            for tensor in model.tensors
            for what, parts in (
                ("row", tensor.worst_rows),
                ("head", tensor.worst_heads),
                ("expert", tensor.worst_experts),
            )
            for part in parts
        ),
        key=lambda each: -each[0],
    )[:_MOST_PARTS]
    if not found:
        return
    columns = ("model", "tensor", "part", "of its tensor's error %", "NMSE %", "NMSE % of the tensor")
    rows: list[tuple[Words, ...]] = [
        (name, tensor, part, Rounded(share_text(share), share), nmse(own_nmse), nmse(of_tensor))
        for share, name, tensor, part, own_nmse, of_tensor in found
    ]
    yield TextTable(
        "worst-parts",
        Own("Rows, heads and experts with the largest part of their tensor's error"),
        heads(*columns, numeric="|".join(columns[3:])),
        rows,
    )


def metadata_changes(shown: Shown) -> Iterator[Block]:
    """The keys of the metadata that differ, with both values."""
    document = shown.diff
    if document is None:
        return
    rows: list[tuple[Words, ...]] = [
        (
            name,
            change.key,
            change.reference if change.reference is not None else NOTHING,
            change.model if change.model is not None else NOTHING,
            Own("" if change.n_changed is None else f"{change.n_changed} elements"),
        )
        for name, model in zip(labels(document), document.models, strict=True)
        for change in model.metadata
    ]
    if rows:
        columns = ("model", "key", "in the reference", "in the model", "that differ")
        title = own("Metadata that differ{}", Own(f" (the first {_MOST_KEYS})" if len(rows) > _MOST_KEYS else ""))
        yield TextTable("metadata", title, heads(*columns, long="in the reference|in the model"), rows[:_MOST_KEYS])
