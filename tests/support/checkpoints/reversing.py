"""Writes a GGUF model back as the checkpoint that it could have been made of: the converter's rules, the other way."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import ggufscope as gs

from .converting import _AROUND, _IN_LAYER, _OF_GEMMA, permuted
from .writing import write_checkpoint

_CLASSES = {"llama": "LlamaForCausalLM", "gemma3": "Gemma3ForCausalLM"}
_CONFIG = {
    "block_count": "num_hidden_layers",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "attention.key_length": "head_dim",
    "attention.sliding_window": "sliding_window",
    "rope.freq_base": "rope_theta",
}


def write_back(path: Path, directory: Path) -> Path:
    """A checkpoint in float32 with the dequantized weights of a llama or a Gemma 3."""
    with gs.open(path) as model:
        config = _config(model)
        tensors = {name: each for tensor in model.tensors.values() for name, each in _stored(model, tensor, config)}
        beside = _tokenizer(model)
    return write_checkpoint(directory, tensors, config, beside=beside)


def _config(model: gs.Model) -> dict[str, Any]:
    prefix = f"{model.architecture}."
    keys = {key.removeprefix(prefix): value for key, value in model.metadata.items() if key.startswith(prefix)}
    config = {name: keys[key] for key, name in _CONFIG.items() if key in keys}
    config |= {
        "architectures": [_CLASSES[str(model.architecture)]],
        "vocab_size": model.tensors["token_embd.weight"].n_rows,
    }
    for kind in ("bos", "eos"):
        config[f"{kind}_token_id"] = model.metadata[f"tokenizer.ggml.{kind}_token_id"]
    return config


def _stored(model: gs.Model, tensor: Any, config: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    gemma = model.architecture == "gemma3"
    weights = tensor.dequantize()
    if not gemma and tensor.role in {"attn_q", "attn_k"}:
        n_heads = config["num_attention_heads" if tensor.role == "attn_q" else "num_key_value_heads"]
        order = permuted(np.arange(len(weights)), n_heads)
        weights = weights[np.argsort(order)]
    if gemma and tensor.name.endswith("norm.weight"):
        weights = weights - np.float32(1)
    yield _name(tensor.name, gemma), weights


def _name(name: str, gemma: bool) -> str:
    stem, _, kind = name.rpartition(".")
    around = {new: old for old, new in _AROUND.items() if not old.startswith("transformer")}
    if stem in around:
        return f"{around[stem]}.{kind}"
    match = re.fullmatch(r"blk\.(\d+)\.(.+)", stem)
    assert match is not None
    table = {**_IN_LAYER, **(_OF_GEMMA if gemma else {})}
    names = {
        new: old for old, new in table.items() if old.startswith(("self_attn.", "mlp.", "input_", "post_", "pre_"))
    }
    return f"model.layers.{match[1]}.{names[match[2]]}.{kind}"


def _tokenizer(model: gs.Model) -> dict[str, Any]:
    """`tokenizer.json` of byte pairs, or `tokenizer.model` of pieces."""
    keys = {key.removeprefix("tokenizer.ggml."): value for key, value in model.metadata.items()}
    tokens, kinds = keys["tokens"], keys["token_type"].tolist()
    flags = {f"add_{kind}_token": keys[f"add_{kind}_token"] for kind in ("bos", "eos") if f"add_{kind}_token" in keys}
    if keys["model"] == "llama":
        return {"tokenizer.model": pieces(tokens, keys["scores"].tolist(), kinds), "tokenizer_config.json": flags}
    control = [
        {"id": n, "content": tokens[n], "special": True, "normalized": False}
        for n, kind in enumerate(kinds)
        if kind == 3
    ]
    for each in control:
        each |= {"single_word": False, "lstrip": False, "rstrip": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    steps = [{"type": "Digits", "individual_digits": True}, byte_level]
    learned = {
        "type": "BPE",
        "vocab": {text: number for number, text in enumerate(tokens)},
        "merges": keys["merges"],
        "byte_fallback": False,
    }
    tokenizer = {
        "version": "1.0",
        "added_tokens": control,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
        "decoder": byte_level,
        "model": learned,
    }
    template = model.metadata.get("tokenizer.chat_template")
    return {"tokenizer.json": tokenizer, "tokenizer_config.json": flags | {"chat_template": template}}


def pieces(tokens: list[str], scores: list[float], kinds: list[int]) -> bytes:
    """A SentencePiece file."""
    return b"".join(_field(1, _piece(*each)) for each in zip(tokens, scores, kinds, strict=True))


def _piece(text: str, score: float, kind: int) -> bytes:
    return _field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + b"\x18" + _varint(kind)


def _field(number: int, contents: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(contents)) + contents


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
