"""Which type each tensor gets in a file of a given type.

The rules are those of llama.cpp's quantizer without an importance matrix (llama-quant.cpp, llama_tensor_get_type_impl
and tensor_type_fallback), for the architectures of `shapes.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..arrays.arguments import types_by_name
from ..text.choices import offered
from .blocks import elements_per_block, quantizable_types
from .shapes import PlannedTensor, Shape


@dataclass(frozen=True)
class Mix:
    """A file type: its name, the type most tensors get, its number in `general.file_type`, one type throughout."""

    name: str
    base: str
    file_type: int | None
    pure: bool = False


# name → base type, LLAMA_FTYPE_* number
_MIXES = {
    "F32": ("F32", 0),
    "F16": ("F16", 1),
    "Q4_0": ("Q4_0", 2),
    "Q4_1": ("Q4_1", 3),
    "Q8_0": ("Q8_0", 7),
    "Q5_0": ("Q5_0", 8),
    "Q5_1": ("Q5_1", 9),
    "Q2_K": ("Q2_K", 10),
    "Q3_K_S": ("Q3_K", 11),
    "Q3_K_M": ("Q3_K", 12),
    "Q3_K_L": ("Q3_K", 13),
    "Q4_K_S": ("Q4_K", 14),
    "Q4_K_M": ("Q4_K", 15),
    "Q5_K_S": ("Q5_K", 16),
    "Q5_K_M": ("Q5_K", 17),
    "Q6_K": ("Q6_K", 18),
    "IQ2_XXS": ("IQ2_XXS", 19),
    "IQ2_XS": ("IQ2_XS", 20),
    "Q2_K_S": ("Q2_K", 21),
    "IQ3_XS": ("IQ3_S", 22),
    "IQ3_XXS": ("IQ3_XXS", 23),
    "IQ1_S": ("IQ1_S", 24),
    "IQ4_NL": ("IQ4_NL", 25),
    "IQ3_S": ("IQ3_S", 26),
    "IQ3_M": ("IQ3_S", 27),
    "IQ2_S": ("IQ2_XS", 28),
    "IQ2_M": ("IQ2_S", 29),
    "IQ4_XS": ("IQ4_XS", 30),
    "IQ1_M": ("IQ1_M", 31),
    "BF16": ("BF16", 32),
    "TQ1_0": ("TQ1_0", 36),
    "TQ2_0": ("TQ2_0", 37),
    "MXFP4_MOE": ("MXFP4", 38),
    "Q1_0": ("Q1_0", 40),
    "Q2_0": ("Q2_0", 41),
}
_PURE_FILE_TYPES = {"Q3_K": 11, "Q4_K": 14, "Q5_K": 16, "NVFP4": 39}
_UNQUANTIZED = frozenset({"F32", "F16", "BF16", "F64", "I8", "I16", "I32", "I64"})
_ONE_TO_TWO_BITS = frozenset({"IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M"})
_RAISED_WITH_EIGHT_EXPERTS = frozenset(
    {"Q2_K", "Q3_K_S", "Q3_K_M", "Q4_K_S", "Q4_K_M", "IQ3_XXS", "IQ3_XS", "IQ3_S", "IQ3_M", "IQ4_NL", "IQ4_XS"}
)

# A type whose block does not divide a row is replaced. ggml defines all but the last four.
_FALLBACKS = {
    **dict.fromkeys(("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_XS"), "IQ4_NL"),
    **dict.fromkeys(("Q2_0", "Q2_K", "Q3_K", "TQ1_0", "TQ2_0"), "Q4_0"),
    "Q4_K": "Q5_0",
    "Q5_K": "Q5_1",
    "Q6_K": "Q8_0",
    "Q1_0": "Q4_0",
    "NVFP4": "Q4_0",
    "Q8_K": "Q8_0",
}


def type_choices() -> list[str]:
    """Every name `find_mix` knows: file types, then the tensor types that are not also file types."""
    return [*_MIXES, *(name for name in quantizable_types() if name not in _MIXES and types_by_name()[name]["ggml"])]


def find_mix(name: str, *, pure: bool = False) -> Mix:
    """The mix of a file type, or one type throughout for a tensor type. Case does not matter.

    Raises:
        ValueError: unknown name; the message lists the choices.
    """
    known = {choice.upper(): choice for choice in type_choices()}.get(name.upper())
    if known is None:
        raise ValueError(f"unknown type {name!r}; choose one of: {offered(name, type_choices())}")
    base, file_type = _MIXES.get(known, (known, _PURE_FILE_TYPES.get(known)))
    return Mix(known, base, file_type, pure or known not in _MIXES)


def fallback_type(type_name: str, columns: int) -> str:
    """The type itself if its block divides a row, else what ggml puts in its place, F16 in the end."""
    while columns % elements_per_block(type_name):
        type_name = _FALLBACKS.get(type_name, "F16")
    return type_name


def wanted_type(mix: Mix, shape: Shape, tensor: PlannedTensor) -> str:
    """The type of a tensor before its row length is considered."""
    if len(tensor.dimensions) == 1 or tensor.role == "ffn_gate_inp":
        return "F32"
    if mix.pure or mix.base in _UNQUANTIZED:
        return mix.base
    rule = _RULES[tensor.role]
    if tensor.role != "output" and mix.name == "MXFP4_MOE":
        return "MXFP4" if len(tensor.dimensions) == 3 else "Q8_0"
    if tensor.layer is not None and mix.name in _ONE_TO_TWO_BITS:
        rule = _one_to_two_bits
    return rule(mix, shape, tensor) or mix.base


def gets_more_bits(layer: int, layers: int) -> bool:
    """The first and last eighth, and every third layer between."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def _layer(tensor: PlannedTensor) -> int:
    assert tensor.layer is not None  # noqa: S101 - these roles exist in layers only
    return tensor.layer


