"""The declared type of a file against the types of its tensors, and what stands for a type that did not fit.

llama.cpp's quantizer cannot cut rows into blocks that do not divide them: a type with blocks of 256 weights becomes one
with blocks of 32 there (`tensor_type_fallback` of llama-quant.cpp). Such a tensor stands for the type that was meant.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .model import Model
    from .tensor import Tensor

# What llama.cpp's quantizer makes most of a file with these labels; other labels name the type themselves.
_MAIN_TYPES = {
    "IQ2_S": ("IQ2_XS",),
    "IQ2_M": ("IQ2_S",),
    "IQ3_XS": ("IQ3_S", "IQ3_XXS"),
    "IQ3_M": ("IQ3_S",),
    "MXFP4_MOE": ("MXFP4",),
}
_BLOCK = 256
# Type → those with blocks of 256 that it stands for.
_FALLBACKS = {
    "Q5_0": ("Q4_K",),
    "Q5_1": ("Q5_K",),
    "Q8_0": ("Q6_K",),
    "Q4_0": ("Q2_K", "Q3_K", "TQ1_0", "TQ2_0"),
    "IQ4_NL": ("IQ4_XS", "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S"),
}
_WITH_LARGE_BLOCKS = frozenset(name for names in _FALLBACKS.values() for name in names)


@dataclass(frozen=True)
class FileType:
    """The declared type against what the tensor table holds.

    Attributes:
        declared: label of `general.file_type`, None if absent.
        actual: type → share of all parameters, the largest first.
        agrees: whether the type of most weights, or of most in the layers, is the one that the label stands for; None
            if that cannot be said.
        fallbacks: type → the one it stands for, where the rows of its tensors are no multiple of 256.
        rows: lengths of these rows.
    """

    declared: str | None
    actual: dict[str, float]
    agrees: bool | None
    fallbacks: dict[str, str] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)


def file_type_of(model: Model) -> FileType:
    """Compare the declared file type with the types of the tensors."""
    return file_type_of_tensors(model.file_type, list(model.tensors.values()))


def file_type_of_tensors(declared: str | None, tensors: Sequence[Tensor]) -> FileType:
    """Compare a declared file type with the types of tensors; see `file_type_of`."""
    weights = _weights(tensors, {})
    total = max(1, weights.total())
    actual = {name: count / total for name, count in weights.most_common()}
    if declared is None or declared.startswith("unknown") or declared == "GUESSED" or not weights.total():
        return FileType(declared, actual, None)
    # "Q4_K_M" is mostly Q4_K.
    mains = _MAIN_TYPES.get(declared, (re.sub(r"_K_[SML]$", "_K", declared),))
    if next(iter(actual)) in mains:
        return FileType(declared, actual, agrees=True)
    fallen = [tensor for tensor in tensors if _falls_back(tensor)] if _WITH_LARGE_BLOCKS.issuperset(mains) else []
    fallbacks = {tensor.type: _meant(tensor.type, mains) for tensor in fallen}
    meant = _weights((tensor for tensor in tensors if tensor.layer is not None), fallbacks)
    agrees = bool(fallen) and bool(meant) and meant.most_common(1)[0][0] in mains
    return FileType(declared, actual, agrees, fallbacks, sorted({tensor.shape[-1] for tensor in fallen}))


def _weights(tensors: Iterable[Tensor], fallbacks: dict[str, str]) -> Counter[str]:
    """Type → parameters; what stands for another type counts as that."""
    weights: Counter[str] = Counter()
    for tensor in tensors:
        meant = fallbacks.get(tensor.type, tensor.type) if _falls_back(tensor) else tensor.type
        weights[meant] += tensor.n_elements
    return weights


def _falls_back(tensor: Tensor) -> bool:
    return tensor.type in _FALLBACKS and len(tensor.shape) > 1 and tensor.shape[-1] % _BLOCK != 0


def _meant(name: str, mains: tuple[str, ...]) -> str:
    """The type that another one stands for; of several the one of the label."""
    candidates = _FALLBACKS[name]
    return next((main for main in mains if main in candidates), candidates[0])


def fallback_text(file_type: FileType) -> str:
    """Why there are other types than those of the label; empty where that has no such reason.

    >>> fallback_text(FileType("Q4_K_M", {}, True, {"Q8_0": "Q6_K", "Q5_0": "Q4_K"}, [640]))
    'rows of 640 are no multiple of 256, so Q8_0 stands for Q6_K and Q5_0 for Q4_K, as the quantizer falls back'
    """
    if not file_type.fallbacks:
        return ""
    pairs = [f"{name} for {meant}" for name, meant in file_type.fallbacks.items()]
    named = " and ".join(filter(None, (", ".join(pairs[:-1]), pairs[-1]))).replace(" for ", " stands for ", 1)
    rows = ", ".join(map(str, file_type.rows))
    return f"rows of {rows} are no multiple of {_BLOCK}, so {named}, as the quantizer falls back"
