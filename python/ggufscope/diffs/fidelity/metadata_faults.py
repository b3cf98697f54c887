"""Hyperparameters and vocabulary of a model that are not those of its checkpoint.

A key on one side alone is no fault where llama.cpp takes what it would have said, or where converters of other versions
differ in writing it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ...models.inspection import shown_value
from ...text.numbers import counted
from ..fidelity_record import ConverterFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...models.metadata import Metadata
    from ...models.model import Model

_NO_MATTER = (  # to what a model computes, or written by some versions alone
    "context_length",
    "vocab_size",
    "rope.freq_base_swa",
    "attention.causal",
    "tensor_data_layout",
    "leading_dense_block_count",
)
_USUAL = {"rope.freq_base": 10000.0, "rope.scaling.type": "none", "expert_weights_scale": 1.0}
_TOKENS = "tokenizer.ggml.tokens"
_MERGES = "tokenizer.ggml.merges"
_SPECIAL = ("tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id")
_RELATIVE = 1e-6  # of float32 that were written of float64


def metadata_faults(reference: Model, model: Model) -> Iterator[ConverterFault]:
    """Faults of the metadata, a key each."""
    prefix = f"{reference.architecture}."
    for key in reference.metadata:
        if key.startswith(prefix):
            yield from _hyperparameter(reference, model, key, key.removeprefix(prefix))
    yield from _vocabulary(reference.metadata, model.metadata)


def _hyperparameter(reference: Model, model: Model, key: str, name: str) -> Iterator[ConverterFault]:
    told = reference.metadata[key]
    if key in model.metadata:
        written = model.metadata[key]
        if not _same(told, written):
            yield ConverterFault(
                "hyperparameter", [key], f"{key} is {_text(written)}; the checkpoint says {_text(told)}."
            )
    elif name not in _NO_MATTER and not _same(told, _usual(reference, name)):
        yield ConverterFault("hyperparameter", [key], f"{key} is not written; the checkpoint says {_text(told)}.")


def _usual(reference: Model, name: str) -> Any:
    """The value of a key that llama.cpp takes where a file has none; None where there is none."""
    of = {each: reference.metadata.get(f"{reference.architecture}.{each}") for each in _OF_HEADS}
    heads, width = of["attention.head_count"], of["embedding_length"]
    if name == "attention.head_count_kv":
        return heads
    if name in _HEAD_SIZES and isinstance(heads, int) and isinstance(width, int) and heads > 0:
        size = of["attention.key_length"]
        return width // heads if name != "rope.dimension_count" or size is None else size
    return _USUAL.get(name)


_OF_HEADS = ("attention.head_count", "embedding_length", "attention.key_length")
_HEAD_SIZES = ("attention.key_length", "attention.value_length", "rope.dimension_count")


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (bool, str)) or isinstance(other, (bool, str)):
        return bool(one == other)
    if one is None or other is None:
        return False
    try:
        left, right = np.asarray(one, np.float64), np.asarray(other, np.float64)
    except (TypeError, ValueError):  # arrays of texts
        return bool(np.array_equal(one, other))
    if left.ndim != right.ndim and left.size and right.size:  # one for all layers, or one for each
        left, right = np.broadcast_arrays(left, right)
    return left.shape == right.shape and bool(np.allclose(left, right, rtol=_RELATIVE, atol=0, equal_nan=True))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.7g}"
    text = json.dumps(shown_value(value), ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _vocabulary(reference: Metadata, model: Metadata) -> Iterator[ConverterFault]:
    """Tokens, merges and special tokens where both have them."""
    for key, thing in ((_TOKENS, "token"), (_MERGES, "merge")):
        if key not in reference or key not in model:
            continue
        told, written = reference[key], model[key]
        differing = sum(one != other for one, other in zip(told, written, strict=False))
        if len(told) != len(written):
            said = f"{key} has {counted(len(written), thing)}; the checkpoint has {len(told)}."
            yield ConverterFault("vocabulary", [key], said)
        elif differing:
            yield ConverterFault("vocabulary", [key], f"{key}: {counted(differing, thing)} not as in the checkpoint.")
    for key in _SPECIAL:
        if key in reference and key in model and reference[key] != model[key]:
            said = f"{key} is {_text(model[key])}; the checkpoint says {_text(reference[key])}."
            yield ConverterFault("vocabulary", [key], said)
