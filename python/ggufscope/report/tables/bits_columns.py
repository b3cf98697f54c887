"""A choice of types in columns: every option of every tensor, and the mixes by size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...saving.tables import columns_of

if TYPE_CHECKING:
    from ...diffs.budgets.bits_document import BitsDocument
    from ...saving.tables import ColumnAbout, DataColumn
    from ..content.results import ReportData

_CHOICES: tuple[ColumnAbout, ...] = (
    ("name", "text", "of the tensor"),
    ("role", "text", "empty for names nobody knows"),
    ("layer", "integer", ""),
    ("shape", "integers", "rows × columns"),
    ("type", "text", "that it may have"),
    ("n_bytes", "integer", "in it"),
    ("cost", "number", "in it, in nats"),
    ("source", "text", "file that has it so; ggml, which made it"),
    ("kept", "integer", "1 where the tensor was asked to have a type"),
    ("chosen", "integer", "1 for the type that it should have"),
)
_MIXES: tuple[ColumnAbout, ...] = (
    ("mix", "text", "name of a given file"),
    ("kind", "text", "curve: of least cost at its size; chosen: within the budget; given: a file"),
    ("n_bytes", "integer", "of all tensors"),
    ("bits_per_weight", "number", "likewise"),
    ("cost", "number", "sum over the tensors that have a choice, in nats"),
    ("least_cost", "number", "of any mix of the size of a given file"),
)


def choice_columns(data: ReportData) -> list[DataColumn]:
    """A row for each type that a tensor may have."""
    tensors = data.bits.document.tensors if data.bits else []
    rows = [
        {**vars(tensor), **vars(option), "kept": int(tensor.kept), "chosen": int(option.type == tensor.type)}
        for tensor in tensors
        for option in tensor.options
    ]
    return columns_of(_CHOICES, rows)


def mix_columns(data: ReportData) -> list[DataColumn]:
    """The mixes of least cost by size, the one within the budget, and the given files."""
    return columns_of(_MIXES, _mixes(data.bits.document) if data.bits else [])


def _mixes(document: BitsDocument) -> list[dict[str, Any]]:
    curve = [{"kind": "curve", **vars(each)} for each in document.curve]
    given = [{"kind": "given", "mix": each.file, **vars(each)} for each in document.given]
    return [*curve, {"kind": "chosen", **vars(document.mix)}, *given]
