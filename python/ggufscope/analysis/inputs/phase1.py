"""The *Phase 1 weight profile* JSON of the original study as a LayerTable.

Three entries per layer, `layerType` "attention", "ffn" and "norm", each with the statistics of its tensors. Their
`bitsPerElement` stands for the quantization type. Rows, heads and anything per channel are not in such a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...arrays.arguments import types_by_name
from ...errors import ProfileError
from ...models.stacks import MOST_LAYERS
from .layer_table import MATRICES, GainSeries, LayerTable, MatrixSeries

if TYPE_CHECKING:
    from ...arrays.floats import Floats

_LARGEST = 1e40  # beyond the norm of any tensor; products of such numbers are finite
Number = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST, allow_inf_nan=False)]
Size = Annotated[float, Field(ge=0, le=_LARGEST, allow_inf_nan=False)]

_BITS_TOLERANCE = 0.07  # the study's files give 6.5 bits for Q6_K, which takes 6.5625


class _Section(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, protected_namespaces=())


class Stats(_Section):
    """Statistics of one tensor; what the analysis does not read may be absent."""

    mean: Number
    std: Size
    sparsity: Annotated[float, Field(ge=0, le=1)]
    frobeniusNorm: Size  # noqa: N815  the file's own names
    bitsPerElement: Annotated[float, Field(gt=0, le=64)] | None = None  # noqa: N815


class Attention(_Section):
    query: Stats
    key: Stats
    value: Stats
    output: Stats | None = None


class FeedForward(_Section):
    gate: Stats | None = None
    up: Stats
    down: Stats | None = None


class Norms(_Section):
    attnNorm: Stats  # noqa: N815
    ffnNorm: Stats  # noqa: N815


class _LayerPart(_Section):
    layerIndex: Annotated[int, Field(ge=0, lt=MOST_LAYERS)]  # noqa: N815
    layerType: Literal["attention", "ffn", "norm"]  # noqa: N815


_KINDS: dict[str, type[_Section]] = {"attention": Attention, "ffn": FeedForward, "norm": Norms}
_MATRIX_PLACES = {
    "q": ("attention", "query"), "k": ("attention", "key"), "v": ("attention", "value"), "o": ("attention", "output"),
    "gate": ("ffn", "gate"), "up": ("ffn", "up"), "down": ("ffn", "down"),
}  # fmt: skip
_GAIN_PLACES = {"attn_norm": ("norm", "attnNorm"), "ffn_norm": ("norm", "ffnNorm")}

Sections = dict[str, Any]  # "attention", "ffn" and "norm" of one layer, checked


def is_phase1(document: Any) -> bool:
    """Whether a JSON document is meant to be a Phase 1 profile."""
    return isinstance(document, dict) and "layers" in document and "schema" not in document


def phase1_table(document: Mapping[str, Any]) -> LayerTable:
    """Check a Phase 1 document and take its layers.

    Raises:
        ProfileError: It is malformed; names the place.
    """
    layers = _sections_by_layer(document)
    label = document.get("quantizationType")
    columns = {name: [_stats(layer, place) for layer in layers] for name, place in _MATRIX_PLACES.items()}
    no_gate = all(stats is None or stats.frobeniusNorm == 0 for stats in columns["gate"])
    if no_gate:
        columns["gate"] = columns["up"]
    notes = ["a Phase 1 profile has no rows, heads or channels"]
    return LayerTable(
        layers=np.arange(len(layers), dtype=np.int64),
        matrices={name: _matrix(columns[name], label) for name in MATRICES},
        gains={name: _gain([_stats(layer, at) for layer in layers], label) for name, at in _GAIN_PLACES.items()},
        notes=tuple(notes + ["no gate: W_up stands for W_gate"] * no_gate),
    )


def _sections_by_layer(document: Mapping[str, Any]) -> list[Sections]:
    parts = document.get("layers")
    if not isinstance(parts, list) or not parts:
        raise ProfileError('malformed Phase 1 profile: "layers" must be a list that is not empty')
    by_layer: dict[int, Sections] = {}
    for position, part in enumerate(parts):
        head = _checked(_LayerPart, part, f"layers[{position}]")
        sections = by_layer.setdefault(head.layerIndex, {})
        if head.layerType in sections:
            raise ProfileError(f"malformed Phase 1 profile: a second {head.layerType!r} of layer {head.layerIndex}")
        place = f"layers[{position}].{head.layerType}"
        sections[head.layerType] = _checked(_KINDS[head.layerType], part.get(head.layerType), place)
    _check_complete(by_layer)
    return [by_layer[number] for number in sorted(by_layer)]


def _checked(kind: type[Any], value: Any, place: str) -> Any:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        inside = "".join(f".{step}" for step in problem["loc"])
        raise ProfileError(f"malformed Phase 1 profile: {place}{inside}: {problem['msg']}") from None


def _check_complete(by_layer: Mapping[int, Sections]) -> None:
    for number in range(max(by_layer) + 1):
        for kind in _KINDS:
            if kind not in by_layer.get(number, {}):
                raise ProfileError(f"malformed Phase 1 profile: layer {number} has no {kind!r} entry")


def _stats(layer: Sections, place: tuple[str, str]) -> Stats | None:
    section, name = place
    stats: Stats | None = getattr(layer[section], name)
    return stats


def _values(column: list[Stats | None], name: str) -> Floats:
    return np.array([np.nan if stats is None else getattr(stats, name) for stats in column], np.float64)


def _types(column: list[Stats | None], label: Any) -> tuple[str | None, ...]:
    return tuple(None if stats is None else type_of_bits(stats.bitsPerElement, label) for stats in column)


def _matrix(column: list[Stats | None], label: Any) -> MatrixSeries:
    shares = _values(column, "sparsity")  # the file tells no exact zeros from small weights
    norms = _values(column, "frobeniusNorm")
    return MatrixSeries(norms, np.full(len(column), np.nan), shares, shares, _types(column, label))


def _gain(column: list[Stats | None], label: Any) -> GainSeries:
    mean, std = _values(column, "mean"), _values(column, "std")
    return GainSeries(mean, np.sqrt(mean**2 + std**2), _types(column, label))


def candidate_types(bits: float) -> list[str]:
    """The ggml types that take about so many bits for a weight."""
    near = {
        name: abs(8 * info["bytes_per_block"] / info["elements_per_block"] - bits)
        for name, info in types_by_name().items()
        if info["ggml"] and (not name.startswith("I") or name.startswith("IQ"))
    }
    least = min(near.values())
    return [name for name, distance in near.items() if distance == least and least < _BITS_TOLERANCE]


def type_of_bits(bits: float | None, label: Any) -> str | None:
    """The type that takes so many bits in a file of this label: ggml's name, or `"4.5 bits"` where several do.

    >>> type_of_bits(6.5, "Q4_K_M"), type_of_bits(4.5, "Q4_K_M"), type_of_bits(4.5, "Q4_0"), type_of_bits(4.5, None)
    ('Q6_K', 'Q4_K', 'Q4_0', '4.5 bits')
    """
    if bits is None:
        return None
    candidates = candidate_types(bits)
    label = label.upper() if isinstance(label, str) else ""
    fitting = [name for name in candidates if label == name or (name.endswith("_K") and "_K" in label)]
    chosen = fitting or candidates
    return chosen[0] if len(chosen) == 1 else f"{bits:g} bits"
