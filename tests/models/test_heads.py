"""Heads of attention tensors; metadata that does not fit the shapes gives none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.models.heads import HeadGeometry, HeadGroup, heads
from support.gguf_writer import ARRAY, STRING, UINT32, Array, Gguf, Key, Tensor

# 4 query heads and 2 key/value heads of 8 on an embedding of 32.
GQA: dict[str, Any] = {
    "llama.embedding_length": 32,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
}
Q, K, V, O = (f"blk.1.attn_{role}.weight" for role in ("q", "k", "v", "output"))  # noqa: E741


def geometry(write_gguf: Any, metadata: dict[str, Any], name: str, shape: tuple[int, ...], **more: Any) -> Any:
    with gs.open(write_gguf({name: np.zeros(shape, np.float32)}, metadata, **more)) as model:
        return heads(model, model.tensors[0])


def rows(kind: Any, n: int, size: int) -> HeadGeometry:
    return HeadGeometry("rows", size, (HeadGroup(kind, n, 0),))


def test_grouped_queries(write_gguf: Any) -> None:
    assert geometry(write_gguf, GQA, Q, (32, 32)) == rows("q", 4, 8)
    assert geometry(write_gguf, GQA, K, (16, 32)) == rows("k", 2, 8)
    assert geometry(write_gguf, GQA, V, (16, 32)) == rows("v", 2, 8)
    assert geometry(write_gguf, GQA, O, (32, 32)) == HeadGeometry("columns", 8, (HeadGroup("o", 4, 0),))


def test_without_key_value_count_there_are_as_many_as_queries(write_gguf: Any) -> None:
    metadata = {key: GQA[key] for key in ("llama.embedding_length", "llama.attention.head_count")}
    assert geometry(write_gguf, metadata, K, (32, 32)) == rows("k", 4, 8)


def test_lengths_of_their_own(write_gguf: Any) -> None:
    metadata = {**GQA, "llama.attention.key_length": 16, "llama.attention.value_length": 4}
    assert geometry(write_gguf, metadata, Q, (64, 32)) == rows("q", 4, 16)
    assert geometry(write_gguf, metadata, V, (8, 32)) == rows("v", 2, 4)
    assert geometry(write_gguf, metadata, O, (32, 16)) == HeadGeometry("columns", 4, (HeadGroup("o", 4, 0),))


def test_counts_per_layer(write_gguf: Any) -> None:
    metadata = {**GQA, "llama.attention.head_count": [2, 4, 8], "llama.attention.head_count_kv": [1, 2, 4],
                "llama.attention.key_length": 8}  # fmt: skip
    assert geometry(write_gguf, metadata, K, (16, 32)) == rows("k", 2, 8)
    assert geometry(write_gguf, metadata, "blk.2.attn_q.weight", (64, 32)) == rows("q", 8, 8)
    assert geometry(write_gguf, metadata, "blk.3.attn_q.weight", (64, 32)) is None  # a layer beyond the array


def test_fused(write_gguf: Any) -> None:
    found = geometry(write_gguf, GQA, "blk.1.attn_qkv.weight", (64, 32))
    assert found == HeadGeometry("rows", 8, (HeadGroup("q", 4, 0), HeadGroup("k", 2, 4), HeadGroup("v", 2, 6)))
    assert found.n_heads == 8
    uneven = {**GQA, "llama.attention.key_length": 8, "llama.attention.value_length": 4}
    assert geometry(write_gguf, uneven, "blk.1.attn_qkv.weight", (56, 32)) is None


def test_sliding_window_layers(write_gguf: Any) -> None:
    metadata = {**GQA, "llama.attention.key_length": 16, "llama.attention.value_length": 16,
                "llama.attention.key_length_swa": 8, "llama.attention.value_length_swa": 8}  # fmt: skip
    assert geometry(write_gguf, metadata, Q, (64, 32)) == rows("q", 4, 16)
    assert geometry(write_gguf, metadata, Q, (32, 32)) == rows("q", 4, 8)


def test_second_stacks(write_gguf: Any) -> None:
    t5 = {"t5.attention.head_count": 4, "t5.attention.key_length": 8, "t5.attention.value_length": 8}
    assert geometry(write_gguf, t5, "enc.blk.0.attn_q.weight", (32, 32), architecture="t5") == rows("q", 4, 8)
    assert geometry(write_gguf, t5, "dec.blk.0.attn_o.weight", (32, 32), architecture="t5") == HeadGeometry(
        "columns", 8, (HeadGroup("o", 4, 0),)
    )
    clip = {"clip.vision.attention.head_count": 4, "clip.vision.embedding_length": 32}
    assert geometry(write_gguf, clip, "v.blk.0.attn_q.weight", (32, 32), architecture="clip") == rows("q", 4, 8)


@pytest.mark.parametrize("name", ["blk.1.attn_q.bias", "blk.1.attn_norm.weight", "blk.1.ffn_up.weight", "attn_q", "x"])
def test_other_tensors_have_none(write_gguf: Any, name: str) -> None:
    assert geometry(write_gguf, GQA, name, (32, 32) if name == "attn_q" else (32,)) is None


@pytest.mark.parametrize(
    "hostile",
    [0, -4, 2**31, 2**62, True, 4.0, "4", [], ["4", "4"], [4.0, 4.0], [0, 0], [-1, -1], [2**60, 2**60], 3, 5],
)
@pytest.mark.parametrize("key", ["head_count", "head_count_kv", "key_length"])
def test_absurd_numbers_give_none(write_gguf: Any, key: str, hostile: Any) -> None:
    metadata = {f"llama.attention.{key}": hostile} if hostile != [] else {}
    found = geometry(write_gguf, {**metadata, "llama.embedding_length": 32}, K, (16, 32))
    assert found is None


def test_no_metadata(write_gguf: Any) -> None:
    assert geometry(write_gguf, {}, Q, (32, 32)) is None
    assert geometry(write_gguf, {"general.x": 1}, Q, (32, 32), architecture=None) is None
    assert geometry(write_gguf, GQA, Q, (0, 32)) is None


def counts(query: Any, key_value: Any) -> dict[str, Any]:
    return GQA | {"llama.attention.head_count": query, "llama.attention.head_count_kv": key_value}


@pytest.mark.parametrize("name", [Q, K, V, O, "blk.1.attn_qkv.weight"])
@pytest.mark.parametrize("metadata", [counts(4, [4, 0]), counts([4, 0], [4, 0]), counts(4, 0), counts([4, 0], 4)])
def test_a_count_of_zero_means_no_attention(write_gguf: Any, name: str, metadata: dict[str, Any]) -> None:
    assert geometry(write_gguf, metadata, name, (96, 32) if "qkv" in name else (32, 32)) is None


@pytest.mark.parametrize(
    "kind", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.uint64, np.int64, np.bool_]
)
def test_arrays_of_every_integer_type(tmp_path: Any, kind: Any) -> None:
    codes = {np.uint8: 0, np.int8: 1, np.uint16: 2, np.int16: 3, np.uint32: 4, np.int32: 5, np.bool_: 7, np.uint64: 10,
             np.int64: 11}  # fmt: skip
    keys = [Key("general.architecture", STRING, "llama")]
    keys += [Key("llama.embedding_length", UINT32, 32), Key("llama.attention.head_count", UINT32, 4)]
    keys.append(Key("llama.attention.head_count_kv", ARRAY, Array(codes[kind], [0, 1])))
    tensors = [Tensor(f"blk.{layer}.attn_k.weight", (8, 32), 0, bytes(1024)) for layer in (0, 1, 2)]
    (tmp_path / "m.gguf").write_bytes(Gguf(keys=keys, tensors=tensors).build())
    with gs.open(tmp_path / "m.gguf") as model:
        assert [heads(model, tensor) for tensor in model.tensors.values()] == [None, rows("k", 1, 8), None]


def test_a_recurrent_state_is_fed_by_no_heads(write_gguf: Any) -> None:
    # 4 + 2 + 2 heads of 8 would fit the rows.
    tensors = {f"blk.{layer}.attn_qkv.weight": np.zeros((64, 32), np.float32) for layer in (0, 1)}
    with gs.open(write_gguf(tensors | {"blk.0.ssm_a": np.ones(4, np.float32)}, GQA)) as model:
        first, second = (heads(model, model.tensors[name]) for name in tensors)
    assert first is None
    assert second is not None
    assert second.n_heads == 8
