"""The record of a pair of tensors, from what the pass over both gathered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.experts import holds_experts, is_role_of_experts
from .figures import figures_of, no_figures
from .integers import count_equal
from .records import TensorDiff
from .weighing import weighted_figures
from .worst import changed_rows, median_nmse, worst_experts, worst_heads, worst_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.heads import HeadGeometry
    from ..models.importance import Importance
    from .matching import TensorPair
    from .observing import ObservedPair


def tensor_diff(
    observed: ObservedPair, geometry: HeadGeometry | None, importance: Importance | None = None
) -> TensorDiff:
    """The record of a pair.

    Args:
        observed: its statistics.
        geometry: of the heads of an attention matrix; None for other tensors.
        importance: of the reference's columns; None without.

    Raises:
        ImportanceError: The importance is of another model.
        GGUFError: A file shrank since it was opened.
    """
    pair = observed.pair
    about = _about(pair, observed.identical)
    if pair.reference.kind == "table" or pair.model.kind == "table":
        return TensorDiff(**about, **_integer_figures(observed))
    fields = observed.whole().fields()
    return TensorDiff(
        **about,
        **figures_of(fields),
        **weighted_figures(observed, importance),
        max_abs_error_index=_place(fields["max_abs_error_index"], pair.shape),
        **_parts(observed, fields, geometry),
    )


def _about(pair: TensorPair, identical: bool) -> dict[str, Any]:
    reference, model = pair.reference, pair.model
    return {
        "name": reference.name,
        "model_name": None if model.name == reference.name else model.name,
        "role": model.role,
        "layer": model.layer,
        "stack": model.stack,
        "kind": model.kind,
        "shape": list(pair.shape),
        "reference_type": reference.type,
        "model_type": model.type,
        "reference_bytes": reference.n_bytes,
        "model_bytes": model.n_bytes,
        "identical": identical,
        "views": list(pair.view.names),
    }


def _integer_figures(observed: ObservedPair) -> dict[str, Any]:
    reference, model = observed.pair.reference, observed.pair.model
    n = reference.n_elements
    comparable = reference.kind == model.kind and not observed.identical
    return no_figures(n, count_equal(reference, model) if comparable else n if observed.identical else 0)


def _place(index: int | None, shape: tuple[int, ...]) -> list[int] | None:
    return None if index is None else [int(i) for i in np.unravel_index(index, shape or (1,))]


def _parts(observed: ObservedPair, fields: Mapping[str, Any], geometry: HeadGeometry | None) -> dict[str, Any]:
    """What errs most in the tensor; nothing of vectors longer than any model has."""
    experts = _has_experts(observed)
    out: dict[str, Any] = {}
    if experts and len(observed.parts) > 1:
        out["worst_experts"] = worst_experts([part.fields() for part in observed.parts])
    if geometry is not None:
        out["worst_heads"] = worst_heads(geometry, fields)
    if "row_error_squares" in fields and len(observed.pair.shape) > 1:
        rows = fields["row_error_squares"], fields["row_reference_squares"]
        out |= {
            "changed_rows": changed_rows(rows[0]),
            "row_nmse_median": median_nmse(*rows),
            "worst_rows": worst_rows(*rows, observed.pair.shape[1] if experts else None),
        }
    return out


def _has_experts(observed: ObservedPair) -> bool:
    return holds_experts(observed.pair.shape) and is_role_of_experts(observed.pair.model.role)
