"""Models of which one key or one tensor is not what it should be: an answer, or one line that says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.errors import ProfileError, TraceError
from support.gguf_writer import ARRAY, FLOAT32, FLOAT64, INT32, STRING, UINT8, UINT32, Array, Gguf, Key, Tensor
from support.small_models import readable

REFUSALS = (gs.GGUFError, ProfileError, TraceError)
TINY = 1e-38
NUMBERS = [(UINT32, 0), (UINT32, 1), (UINT32, 3), (UINT32, 2**32 - 1), (INT32, -1)]
NUMBERS += [(FLOAT64, 5e-324), (FLOAT64, 1e308)]
NUMBERS += [(FLOAT32, value) for value in (float("nan"), float("inf"), 0.0, 1.0, -1.0, TINY, 1 / TINY)]
VALUES = [
    *NUMBERS,
    (STRING, "yarn"),
    (ARRAY, Array(UINT32, [])),
    (ARRAY, Array(UINT32, [1])),
    (ARRAY, Array(INT32, [-1] * 200)),
    (ARRAY, Array(FLOAT32, [float("nan")] * 200)),
    (ARRAY, Array(STRING, ["a"] * 200)),
    (ARRAY, Array(ARRAY, [Array(UINT8, [1]), Array(UINT8, [2, 3])])),
]
SHAPES: list[tuple[int, ...]] = [
    (),
    (0,),
    (1,),
    (3,),
    (64,),
    (1, 1),
    (0, 64),
    (64, 0),
    (3, 64),
    (2, 64, 64),
    (1, 1, 1, 1, 1),
]
YARN = {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 64}
KEYS = {
    "llama": (*YARN, "rope.freq_base", "rope.dimension_count", "rope.scaling.attn_factor", "block_count",
              "context_length", "embedding_length", "feed_forward_length", "attention.head_count",
              "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.causal",
              "attention.layer_norm_rms_epsilon", "attention.scale", "attention.sliding_window",
              "nextn_predict_layers", "expert_count", "expert_used_count", "embedding_scale", "logit_scale"),
    "general": ("type", "architecture", "name"),
    "tokenizer.ggml": ("model", "pre", "tokens", "token_type", "scores", "merges", "bos_token_id", "eos_token_id",
                       "add_bos_token"),
}  # fmt: skip


def tokens() -> dict[str, tuple[int, Any]]:
    kinds = [2, 3, 3, *[6] * 100, *[1] * 97]
    return {
        "tokenizer.ggml.model": (STRING, "llama"),
        "tokenizer.ggml.tokens": (ARRAY, Array(STRING, [f"t{i}" for i in range(200)])),
        "tokenizer.ggml.scores": (ARRAY, Array(FLOAT32, [-float(i) for i in range(200)])),
        "tokenizer.ggml.token_type": (ARRAY, Array(INT32, kinds)),
        "tokenizer.ggml.bos_token_id": (UINT32, 1),
        "tokenizer.ggml.eos_token_id": (UINT32, 2),
    }


def keys() -> dict[str, tuple[int, Any]]:
    kinds = {str: STRING, int: UINT32, float: FLOAT32}
    metadata = readable()["metadata"] | {f"llama.{key}": value for key, value in YARN.items()}
    own = {key: (kinds[type(value)], value) for key, value in metadata.items()}
    return {"general.architecture": (STRING, "llama"), **own, **tokens()}


def tensors() -> dict[str, Tensor]:
    given = readable()["tensors"] | {"rope_freqs.weight": np.ones(8, np.float32)}
    return {name: Tensor(name, values.shape, 0, values.tobytes()) for name, values in given.items()}


def answered(path: Path, metadata: dict[str, tuple[int, Any]], table: dict[str, Tensor]) -> int:
    """Answers of analyze and trace; what they refuse, they refuse as the fault of the model."""
    file = Gguf(keys=[Key(key, *value) for key, value in metadata.items()], tensors=list(table.values()))
    path.write_bytes(file.build())
    refusals = []
    for ask in (gs.analyze, lambda source: gs.trace(source, probe=3)):
        try:
            ask(path)
        except REFUSALS as refusal:
            refusals.append(str(refusal))
    assert all(refusal and "\n" not in refusal for refusal in refusals)
    return 2 - len(refusals)


def test_the_model_itself_is_answered(tmp_path: Path) -> None:
    assert answered(tmp_path / "m.gguf", keys(), tensors()) == 2


@pytest.mark.parametrize("key", [f"{group}.{key}" for group, names in KEYS.items() for key in names])
def test_a_key_that_is_not_what_it_should_be(tmp_path: Path, key: str) -> None:
    for value in VALUES:
        answered(tmp_path / "m.gguf", keys() | {key: value}, tensors())


@pytest.mark.parametrize("name", [name for name in tensors() if not name.startswith("blk.0.")])
def test_a_tensor_that_is_not_what_it_should_be(tmp_path: Path, name: str) -> None:
    for shape in SHAPES:
        data = np.ones(shape, np.float32).tobytes()
        answered(tmp_path / "m.gguf", keys(), tensors() | {name: Tensor(name, shape, 0, data)})
