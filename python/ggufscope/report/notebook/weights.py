"""A model, a tensor and statistics of weights in a notebook."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...arrays.statistics import NON_FINITE
from ...text.names import base_name
from ...text.numbers import bytes_text, count_text, percent, shape_text, short
from .html import NOTHING, histogram_html, line_html, table_html

if TYPE_CHECKING:
    from ...arrays.statistics import TensorStatistics
    from ...models.model import Model
    from ...models.tensor import Tensor

_NUMBERS = ("mean", "std", "min", "max", "kurtosis")


def model_html(model: Model) -> str:
    """The file and its model in a line, and its types."""
    if model.closed:
        return line_html(base_name(model.path), "closed")
    n_tensors, n_bytes = Counter[str](), Counter[str]()
    for tensor in model.tensors.values():
        n_tensors[tensor.type] += 1
        n_bytes[tensor.type] += tensor.n_bytes
    rows = [
        (type_name, n_tensors[type_name], bytes_text(size), percent(size / max(1, model.n_bytes)))
        for type_name, size in n_bytes.most_common()
    ]
    bits = f"{model.bits_per_weight:.3g} bits per weight" if model.bits_per_weight is not None else ""
    facts = (
        model.name or "",
        model.architecture or "no architecture",
        model.file_type or "",
        f"{count_text(model.n_parameters)} parameters",
        f"{len(model.layers)} layers",
        bytes_text(model.n_bytes),
        bits,
        "made-up weights" if model.synthetic else "",
    )
    return line_html(base_name(model.path), *facts) + table_html(("type", "tensors", "size", "of the bytes %"), rows)


def tensor_html(tensor: Tensor) -> str:
    """The tensor in a line, and its statistics where they were taken already."""
    place = "" if tensor.layer is None else f"layer {tensor.layer}"
    facts = (tensor.type, shape_text(tensor.shape), tensor.role or "", place, bytes_text(tensor.n_bytes))
    known = tensor.known_statistics
    if known is None:
        return line_html(tensor.name, *facts, "no statistics taken yet: .statistics()")
    return line_html(tensor.name, *facts) + _numbers(known)


def statistics_html(statistics: TensorStatistics) -> str:
    """The weights in a line, their main numbers, and their histogram."""
    facts = (
        statistics.type or "",
        "" if statistics.shape is None else shape_text(statistics.shape),
        f"{count_text(statistics.n_elements)} weights",
    )
    return line_html(statistics.name or _place(statistics), *facts) + _numbers(statistics)


def _place(statistics: TensorStatistics) -> str:
    """The row of a profile that these are statistics of; of a buffer none is known."""
    layer, role, third = (getattr(statistics, name, None) for name in ("layer", "role", "third"))
    return (
        ", ".join(part for part in ("" if layer is None else f"layer {layer}", role or "", third or "") if part)
        or "weights"
    )


def _numbers(statistics: TensorStatistics) -> str:
    counts = {word: statistics[name] for name, word in NON_FINITE.items() if statistics.get(name) is not None}
    header = [*_NUMBERS, "zeros %", *counts]
    values = [statistics.get(name) for name in _NUMBERS]
    zeros = statistics.get("zero_fraction")
    row = [
        *(NOTHING if value is None else short(value) for value in values),
        NOTHING if zeros is None else percent(zeros),
        *map(count_text, counts.values()),
    ]
    histogram = statistics.get("histogram")
    if histogram is None or len(histogram[0]) == 0:
        return table_html(header, [row])
    return table_html(header, [row]) + histogram_html(histogram, statistics.get("std"), statistics.get("abs_max"))
