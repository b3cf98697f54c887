"""A model and its reference as a whole: what all tensors add up to, and what there is to say of the two files."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..models.subject import Subject
from ..text.numbers import counted
from .figures import pooled_figures, quotient
from .records import DiffedModel, DiffSummary, ModelDiff

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..models.model import Model
    from .matching import Matching
    from .records import MetadataChange, TensorDiff


def diffed_model(model: Model) -> DiffedModel:
    """The record of an open model."""
    types = Counter[str]()
    for tensor in model.tensors.values():
        types[tensor.type] += tensor.n_bytes
    return DiffedModel(
        **Subject.of(model).facts(),
        n_tensors=len(model.tensors),
        n_elements=model.n_parameters,
        n_bytes=model.n_bytes,
        bits_per_weight=model.bits_per_weight,
        types=dict(types.most_common()),
    )


def summary_of(
    reference: Model,
    model: Model,
    matching: Matching,
    tensors: list[TensorDiff],
    changes: list[MetadataChange],
) -> ModelDiff:
    """The record of a model beside its reference.

    Args:
        reference: open, as is `model`.
        model: that was held against it.
        matching: of their tensors.
        tensors: the records of its pairs.
        changes: of the metadata.
    """
    same_tensors = not (matching.missing or matching.extra or matching.reshaped or matching.unpaired_factors)
    return ModelDiff(
        subject=diffed_model(model),
        summary=_summary(matching, tensors),
        tensors=tensors,
        missing=matching.missing,
        extra=matching.extra,
        reshaped=matching.reshaped,
        metadata=changes,
        identical_bytes=same_tensors and not changes and all(tensor.identical for tensor in tensors),
        notes=list(_notes(reference, model, tensors)),
    )


def _summary(matching: Matching, tensors: Sequence[TensorDiff]) -> DiffSummary:
    weights = [tensor for tensor in tensors if tensor.counts]
    figures = pooled_figures(weights)
    compared = {each.name: each.n_elements for each in weights}  # a tied matrix may be held against two
    largest = max((each for each in weights if each.max_abs_error), key=_error, default=None)
    known = sum(each.n_elements for each in weights if each.weighted_nmse is not None)
    return DiffSummary(
        **figures,
        n_tensors=len(tensors),
        n_identical=sum(tensor.identical for tensor in tensors),
        max_abs_error_tensor=None if largest is None else largest.name,
        element_coverage=quotient(sum(compared.values()), matching.n_weights),
        weighted_coverage=quotient(known, figures["n_elements"]) if known else None,
    )


def swap_question(reference: Model, model: Model, share: float = 1.0) -> str | None:
    """A question where the reference has less than a share of the model's bits per weight; None where it has not."""
    if reference.is_checkpoint and not model.is_checkpoint:
        return None  # whoever converts may write wider types
    bits = reference.bits_per_weight, model.bits_per_weight
    if bits[0] is None or bits[1] is None or bits[0] >= share * bits[1]:
        return None
    return (
        f"the reference has {bits[0]:.3g} bits per weight, fewer than the {bits[1]:.3g} of the model: "
        "are the two swapped?"
    )


def _error(tensor: TensorDiff) -> float:
    return tensor.max_abs_error or 0.0


def _notes(reference: Model, model: Model, tensors: Sequence[TensorDiff]) -> Iterator[str]:
    swapped = swap_question(reference, model)
    if swapped is not None:
        yield swapped
    broken = [tensor for tensor in tensors if tensor.non_finite_count]
    if broken:
        pairs = counted(sum(tensor.non_finite_count for tensor in broken), "pair")
        yield f"{pairs} with NaN or Inf in {counted(len(broken), 'tensor')}, left out of every figure"
    factors = [
        pair for pair in (reference, model) if any(tensor.factor is not None for tensor in pair.tensors.values())
    ]
    if factors:
        yield "weights are decoded numbers times the factors beside them"