def _output(mix: Mix, shape: Shape, tensor: PlannedTensor) -> str | None:
    del shape
    if mix.name == "MXFP4_MOE" or mix.base == "Q8_0" or tensor.dimensions[-1] % elements_per_block(mix.base):
        return "Q8_0"
    return "Q5_K" if mix.name in _ONE_TO_TWO_BITS or mix.name == "IQ3_XXS" else "Q6_K"


def _token_embedding(mix: Mix, shape: Shape, tensor: PlannedTensor) -> str | None:
    del shape, tensor
    if mix.name in {"IQ2_XXS", "IQ2_XS", "IQ1_S", "IQ1_M"}:
        return "Q2_K"
    if mix.name in {"IQ2_S", "IQ2_M", "IQ3_XXS"}:
        return "IQ3_S"
    return "Q4_K" if mix.name in {"TQ1_0", "TQ2_0", "Q2_0"} else None


def _one_to_two_bits(mix: Mix, shape: Shape, tensor: PlannedTensor) -> str | None:
    larger = mix.name in {"IQ2_S", "IQ2_M"}
    if tensor.role == "attn_v":
        grouped = shape.queries_per_kv_head >= 4 or shape.experts >= 4
        return "Q4_K" if grouped else "IQ3_S" if larger else "Q2_K"
    if tensor.role == "attn_k" and shape.experts == 8:
        return "Q4_K"
    if tensor.role == "ffn_down" and _layer(tensor) < shape.layers // 8:
        return "IQ3_S" if larger else "Q2_K"
    if tensor.role == "attn_output":
        if shape.experts == 8:
            return "Q5_K"
        return "IQ3_S" if larger else "IQ2_XXS" if mix.name in {"IQ1_S", "IQ1_M"} else None
    return None


def _attn_v(mix: Mix, shape: Shape, tensor: PlannedTensor) -> str | None:
    layer = _layer(tensor)
    if shape.experts == 8:
        return "Q8_0"
    if mix.name in {"Q4_K_M", "Q5_K_M"}:
        return "Q6_K" if gets_more_bits(layer, shape.layers) else None
    if mix.name == "Q3_K_M":
        return "Q5_K" if layer < 2 else "Q4_K"
    if mix.name == "Q4_K_S":
        return "Q5_K" if layer < 4 else None
    with_few_kv_heads = {
        **dict.fromkeys(("Q2_K", "Q2_K_S", "IQ3_XXS", "IQ3_XS", "IQ3_S"), "Q4_K"),
        **dict.fromkeys(("IQ4_NL", "IQ4_XS"), "Q5_K"),
    }
    always = {"Q2_K": "Q3_K", "IQ3_XXS": "IQ3_S", "IQ3_M": "Q4_K", "Q3_K_L": "Q5_K"}
    return (shape.queries_per_kv_head >= 4 and with_few_kv_heads.get(mix.name)) or always.get(mix.name)


def _attn_q_or_k(mix: Mix, shape: Shape, tensor: PlannedTensor) -> str | None:
    if tensor.role == "attn_k" and shape.experts == 8:
        return "Q8_0"
    return {"IQ3_XS": "IQ3_XXS", "IQ3_XXS": "IQ2_S"}.get(mix.name)


def _attn_output(mix: Mix, shape: Shape, tensor: PlannedTensor) -> str | None:
    del tensor
    if shape.experts == 8:
        return "Q5_K" if mix.name in _RAISED_WITH_EIGHT_EXPERTS else None
    raised = {"Q2_K": "Q3_K", "IQ3_XXS": "IQ3_S", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K", "IQ3_M": "Q4_K"}
    return raised.get(mix.name)


def _ffn_down(mix: Mix, shape: Shape, tensor: PlannedTensor) -> str | None:
    layer, layers = _layer(tensor), shape.layers
    first_eighth, more_bits = layer < layers // 8, gets_more_bits(layer, layers)
    if mix.name in {"Q4_K_M", "Q5_K_M"}:
        return "Q6_K" if more_bits else None
    if mix.name == "Q3_K_M":
        return "Q5_K" if layer < layers // 16 else "Q4_K"
    if mix.name == "IQ3_XXS":
        return "Q4_K" if first_eighth else "Q3_K"
    if mix.name == "IQ3_M" and shape.experts == 8 and more_bits:
        return "Q4_K"
    whole = {"Q2_K": "Q3_K", "Q3_K_L": "Q5_K"}
    early = {"Q2_K_S": "Q4_K", "IQ3_M": "Q4_K", "IQ4_NL": "Q5_K", "IQ4_XS": "Q5_K", "Q4_K_S": "Q5_K"}
    return whole.get(mix.name) or (early.get(mix.name) if first_eighth else None)


def _ffn_gate_or_up(mix: Mix, shape: Shape, tensor: PlannedTensor) -> str | None:
    middle = shape.layers // 8 <= _layer(tensor) < 7 * shape.layers // 8
    return "IQ3_XXS" if mix.name == "IQ3_XS" and middle else None


_RULES: dict[str, Callable[[Mix, Shape, PlannedTensor], str | None]] = {
    "output": _output,
    "token_embd": _token_embedding,
    "attn_v": _attn_v,
    "attn_k": _attn_q_or_k,
    "attn_q": _attn_q_or_k,
    "attn_output": _attn_output,
    "ffn_down": _ffn_down,
    "ffn_gate": _ffn_gate_or_up,
    "ffn_up": _ffn_gate_or_up,
}
