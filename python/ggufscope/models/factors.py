"""Factors that stand beside matrices: NVFP4 and BitNet files keep the size of a matrix in a tensor of its own.

    blk.0.attn_q.weight         NVFP4   64 × 64        w = float32(decoded · factor)
    blk.0.attn_q.scale          F32     1              llama.cpp's name
    blk.0.attn_q.weight.scale   F32     1              in the wild
    blk.0.ffn_up_exps.scale     F32     4              one factor for each of four experts
    blk.0.attn_q.input_scale    F32     1              of activations, for kernels that quantize them: no weight changes
    blk.0.attn_q.weight         F8_E4M3 300 × 256      of a checkpoint that is seen as a GGUF file
    blk.0.attn_q.scale          F32     3 × 2          one factor for each 128 × 128 weights; or for each row

llama.cpp multiplies the products of a matrix by its factor (`build_lora_mm` and `build_lora_mm_id` in llama-graph.cpp),
before a bias is added, whatever the type of the matrix; it takes one number for a matrix and one per expert for a stack
of them. A `.scale` of another size is something else, as Gemma 4's gain in front of the router, but for matrices of
eight-bit floats: no GGUF file has these, and in checkpoints a factor is of a matrix, of each row, or of each block.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from ..arrays.factor_grids import Grid, grid_over
from ..arrays.floats import widened
from ..loading import lazy
from .experts import experts_in
from .factor import Factor
from .kinds import EIGHT_BIT_FLOATS, INTEGER_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

    from .tensor import Tensor
else:
    np = lazy("numpy")

SUFFIXES = (".scale", ".weight.scale")  # llama.cpp's first: where both are there, it counts
INPUT_SUFFIXES = (".input_scale", ".weight.input_scale")
_WEIGHT = ".weight"
_GAIN = ".ffn_gate_inp.scale"  # of Gemma 4: what its router reads is normed with it


def expert_factors(tensor: Tensor) -> npt.NDArray[np.float64]:
    """The factor of each expert in a tensor, of a single matrix one. Shape (experts,).

    They are 1 where there are none, and where they are a grid: `Tensor.dequantize` and `block_rows` have that in them.

    Raises:
        GGUFError: The file shrank since it was opened.
        ValueError: The model is closed.
    """
    outside = None if tensor.factor is None or tensor.factor.grid is not None else tensor.factor
    values = np.ones(1) if outside is None else widened(outside.values())
    return np.broadcast_to(values, (tensor.n_experts,))


def scales_inputs(tensor: Tensor) -> bool:
    """Whether a tensor holds a factor of what goes into a matrix, which changes no weight."""
    return tensor.kind == "factor" and tensor.name.endswith(".input_scale")


def factors_among(tensors: Mapping[str, Tensor]) -> dict[str, Factor]:
    """The factors of matrices, by the name of the matrix."""
    candidates = _ending_with(".scale", tensors)
    if not candidates:
        return {}
    factors = dict(_of_single_experts(candidates, tensors))
    for suffix in reversed(SUFFIXES):
        for factor in candidates:
            matrix = tensors.get(factor.name.removesuffix(suffix) + _WEIGHT) if factor.name.endswith(suffix) else None
            if matrix is None:
                continue
            if _fits(factor, matrix):
                factors[matrix.name] = Factor(factor)
            elif (grid := _grid(factor, matrix)) is not None:
                factors[matrix.name] = Factor(factor, grid=grid)
    return factors


def input_factors_among(tensors: Mapping[str, Tensor]) -> list[Tensor]:
    """The tensors that hold factors of what goes into a matrix."""
    return [
        tensor
        for tensor in _ending_with(".input_scale", tensors)
        if any(tensor.name.removesuffix(suffix) + _WEIGHT in tensors for suffix in INPUT_SUFFIXES)
    ]


def passed_over(tensors: Mapping[str, Tensor]) -> list[Tensor]:
    """The tensors that have the name of a factor beside a matrix, and are none: of another size, or one too many."""
    used = {tensor.factor.tensor.name for tensor in tensors.values() if tensor.factor is not None}
    return [
        tensor
        for tensor in _ending_with(".scale", tensors)
        if tensor.name not in used
        and not tensor.name.endswith(_GAIN)
        and any(
            tensor.name.endswith(suffix) and _is_matrix(tensors.get(tensor.name.removesuffix(suffix) + _WEIGHT))
            for suffix in SUFFIXES
        )
    ]


def _is_matrix(tensor: Tensor | None) -> bool:
    return tensor is not None and tensor.kind == "matrix"


def _ending_with(suffix: str, tensors: Mapping[str, Tensor]) -> list[Tensor]:
    return [tensor for name, tensor in tensors.items() if name.endswith(suffix)]


def _fits(factor: Tensor, matrix: Tensor) -> bool:
    """Whether a tensor may hold the factors of a matrix: one, or one for each expert."""
    numbers = _holds_numbers(factor) or (matrix.type in EIGHT_BIT_FLOATS and factor.type not in INTEGER_TYPES)
    if not numbers or matrix.kind != "matrix":
        return False
    return factor.n_elements in {1, experts_in(matrix.shape)} and matrix.n_elements > 0


def _grid(factor: Tensor, matrix: Tensor) -> Grid | None:
    """How a tensor holds the factors of an eight-bit matrix by rows or blocks; None where it does not."""
    if matrix.type not in EIGHT_BIT_FLOATS or matrix.kind != "matrix" or factor.type in INTEGER_TYPES:
        return None
    return grid_over(matrix.shape, factor.shape)


def _holds_numbers(factor: Tensor) -> bool:
    return factor.kind == "vector" and factor.n_elements > 0


def _of_single_experts(candidates: list[Tensor], tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Factor]]:
    """Factors of experts that have a matrix each, from one tensor for all of them."""
    shared = [tensor for tensor in candidates if tensor.name.endswith("_exps.scale") and _holds_numbers(tensor)]
    if not shared:
        return
    experts: dict[tuple[str | None, int | None, str | None], list[Tensor]] = defaultdict(list)
    for tensor in tensors.values():
        if tensor.expert is not None and tensor.kind == "matrix":
            experts[tensor.stack, tensor.layer, tensor.role].append(tensor)
    for factor in shared:
        matrices = experts[factor.stack, factor.layer, str(factor.role).removesuffix(".scale")]
        numbers = Counter(matrix.expert for matrix in matrices)
        if numbers == Counter(range(factor.n_elements)):
            yield from ((matrix.name, Factor(factor, matrix.expert)) for matrix in matrices if matrix.n_elements)
