"""How positions reach attention: RoPE of a layer, slopes of scores (ALiBi), temperatures of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .limits import NotApplicableError
from .rotation import BETA_FAST, BETA_SLOW, Rotation, Yarn
from .windows import count_for_window, window_of

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .hyperparameters import Hyperparameters

_ALIBI = 8.0


@dataclass(frozen=True)
class Temperature:
    """Queries at position p are multiplied with 1 + scale · ln(1 + ⌊p / period⌋), as Llama 4 and Mistral 3 have it."""

    scale: float
    period: int


def temperature_of(hyperparameters: Hyperparameters) -> Temperature | None:
    """The temperature of queries; None where the metadata give none."""
    scale = hyperparameters.number("attention.temperature_scale")
    if scale is None:
        return None
    return Temperature(scale, original_context(hyperparameters))


def alibi_exponent(hyperparameters: Hyperparameters) -> float:
    """The exponent of the slopes by which scores fall with distance; 0: they do not."""
    if _is_too_deep_for_rope(hyperparameters):
        return _ALIBI
    return hyperparameters.number("attention.max_alibi_bias") or hyperparameters.family.alibi


def alibi_slopes(n_heads: int, exponent: float) -> Floats:
    """The slopes of ALiBi by head, as ggml's softmax has them; zeros for an exponent of 0."""
    if exponent == 0:
        return np.zeros(n_heads)
    n_even = 1 << (n_heads.bit_length() - 1)
    head = np.arange(n_heads)
    further = 2.0 ** (-exponent / 2 / n_even * (2 * (head - n_even) + 1))
    return np.where(head < n_even, 2.0 ** (-exponent / n_even * (head + 1)), further)


def _is_too_deep_for_rope(hyperparameters: Hyperparameters) -> bool:
    depth = hyperparameters.family.alibi_depth
    return depth is not None and hyperparameters.block_count == depth


def original_context(hyperparameters: Hyperparameters) -> int:
    """The length of texts that a model was made for before its positions were stretched.

    Raises:
        NotApplicableError: The metadata do not say it.
    """
    key = "rope.scaling.original_context_length"
    return int(hyperparameters.needed(hyperparameters.count(key) or hyperparameters.count("context_length"), key))


def rotation_of(hyperparameters: Hyperparameters, layer: int, key_length: int) -> Rotation | None:
    """RoPE of a layer; None where the family, or this layer of it, has none."""
    family = hyperparameters.family
    if family.pairs is None or not _is_rotated(hyperparameters, layer):
        return None
    pairs = family.pairs
    window = window_of(hyperparameters, layer)
    n_dims = count_for_window(hyperparameters, "rope.dimension_count", layer, window) or key_length
    if n_dims > key_length or n_dims % 2:
        raise NotApplicableError(f"RoPE over {n_dims} of {key_length} components of a head")
    sections = hyperparameters.numbers("rope.dimension_sections") if family.sections else []
    if any(sections):
        _check_sections(sections, n_dims // 2, by_turns=family.sections == "by turns")
        pairs = "neox"
    base = (hyperparameters.number("rope.freq_base", layer) or 10_000.0) * _stretched(hyperparameters, key_length)
    if window is not None and (family.local_base is not None or family.local_unscaled):
        local = hyperparameters.number("rope.freq_base_swa") or family.local_base or base
        return Rotation(pairs, n_dims, local, divided=not family.global_factors)
    return _scaled(hyperparameters, Rotation(pairs, n_dims, base))


def _check_sections(sections: list[int], n_pairs: int, *, by_turns: bool) -> None:
    """Raise NotApplicableError where a pair has none of a text's positions: ggml's `ggml_mrope_cache_init`."""
    sector = np.arange(n_pairs) % max(1, sum(sections))
    turned = sector < sum(sections[:3])
    if by_turns:
        time, height, width = (3 * count for count in sections[:3]) if len(sections) > 2 else (0, 0, 0)
        turned = np.choose(sector % 3, [sector < time, sector < height, sector < width])
    if not turned.all():
        raise NotApplicableError(f"rope.dimension_sections {sections} leave some of {n_pairs} pairs without a position")


def _stretched(hyperparameters: Hyperparameters, key_length: int) -> float:
    """The factor of RoPE's base in files that stretch positions by it (NTK-aware, Hunyuan)."""
    alpha = hyperparameters.number("rope.scaling.alpha")
    return 1.0 if alpha is None or key_length == 2 else alpha ** (key_length / (key_length - 2))


def _is_rotated(hyperparameters: Hyperparameters, layer: int) -> bool:
    family = hyperparameters.family
    if family.rope_switch and hyperparameters.value("rope.scaling.finetuned", None) is False:
        return False
    if _is_too_deep_for_rope(hyperparameters):
        return False
    if family.unrotated_period:
        return (layer + 1) % family.unrotated_period != 0
    if family.rotated_windows:
        n_layers = hyperparameters.block_count or 0
        any_window = any(window_of(hyperparameters, each) is not None for each in range(min(n_layers, 64)))
        return window_of(hyperparameters, layer) is not None or not any_window
    return True


def _scaled(hyperparameters: Hyperparameters, plain: Rotation) -> Rotation:
    """RoPE with the stretching of positions that the metadata ask for: llama.cpp's `rope.scaling.*`."""
    kind = hyperparameters.value("rope.scaling.type", None)
    factor = hyperparameters.number("rope.scaling.factor") or hyperparameters.number("rope.scale_linear")
    magnitude = hyperparameters.number("rope.scaling.attn_factor") or 1.0
    if kind == "none" or (factor is None and magnitude == 1.0):
        return plain
    scale = 1 / factor if factor else 1.0
    yarn = None
    if kind == "yarn":
        yarn = Yarn(
            original_context(hyperparameters),
            hyperparameters.number("rope.scaling.yarn_beta_fast") or BETA_FAST,
            hyperparameters.number("rope.scaling.yarn_beta_slow") or BETA_SLOW,
            hyperparameters.number("rope.scaling.yarn_log_multiplier") or 0.0,
        )
    return Rotation(plain.pairs, plain.n_dims, plain.base, scale, magnitude, yarn)
