"""Faults of the weights: rules of the converter that were forgotten or followed twice, tensors in the wrong place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.floats import widened
from ...text.numbers import counted, listed, rounded_percent
from ..fidelity_record import ConverterFault
from ..lineage.conversions import IN_HALVES, IN_PAIRS, ONE_ADDED, ONE_TAKEN_OFF
from .exchanged import EXPERTS, HAS_WEIGHTS_OF

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...models.model import Model, Tensor
    from ..records import ReshapedTensor, TensorDiff

_SHOWN = 3
_COARSE = 0.5  # NMSE that no type has
_FLOATS_AGREE = 1e-4  # NMSE of float16 and bfloat16 against what they were rounded from
_POWERS_AGREE = 1e-10  # NMSE of float32 numbers that two libraries computed of one config
_FLOATS = {"F64": 4, "F32": 3, "BF16": 2, "F16": 1}
_EXACT = {("F32", "F32"), ("BF16", "F32"), ("F16", "F32"), ("F32", "F64"), ("F16", "F16"), ("BF16", "BF16")}
_LARGEST_TURNED = 1 << 24  # weights of a matrix that is decoded whole

# Name of a view → kind of fault, and what the converter did.
_OF_VIEWS = {
    IN_HALVES: ("not-permuted", "not permuted: rows stand as in the checkpoint, and RoPE turns the wrong pairs"),
    IN_PAIRS: ("permuted-twice", "permuted twice: RoPE turns the wrong pairs"),
    ONE_TAKEN_OFF: ("one-not-added", "without the 1 that the model adds to these gains"),
    ONE_ADDED: ("one-added-twice", "with a 1 too many added to these gains"),
}


def view_faults(tensors: Sequence[TensorDiff]) -> Iterator[ConverterFault]:
    """Faults that a view explains, each with all tensors that have it."""
    by_view: dict[str, list[TensorDiff]] = {}
    for tensor in tensors:
        for view in tensor.views:
            by_view.setdefault(view, []).append(tensor)
    for view, of_view in by_view.items():
        names = [tensor.model_name or tensor.name for tensor in of_view]
        if view in _OF_VIEWS:
            kind, said = _OF_VIEWS[view]
            yield ConverterFault(kind, names, f"{shown(names)}: {said}.")
        elif view.startswith(HAS_WEIGHTS_OF):
            yield ConverterFault("exchanged", names, f"{shown(names)}: has the {view}.")
        elif view.startswith(EXPERTS):
            yield ConverterFault("experts-reordered", names, f"{shown(names)}: {view}; the router does not know of it.")


def altered(reference: Model, model: Model, tensors: Sequence[TensorDiff]) -> Iterator[ConverterFault]:
    """Tensors with other weights than the checkpoint, by no rule of the converter.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: A model is closed.
    """
    other: list[TensorDiff] = []
    for tensor in tensors:
        computed = not reference.tensors[tensor.name].source  # of the config, as the factors of RoPE
        if not tensor.counts or not _differs(tensor, computed):
            continue
        if tensor.model_name is None and _is_turned(reference.tensors[tensor.name], model.tensors[tensor.name]):
            yield ConverterFault("transposed", [tensor.name], f"{tensor.name}: transposed.")
        else:
            other.append(tensor)
    if other:
        names = [tensor.model_name or tensor.name for tensor in other]
        worst = max(tensor.nmse if tensor.nmse is not None else np.inf for tensor in other)
        error = f"NMSE up to {rounded_percent(worst)} %" if np.isfinite(worst) else "where the checkpoint has zeros"
        yield ConverterFault("altered", names, f"{shown(names)}: other weights than the checkpoint, {error}.")


def reshaped_faults(reference: Model, model: Model, reshaped: Sequence[ReshapedTensor]) -> Iterator[ConverterFault]:
    """Tensors of another shape than the converter gives them.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: A model is closed.
    """
    for each in reshaped:
        turned = each.model_shape[::-1] == each.reference_shape
        if turned and _is_turned(reference.tensors[each.name], model.tensors[each.name]):
            yield ConverterFault("transposed", [each.name], f"{each.name}: transposed.")
        else:
            shapes = f"{each.model_shape} in place of {each.reference_shape}"
            yield ConverterFault("reshaped", [each.name], f"{each.name}: of another shape, {shapes}.")


def _differs(tensor: TensorDiff, computed: bool) -> bool:
    """Whether the error of a tensor is more than its type makes, or than the rounding of powers does."""
    if tensor.identical or (computed and tensor.nmse is not None and tensor.nmse <= _POWERS_AGREE):
        return False
    if (tensor.reference_type, tensor.model_type) in _EXACT:
        return tensor.unchanged is not None and tensor.unchanged < 1
    limit = _FLOATS_AGREE if tensor.model_type in _FLOATS else _COARSE
    return tensor.nmse is not None and tensor.nmse > limit


def _is_turned(reference: Tensor, model: Tensor) -> bool:
    """Whether a matrix is the other one transposed."""
    if len(reference.shape) != 2 or reference.shape != model.shape[::-1] or reference.n_elements > _LARGEST_TURNED:
        return False
    a, b = widened(reference.dequantize().T), widened(model.dequantize())
    finite = np.isfinite(a) & np.isfinite(b)
    squares = float(np.sum(a[finite] ** 2))
    return squares > 0 and float(np.sum((b[finite] - a[finite]) ** 2)) < _COARSE / 2 * squares


def missing_faults(
    reference: Model, model: Model, missing: Sequence[str], extra: Sequence[str]
) -> Iterator[ConverterFault]:
    """Tensors on one side alone.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: A model is closed.
    """
    lacking = [name for name in missing if name != _OUTPUT]
    if lacking:
        yield ConverterFault("missing", list(lacking), f"{shown(lacking)}: not written.")
    if _OUTPUT in missing and not _is_tied(reference):
        said = f"{_OUTPUT}: not written; llama.cpp takes {_EMBEDDING} in its place, which the checkpoint has apart."
        yield ConverterFault("output-lost", [_OUTPUT], said)
    if extra:
        yield ConverterFault("extra", list(extra), f"{shown(extra)}: not in the checkpoint.")


_EMBEDDING, _OUTPUT = "token_embd.weight", "output.weight"


def _is_tied(reference: Model) -> bool:
    """Whether the output that a checkpoint has is its embedding, written a second time."""
    embedding, output = reference.tensors.get(_EMBEDDING), reference.tensors[_OUTPUT]
    if embedding is None or embedding.shape != output.shape or embedding.type != output.type:
        return False
    step = max(1, _LARGEST_TURNED // max(1, output.shape[-1]))
    return all(
        np.array_equal(embedding.dequantize(slice(first, first + step)), output.dequantize(slice(first, first + step)))
        for first in range(0, output.n_rows, step)
    )


def shown(names: Sequence[str]) -> str:
    """A few names."""
    if len(names) <= _SHOWN:
        return listed(list(names))
    return f"{counted(len(names), 'tensor')} ({', '.join(names[:_SHOWN])}, …)"
