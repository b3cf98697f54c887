"""The tensors of a diff as rows of plain values, for tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .rollups import error_shares

if TYPE_CHECKING:
    from .records import ModelDiff

# Column → its meaning, in the order of tables; a is a weight of the reference, b the model's.
COLUMNS = {
    "name": "of the tensor, in the reference",
    "model_name": "in the model, where it has another name there",
    "role": "what it is in its layer; empty for names nobody knows",
    "layer": "",
    "stack": "empty for the main stack of layers",
    "kind": "matrix, vector, factor or table",
    "shape": "rows × columns",
    "reference_type": "of ggml",
    "model_type": "of ggml",
    "reference_bytes": "as stored",
    "model_bytes": "as stored",
    "identical": "whether the stored bytes are equal",
    "n_elements": "",
    "non_finite_count": "pairs in which a or b is NaN or Inf",
    "nmse": "Σ(b − a)² / Σa²",
    "sqnr_db": "−10 log₁₀ of it, in decibels",
    "error_share": "of the squared error of all weights of the model",
    "rmse": "√(Σ(b − a)² / n)",
    "cosine": "Σab / √(Σa² Σb²)",
    "bias": "Σ(b − a) / n",
    "rescale": "Σab / Σb², the factor on b that would err least",
    "max_abs_error": "the largest |b − a|",
    "max_abs_error_index": "place of the first pair with it",
    "unchanged": "share of pairs with b == a",
    "changed_rows": "rows with an error",
    "row_nmse_median": "median over rows",
    "weighted_nmse": "with the importance of every column",
    "error_squares": "Σ(b − a)²",
    "reference_squares": "Σa²",
    "views": "what was undone before",
}


def tensor_rows(model: ModelDiff) -> list[dict[str, Any]]:
    """A row of COLUMNS for each tensor that was compared."""
    shares = error_shares(model)
    rows = []
    for tensor in model.tensors:
        own = {name: getattr(tensor, name, None) for name in COLUMNS}
        rows.append(own | {"error_share": shares.get(tensor.name), "views": ", ".join(tensor.views) or None})
    return rows
