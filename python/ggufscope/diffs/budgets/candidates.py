"""The types that each tensor of a model may have: those that the given files have, and those that ggml makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...arrays.arguments import describe_type
from ...errors import DiffError
from ...models.recipes.quantizer import can_make, fitted, is_quantized_ever
from ...text.names import base_name
from ..matching import require_one_architecture

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from ...architecture.matrices import RowSource
    from ...arrays.floats import Floats
    from ...models.model import Model
    from ...models.tensor import Tensor

MADE_BY_GGML = "ggml"


@dataclass(frozen=True, eq=False)
class GivenRows:
    """Rows of a tensor of a given file; a `RowSource`."""

    tensor: Tensor

    def decode_into(self, rows: npt.NDArray[np.float32], first: int) -> None:
        """Fill `rows`, (rows, columns), with those from `first` on."""
        self.tensor.dequantize(rows=slice(first, first + len(rows)), out=rows, threads=1)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A type that a tensor may have.

    Attributes:
        type: of it.
        n_bytes: that it takes.
        source: base name of the file whose tensor has it, or `"ggml"`.
        rows: decoded.
    """

    type: str
    n_bytes: int
    source: str
    rows: RowSource


def chosen_tensors(reference: Model) -> list[Tensor]:
    """The tensors that there is a choice for: those that `llama-quantize` quantizes."""
    return [
        tensor
        for tensor in reference.tensors.values()
        if tensor.kind == "matrix"
        and tensor.n_elements
        and is_quantized_ever(tensor.name, tensor.shape, reference.architecture)
    ]


def candidates_of(
    reference: Model,
    models: Sequence[Model],
    types: Sequence[str],
    importance: Mapping[str, Floats],
    kept: Mapping[str, str],
) -> dict[str, dict[str, Candidate]]:
    """Name → type → candidate; a type that a file has is taken from there, the first one that has it.

    Args:
        reference: the model whose weights count as exact.
        models: the given files.
        types: that ggml makes of the reference; where blocks do not divide rows, what the quantizer takes instead.
        importance: E[x²] by name, for what ggml makes.
        kept: name → the only type that ggml makes of this tensor.

    Raises:
        MissingExtraError: Types are to be made, and llama-cpp-python is not installed.
        DiffError: A file is of another architecture, or has none of the tensors in the reference's shape.
    """
    tensors = chosen_tensors(reference)
    by_tensor: dict[str, dict[str, Candidate]] = {tensor.name: {} for tensor in tensors}
    for model in models:
        _check_sides(reference, model)
        fitting = [name for name in by_tensor if _twin(reference, model, name) is not None]
        if not fitting:
            raise DiffError(f"{base_name(model.path)}: none of the reference's matrices is there in the same shape")
        for name in fitting:
            twin = model.tensors[name]
            if can_make(twin.type):
                from_file = Candidate(twin.type, twin.n_bytes, base_name(model.path), GivenRows(twin))
                by_tensor[name].setdefault(twin.type, from_file)
    for tensor in tensors if types else ():
        names = dict.fromkeys(fitted(each, tensor.shape[-1]) for each in types)
        wanted = [name for name in names if kept.get(tensor.name, name) == name]
        for candidate in _made(tensor, wanted, importance.get(tensor.name)):
            by_tensor[tensor.name].setdefault(candidate.type, candidate)
    return {name: options for name, options in by_tensor.items() if options}


def _check_sides(reference: Model, model: Model) -> None:
    """Raise a DiffError for another architecture, and for a file of more bits than the reference."""
    require_one_architecture(reference, model)
    bits = reference.bits_per_weight, model.bits_per_weight
    if bits[0] is not None and bits[1] is not None and bits[1] > bits[0]:
        raise DiffError(
            f"{base_name(model.path)} has {bits[1]:.3g} bits per weight, and the reference"
            f" {base_name(reference.path)} only {bits[0]:.3g}: are they swapped?"
        )


def _twin(reference: Model, model: Model, name: str) -> Tensor | None:
    """The tensor of a model that goes with one of the reference."""
    twin = model.tensors.get(name)
    return twin if twin is not None and twin.shape == reference.tensors[name].shape else None


def _made(tensor: Tensor, types: Iterable[str], importance: Floats | None) -> Iterable[Candidate]:
    from ..quantizing import QuantizedRows  # noqa: PLC0415  an extra

    for type_name in types:
        size = n_bytes_as(tensor, type_name)
        yield Candidate(type_name, size, MADE_BY_GGML, QuantizedRows(tensor, type_name, importance))


def n_bytes_as(tensor: Tensor, type_name: str) -> int:
    """Bytes of a tensor in a type whose blocks divide its rows."""
    description = describe_type(type_name)
    return tensor.n_elements // description["elements_per_block"] * description["bytes_per_block"]
