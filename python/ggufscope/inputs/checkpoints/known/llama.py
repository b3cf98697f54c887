"""Llama and what is made like it: its changes, its keys, its scaled frequencies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..changes import PairedRows, Renamed
from ..keys import Key, computed, count, head_size, heads_of

if TYPE_CHECKING:
    from ..config import Config

_DEFAULTS_OF_LLAMA_3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
_LONGEST_HEAD = 1 << 16


def key_heads(config: Config) -> int:
    """Heads of keys, as many as of queries where the config says nothing."""
    return config.count("num_key_value_heads", "n_kv_heads") or heads_of(config)


PAIRED = (
    PairedRows(("q_proj.weight", "q_proj.bias"), heads_of),
    PairedRows(("k_proj.weight", "k_proj.bias"), key_heads),
)
TEXT_MODEL = Renamed(r"text_model\.", "")  # of a model of text and images

HEAD_COUNT_KV = computed("attention.head_count_kv", key_heads)
ROPE_DIMENSIONS = computed("rope.dimension_count", head_size)
VOCABULARY = count("vocab_size", "vocab_size")
HEAD_LENGTHS = (computed("attention.key_length", head_size), computed("attention.value_length", head_size))
KEYS: tuple[Key, ...] = (HEAD_COUNT_KV, VOCABULARY, ROPE_DIMENSIONS)

DEFAULTS = {"rms_norm_eps": 1e-6, "rope_theta": 10000.0}


def scaled_frequencies(config: Config) -> list[tuple[str, list[float]]]:
    """`rope_freqs` of Llama 3.1: by what each frequency of RoPE is divided; in float32 where the converter is, too."""
    if (config.rope_text("rope_type") or "").lower() != "llama3":
        return []
    told = {name: config.rope_number(name) or usual for name, usual in _DEFAULTS_OF_LLAMA_3.items()}
    factor, low, high = told["factor"], told["low_freq_factor"], told["high_freq_factor"]
    context = config.rope_number("original_max_position_embeddings") or 8192
    size = head_size(config)
    if size > _LONGEST_HEAD:
        raise config.refusal(("head_dim",), f"must be at most {_LONGEST_HEAD}")
    base = config.rope_number("rope_theta") or 10000.0
    if min(factor, context, low, high, base) <= 0:
        raise config.refusal(("rope_parameters",), "must be numbers above 0")
    exponents = np.arange(0, size, 2, dtype=np.float32) / np.float32(size)
    frequencies = np.float32(1) / np.power(np.float32(base), exponents)
    with np.errstate(all="ignore"):  # of numbers that no model has
        divisors = [_divisor(each, factor, context, low, high) for each in frequencies]
    return [("rope_freqs.weight", divisors)]


def _divisor(frequency: np.float32, factor: float, context: float, low: float, high: float) -> float:
    length = np.float32(2 * math.pi) / frequency
    if length < context / high:
        return 1.0
    if length > context / low:
        return factor
    smooth = (np.float32(context) / length - np.float32(low)) / np.float32(high - low)
    return float(1 / ((1 - smooth) / np.float32(factor) + smooth))
