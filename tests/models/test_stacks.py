"""Layers counted stack by stack: next-token blocks, text beside vision and audio, layers that are not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.models.notes import notes_of
from ggufscope.models.stacks import next_token_layers, part_of

ONE = np.ones((2, 2), np.float32)


def layers(*numbers: int, prefix: str = "") -> dict[str, Any]:
    return {f"{prefix}blk.{number}.attn_q.weight": ONE for number in numbers}


def test_a_block_of_next_token_prediction_is_no_layer(write_gguf: Any) -> None:
    tensors = layers(0, 1, 2) | {"blk.2.nextn.eh_proj.weight": ONE}
    with gs.open(write_gguf(tensors, {"llama.block_count": 3, "llama.nextn_predict_layers": 1})) as model:
        assert model.stacks == {None: (0, 1), "nextn": (2,)}
        assert model.layers == (0, 1)
        places = {tensor.name: (tensor.layer, tensor.stack, tensor.role) for tensor in model.tensors.values()}
        assert notes_of(model) == ["block 2 predicts tokens behind the next one, outside the layers"]
    assert places["blk.1.attn_q.weight"] == (1, None, "attn_q")
    assert places["blk.2.attn_q.weight"] == (2, "nextn", "nextn.attn_q")
    assert places["blk.2.nextn.eh_proj.weight"] == (2, "nextn", "nextn.eh_proj")


@pytest.mark.parametrize(
    ("blocks", "extra", "expected"),
    [(3, 1, {2}), (48, 2, {46, 47}), (3, 0, set()), (3, 3, set()), (3, 2**40, set()), (None, 1, set()),
     (3, None, set()), (3, "1", set()), (3, True, set()), (3, -1, set()), (2**63, 1, {2**63 - 1})],
)  # fmt: skip
def test_the_metadata_tell_where_no_tensor_does(blocks: Any, extra: Any, expected: set[int]) -> None:
    metadata = {"x.block_count": blocks, "x.nextn_predict_layers": extra}
    assert next_token_layers(metadata, "x", ["blk.2.attn_q.weight", "other"]) == expected


def test_tensors_tell_more_than_metadata() -> None:
    metadata = {"x.block_count": 3, "x.nextn_predict_layers": 1}  # of a file whose count leaves the block out
    assert next_token_layers(metadata, "x", ["blk.3.nextn.enorm.weight", "v.blk.1.nextn.x", "nextn.y"]) == {3}


def test_text_vision_and_audio_are_counted_apart(write_gguf: Any) -> None:
    tensors = layers(0, 1) | layers(0, 1, 2, prefix="v.") | layers(0, prefix="a.") | layers(0, prefix="v.sam.")
    with gs.open(write_gguf(tensors | {"v.patch_embedding.weight": ONE, "mm.0.weight": ONE})) as model:
        assert model.stacks == {None: (0, 1), "a": (0,), "v": (0, 1, 2), "v.sam": (0,)}
        assert model.layers == (0, 1)
        assert model.tensors["v.patch_embedding.weight"].stack == "v"
    assert [part_of(stack) for stack in ("v.sam", "mm", None)] == ["v", "mm", None]


@pytest.mark.parametrize(
    ("numbers", "metadata", "notes"),
    [
        ((0, 1, 2), {"block_count": 3}, []),
        ((0, 2), {"block_count": 4}, ["no tensors of layers 1,3: llama.block_count is 4"]),
        ((0, 2), {}, ["no tensors of layer 1: the last is 2"]),
        ((0, 1, 2), {"block_count": 2}, ["layer 2 beyond llama.block_count, 2"]),
        (
            (0, 5),
            {"block_count": 2},
            ["no tensors of layers 1-4: llama.block_count is 2", "layer 5 beyond llama.block_count, 2"],
        ),
        ((), {"block_count": 2}, ["no tensors of layers 0-1: llama.block_count is 2"]),
        ((0, 1), {"block_count": [2]}, []),
        ((0,), {"block_count": 2**20}, ["no tensors of layers 1-1048575: llama.block_count is 1048576"]),
        (
            (0, 1, 2),
            {"block_count": 3, "attention.head_count_kv": [1, 0]},
            [
                "llama.attention.head_count_kv has 2 values for the layers up to 2: of those it leaves out nothing is"
                " known"
            ],
        ),
        ((0, 1), {"block_count": 2, "attention.head_count_kv": [1, 0]}, []),
    ],
)
def test_layers_that_are_declared_and_those_that_are_there(
    write_gguf: Any, numbers: tuple[int, ...], metadata: dict[str, Any], notes: list[str]
) -> None:
    keys = {f"llama.{key}": value for key, value in metadata.items()}
    with gs.open(write_gguf(layers(*numbers) | {"other": ONE}, keys)) as model:
        assert notes_of(model) == notes


def test_encoder_and_decoder_have_counts_of_their_own(write_gguf: Any) -> None:
    tensors = layers(0, 1, prefix="enc.") | layers(0, 1, prefix="dec.")
    with gs.open(write_gguf(tensors, {"llama.block_count": 2, "llama.decoder_block_count": 3})) as model:
        assert notes_of(model) == ["no tensors of layer 2 of stack dec: llama.decoder_block_count is 3"]
        assert model.layers == ()
