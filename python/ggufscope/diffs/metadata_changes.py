"""Keys of the metadata that are not the same in two models."""

from __future__ import annotations

import json
from operator import ne
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays.equality import equal
from ..models.inspection import shown_value
from .records import MetadataChange

if TYPE_CHECKING:
    from ..models.metadata import Metadata

_LONGEST = 200  # characters of a value in a record
_FEW = 16  # entries of an array that are shown as they are
# Written by whoever packs the tensors: where a file is cut says nothing about the model.
_OF_PACKING = ("split.",)


def metadata_changes(reference: Metadata, model: Metadata) -> list[MetadataChange]:
    """The keys that differ, those of the reference first, then those that the model has alone."""
    changes = [_change(key, reference, model) for key in reference if not key.startswith(_OF_PACKING)]
    added = [key for key in model if key not in reference and not key.startswith(_OF_PACKING)]
    return [change for change in changes if change is not None] + [
        MetadataChange(key, None, _shown(model, key)) for key in added
    ]


def _change(key: str, reference: Metadata, model: Metadata) -> MetadataChange | None:
    if key not in model:
        return MetadataChange(key, _shown(reference, key), None)
    same_form = reference.kind(key) == model.kind(key) and reference.length(key) == model.length(key)
    if same_form:
        left, right = reference[key], model[key]
        if left == right if _is_vocabulary(left) else equal(left, right):
            return None
    is_array = same_form and reference.kind(key).startswith("array")
    n_changed = _count_changed(left, right) if is_array else None
    shown = _shown(reference, key), _shown(model, key)
    if shown[0] == shown[1] and reference.kind(key) != model.kind(key):
        shown = f"{shown[0]} ({reference.kind(key)})", f"{shown[1]} ({model.kind(key)})"
    return MetadataChange(key, *shown, n_changed)


def _count_changed(left: Any, right: Any) -> int:
    if isinstance(left, np.ndarray):
        both_nan = np.isnan(left) & np.isnan(right) if left.dtype.kind == "f" else False
        return int(np.count_nonzero(~((left == right) | both_nan)))
    if _is_vocabulary(left):
        return sum(map(ne, left, right))
    return sum(not equal(one, other) for one, other in zip(left, right, strict=True))


def _is_vocabulary(value: Any) -> bool:
    """Whether a value is a list of texts, which compare as they are and may be some hundred thousand."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def _shown(metadata: Metadata, key: str) -> str:
    """A value in short: text and numbers as they are, long arrays by kind and length."""
    kind, length = metadata.kind(key), metadata.length(key)
    if kind.startswith("array") and (kind.startswith("array[array") or length > _FEW):
        return f"{kind} of {length}"
    value = metadata[key]
    if isinstance(value, str):
        text = value
    elif kind == "float32" and isinstance(value, float):
        text = f"{value:.7g}"  # digits that a float32 can tell apart
    else:
        text = json.dumps(shown_value(value), ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
