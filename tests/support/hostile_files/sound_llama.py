"""A small llama with a vocabulary, of which one key or one tensor can be replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from support.gguf_writer import ARRAY, FLOAT32, INT32, STRING, UINT32, Array, Gguf, Key, Tensor
from support.small_models import readable

YARN = {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 64}
_KINDS = {str: STRING, int: UINT32, float: FLOAT32}

Keys = dict[str, tuple[int, Any]]  # name → type number and value
Tensors = dict[str, Tensor]


def sound_tokens() -> Keys:
    kinds = [2, 3, 3, *[6] * 100, *[1] * 97]
    return {
        "tokenizer.ggml.model": (STRING, "llama"),
        "tokenizer.ggml.tokens": (ARRAY, Array(STRING, [f"t{i}" for i in range(200)])),
        "tokenizer.ggml.scores": (ARRAY, Array(FLOAT32, [-float(i) for i in range(200)])),
        "tokenizer.ggml.token_type": (ARRAY, Array(INT32, kinds)),
        "tokenizer.ggml.bos_token_id": (UINT32, 1),
        "tokenizer.ggml.eos_token_id": (UINT32, 2),
    }


def sound_keys() -> Keys:
    metadata = readable()["metadata"] | {f"llama.{key}": value for key, value in YARN.items()}
    own = {key: (_KINDS[type(value)], value) for key, value in metadata.items()}
    return {"general.architecture": (STRING, "llama"), **own, **sound_tokens()}


def sound_tensors() -> Tensors:
    arrays = readable()["tensors"] | {"rope_freqs.weight": np.ones(8, np.float32)}
    return {name: Tensor(name, values.shape, 0, values.tobytes()) for name, values in arrays.items()}


def ones(name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, 0, np.ones(shape, np.float32).tobytes())


def file_of(keys: Mapping[str, tuple[int, Any]], tensors: Mapping[str, Tensor]) -> bytes:
    named = [Key(key, *value) for key, value in keys.items()]
    return Gguf(keys=named, tensors=list(tensors.values())).build()
