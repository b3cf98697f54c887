"""Attention heads of a layer: how many, how long, what they see, and how positions reach them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .limits import NotApplicableError
from .positions import Temperature, alibi_exponent, rotation_of, temperature_of
from .windows import count_for_window, window_of

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters
    from .rotation import Rotation

_MOST_HEADS, _LONGEST_HEAD = 4096, 2048  # beyond any model; a file may claim more, at great cost


@dataclass(frozen=True)
class HeadShape:
    """Attention of one layer.

    Attributes:
        n_heads: of queries.
        n_kv_heads: of keys and values; query head h reads head h // (n_heads / n_kv_heads).
        key_length: components of a query or key.
        value_length: components of a value.
        scale: of scores.
        soft_cap: scores become cap · tanh(score / cap); 0: they do not.
        window: keys a query sees at most; None: all.
        rotation: RoPE, None without.
        causal: a query sees the keys up to its own position; else all.
        alibi: 0, or the exponent of the slopes by which scores fall with distance, see `Family`.
        clamp: projections are clamped to ± this; None: they are not.
        temperature: of queries far into a text; None without.
    """

    n_heads: int
    n_kv_heads: int
    key_length: int
    value_length: int
    scale: float
    soft_cap: float
    window: int | None
    rotation: Rotation | None
    causal: bool = True
    alibi: float = 0.0
    clamp: float | None = None
    temperature: Temperature | None = None


def head_shape(hyperparameters: Hyperparameters, layer: int) -> HeadShape:
    """Heads of a layer.

    Raises:
        NotApplicableError: The metadata do not say how many there are, or what they say cannot be.
    """
    n_heads = hyperparameters.needed_count("attention.head_count", layer)
    n_kv_heads = hyperparameters.count("attention.head_count_kv", layer) or n_heads
    width = hyperparameters.width
    share = width // n_heads if width % n_heads == 0 else None
    window = window_of(hyperparameters, layer)
    key_length, value_length = (
        count_for_window(hyperparameters, f"attention.{kind}_length", layer, window) or share
        for kind in ("key", "value")
    )
    check_heads(layer, n_heads, key_length or 0)
    if n_heads % n_kv_heads or key_length is None or value_length is None:
        raise NotApplicableError(
            f"layer {layer}: {n_heads} query heads, {n_kv_heads} key heads and a width of {width} do not fit"
        )
    return HeadShape(
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        key_length=key_length,
        value_length=value_length,
        scale=_score_scale(hyperparameters, n_heads, key_length),
        soft_cap=hyperparameters.number("attn_logit_softcapping") or hyperparameters.family.soft_cap or 0.0,
        window=window,
        rotation=rotation_of(hyperparameters, layer, key_length),
        causal=hyperparameters.causal,
        alibi=alibi_exponent(hyperparameters),
        clamp=hyperparameters.number("attention.clamp_kqv"),
        temperature=temperature_of(hyperparameters),
    )


def check_heads(layer: int, n_heads: int, key_length: int) -> None:
    """Raise NotApplicableError for heads beyond any model."""
    if n_heads > _MOST_HEADS or key_length > _LONGEST_HEAD:
        raise NotApplicableError(f"layer {layer} claims {n_heads} heads of {key_length} components")


def _score_scale(hyperparameters: Hyperparameters, n_heads: int, key_length: int) -> float:
    scale = hyperparameters.family.score_scale or hyperparameters.number("attention.scale")
    if scale is not None:
        return scale
    if hyperparameters.family.length_scale:
        return 1 / key_length
    wide_layers = hyperparameters.family.wide_scale_layers
    wide = wide_layers is not None and hyperparameters.block_count == wide_layers
    return math.sqrt(n_heads / hyperparameters.width) if wide else 1 / math.sqrt(key_length)
