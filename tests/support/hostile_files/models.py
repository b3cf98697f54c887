"""Language models that can be opened and of which one key or one tensor is not what it should be."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from support.gguf_writer import ARRAY, FLOAT32, FLOAT64, INT32, STRING, UINT8, UINT32, Array, Tensor
from support.hostile_files.hostile_file import HostileFile, HostileFiles
from support.hostile_files.sound_llama import file_of, ones, sound_keys, sound_tensors

_ESCAPES = "\x1b[2J\x9b\u202e\u2028\n<script>alert(1)</script>"
_MOST = 2**32 - 1


def _built(keys: dict[str, tuple[int, Any]], tensors: tuple[Tensor, ...], without: tuple[str, ...]) -> bytes:
    table = sound_tensors() | {each.name: each for each in tensors}  # type: ignore[misc]
    return file_of(sound_keys() | keys, {name: each for name, each in table.items() if name not in without})


def _with(*tensors: Tensor, without: tuple[str, ...] = (), **keys: tuple[int, Any]) -> HostileFile:
    """The sound model with other tensors and other keys of llama's."""
    own = {f"llama.{key.replace('__', '.')}": value for key, value in keys.items()}
    return HostileFile(partial(_built, own, tensors, without))


def _key(name: str, kind: int, value: object) -> HostileFile:
    return HostileFile(partial(_built, {name: (kind, value)}, (), ()))


def _head_counts(kind: int, value: object) -> HostileFile:
    return _with(attention__head_count=(kind, value), attention__head_count_kv=(kind, value))


HYPERPARAMETERS: HostileFiles = {
    "type_an_array": _key("general.type", ARRAY, Array(STRING, ["model", "adapter"])),
    "architecture_a_number": _key("general.architecture", UINT32, 7),
    "block_count_2_32": _with(block_count=(UINT32, _MOST)),
    "block_count_an_array": _with(block_count=(ARRAY, Array(UINT32, [2, 2]))),
    "embedding_length_0": _with(embedding_length=(UINT32, 0)),
    "context_length_0": _with(context_length=(UINT32, 0)),
    "head_count_0": _head_counts(UINT32, 0),
    "head_count_negative": _head_counts(INT32, -1),
    "head_count_2_32": _head_counts(UINT32, _MOST),
    "head_count_of_a_layer_more": _head_counts(ARRAY, Array(UINT32, [4, 4, 4])),
    "head_count_of_no_layer": _head_counts(ARRAY, Array(UINT32, [])),
    "key_length_0": _with(attention__key_length=(UINT32, 0)),
    "epsilon_nan": _with(attention__layer_norm_rms_epsilon=(FLOAT32, math.nan)),
    "epsilon_negative": _with(attention__layer_norm_rms_epsilon=(FLOAT32, -1.0)),
    "embedding_scale_1e300": _with(embedding_scale=(FLOAT64, 1e300)),
    "expert_count_2_32_without_experts": _with(expert_count=(UINT32, _MOST), expert_used_count=(UINT32, _MOST)),
    "yarn_of_base_1": _with(rope__freq_base=(FLOAT32, 1.0)),
    "yarn_of_factor_1e_38": _with(rope__scaling__factor=(FLOAT32, 1e-38)),
    "rope_dimension_count_odd": _with(rope__dimension_count=(UINT32, 3)),
}

VOCABULARIES: HostileFiles = {
    "token_types_of_unequal_kinds": _key(
        "tokenizer.ggml.token_type", ARRAY, Array(ARRAY, [Array(UINT8, [1]), Array(UINT8, [2, 3])])
    ),
    "token_types_too_few": _key("tokenizer.ggml.token_type", ARRAY, Array(INT32, [1])),
    "tokens_fewer_than_embedding_rows": _key("tokenizer.ggml.tokens", ARRAY, Array(STRING, ["a", "b"])),
    "tokens_of_control_characters": _key("tokenizer.ggml.tokens", ARRAY, Array(STRING, [_ESCAPES] * 200)),
    "scores_nan": _key("tokenizer.ggml.scores", ARRAY, Array(FLOAT32, [math.nan] * 200)),
    "opening_token_beyond_embedding": _key("tokenizer.ggml.bos_token_id", UINT32, 100_000),
    "opening_token_negative": _key("tokenizer.ggml.bos_token_id", INT32, -1),
    "chat_template_that_reaches_for_attributes": _key(
        "tokenizer.chat_template", STRING, "{{ messages.__class__.__mro__[1].__subclasses__() }}"
    ),
    "chat_template_that_never_ends": _key(
        "tokenizer.chat_template", STRING, "{% for i in range(10**9) %}{% for j in range(10**9) %}x"
    ),
    "name_of_control_characters": _key("general.name", STRING, _ESCAPES),
}

SHAPES: HostileFiles = {
    "attn_q_a_scalar": _with(ones("blk.0.attn_q.weight")),
    "attn_q_a_vector": _with(ones("blk.0.attn_q.weight", 64)),
    "attn_q_of_no_rows": _with(ones("blk.0.attn_q.weight", 0, 64)),
    "attn_q_of_no_columns": _with(ones("blk.0.attn_q.weight", 64, 0)),
    "attn_q_of_three_dimensions": _with(ones("blk.0.attn_q.weight", 2, 64, 64)),
    "ffn_up_a_scalar": _with(ones("blk.0.ffn_up.weight")),
    "ffn_up_of_five_dimensions": _with(ones("blk.0.ffn_up.weight", 1, 1, 1, 96, 64)),
    "embedding_of_no_rows": _with(ones("token_embd.weight", 0, 64)),
    "embedding_missing": _with(without=("token_embd.weight",)),
    "norm_of_another_length": _with(ones("blk.1.attn_norm.weight", 63)),
    "rope_freqs_of_3": _with(ones("rope_freqs.weight", 3)),
    "rope_freqs_empty": _with(ones("rope_freqs.weight", 0)),
    "rope_freqs_zero": _with(Tensor("rope_freqs.weight", (8,), 0, bytes(32))),
    "tensor_name_of_control_characters": _with(ones(_ESCAPES, 2, 32)),
    "tensor_name_empty": _with(ones("", 2, 32)),
    "layer_99999": _with(ones("blk.99999.attn_q.weight", 64, 64)),
    "layer_beyond_64_bits": _with(ones(f"blk.{2**70}.attn_q.weight", 64, 64)),
    "expert_beyond_64_bits": _with(ones(f"blk.0.ffn_up.{2**70}.weight", 64, 64)),
}
