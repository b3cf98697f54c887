"""Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434).

    x ─ q_a ─ norm ─ q_b ─▶ queries, of each head a plain and a turned part           (or x ─ q ─▶ queries)
    x ─ kv_a ─┬─ norm ─▶ latent ─┬─ key matrix of a head ────▶ plain part of its keys
              │                  └─ value matrix of a head ──▶ its values
              └─ RoPE ─▶ turned part of the keys, one for all heads

Keys and values of all heads come out of one short vector of a token.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..heads import HeadShape, check_heads
from ..limits import MissingTensorError, NotApplicableError
from ..positions import Temperature, original_context, rotation_of
from ..rotation import Rotation, Yarn

if TYPE_CHECKING:
    from ..hyperparameters import Hyperparameters
    from ..matrices import Matrix
    from ..parts import Norm
    from ..sources import Sources

_DEFAULT_LOG_MULTIPLIER = 0.1  # which converters multiply into `yarn_log_multiplier`


@dataclass(frozen=True)
class LatentAttention:
    """The weights of a layer.

    Attributes:
        shape: of heads as they are once keys and values are made for each.
        n_turned: components of queries and keys that RoPE turns, the last ones.
        q_down: in front of `q_norm` and `q`; None where `q` reads the stream.
        q_norm: None without `q_down`.
        q: (heads · key length, …).
        kv_down: (rank + turned, channels).
        latent_norm: over the rank.
        keys: of every head, (plain, rank); with `keys_stored_for_queries` (rank, plain), as `attn_k_b` has them.
        keys_stored_for_queries: see `keys`.
        values: of every head, (value length, rank).
        output: (channels, heads · value length).
    """

    shape: HeadShape
    n_turned: int
    q_down: Matrix | None
    q_norm: Norm | None
    q: Matrix
    kv_down: Matrix
    latent_norm: Norm
    keys: list[Matrix]
    keys_stored_for_queries: bool
    values: list[Matrix]
    output: Matrix

    @property
    def rank(self) -> int:
        return self.kv_down.n_rows - self.n_turned

    @property
    def matrices(self) -> list[Matrix]:
        down = [] if self.q_down is None else [self.q_down]
        return [*down, self.q, self.kv_down, *self.keys, *self.values, self.output]


def latent_attention(sources: Sources, layer: int) -> LatentAttention:
    """Gathered from the tensors of a layer.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    catalog, width = sources.catalog, sources.width
    shape = _shape(sources.hyperparameters, layer)
    rank = sources.hyperparameters.needed_count("attention.kv_lora_rank")
    n_turned = 0 if shape.rotation is None else shape.rotation.n_dims
    latent_norm = sources.optional_norm(layer, "attn_kv_a_norm", (rank,), centred=False)
    if latent_norm is None:
        raise MissingTensorError(layer, "attn_kv_a_norm")
    q_down, q_norm, q = _queries(sources, layer, shape)
    keys, values, stored_for_queries = _keys_and_values(sources, layer, shape, rank, n_turned)
    return LatentAttention(
        shape=shape,
        n_turned=n_turned,
        q_down=q_down,
        q_norm=q_norm,
        q=q,
        kv_down=catalog.matrix(layer, "attn_kv_a_mqa", rank + n_turned, width),
        latent_norm=latent_norm,
        keys=keys,
        keys_stored_for_queries=stored_for_queries,
        values=values,
        output=catalog.matrix(layer, "attn_output", width, shape.n_heads * shape.value_length),
    )


def _shape(numbers: Hyperparameters, layer: int) -> HeadShape:
    """Heads as they are once keys and values are made; where these have a matrix each, their lengths end in `_mla`."""
    n_heads = numbers.needed_count("attention.head_count", layer)
    key_length, value_length = (
        numbers.count(f"attention.{kind}_length_mla") or numbers.needed_count(key)
        for kind, key in (("key", "attention.key_length"), ("value", "attention.value_length"))
    )
    n_turned = numbers.needed_count("rope.dimension_count")
    check_heads(layer, n_heads, key_length)
    if n_turned >= key_length or n_turned % 2:
        raise NotApplicableError(f"RoPE over {n_turned} of {key_length} components of a head")
    rotation, scale = rotation_of(numbers, layer, n_turned), 1.0
    if numbers.family.latent_yarn is not None:
        rotation, scale = _rotation(numbers, n_turned, of_two=numbers.family.latent_yarn == "two terms")
    return HeadShape(
        n_heads=n_heads,
        n_kv_heads=n_heads,
        key_length=key_length,
        value_length=value_length,
        scale=scale / math.sqrt(key_length),
        soft_cap=0.0,
        window=None,
        rotation=rotation,
        causal=numbers.causal,
        temperature=_temperature(numbers),
    )


def _temperature(numbers: Hyperparameters) -> Temperature | None:
    scale = numbers.number("attention.temperature_scale")
    if scale is None:
        return None
    key = "attention.temperature_length"
    return Temperature(scale, numbers.needed_count(key))


def _rotation(numbers: Hyperparameters, n_turned: int, *, of_two: bool) -> tuple[Rotation, float]:
    """RoPE, and the factor of scores that comes with it.

    YaRN lengthens turned components by 1 + 0.1 ln(factor); that divided by 1 + 0.1 m ln(factor), m the multiplier, in
    Mistral 4 (`of_two`), and nothing in DeepSeek's models where the file has a multiplier. All components of a score
    are scaled by (lengthening · (1 + 0.1 m ln(factor)))² (llama.cpp's `[TAG_DEEPSEEK2_YARN_LOG_MUL_FIX]`).
    """
    base = numbers.number("rope.freq_base") or 10_000.0
    kind = numbers.value("rope.scaling.type", None)
    factor = numbers.number("rope.scaling.factor") or numbers.number("rope.scale_linear") or 1.0
    factor = 1.0 if kind == "none" else factor
    magnitude = numbers.number("rope.scaling.attn_factor") or 1.0
    multiplier = (numbers.number("rope.scaling.yarn_log_multiplier") or 0.0) / _DEFAULT_LOG_MULTIPLIER
    by_multiplier = 1 + 0.1 * multiplier * math.log(factor)
    yarn = None
    if kind == "yarn":
        yarn = Yarn(original_context(numbers))
        if multiplier:  # `phases` multiplies with 1 + 0.1 ln(factor)
            divisor = by_multiplier if of_two else 1 + 0.1 * math.log(factor)
            if divisor == 0:
                raise NotApplicableError(f"YaRN with a factor of {factor:g} divides by 0")
            magnitude /= divisor
    on_scores = magnitude * (1 + 0.1 * math.log(factor)) * by_multiplier
    return Rotation("norm", n_turned, base, 1 / factor, magnitude, yarn), on_scores**2


def _queries(sources: Sources, layer: int, shape: HeadShape) -> tuple[Matrix | None, Norm | None, Matrix]:
    """Down projection and norm where there are any, and what makes queries."""
    catalog, rows = sources.catalog, shape.n_heads * shape.key_length
    if not catalog.has(layer, "attn_q_a"):
        return None, None, catalog.matrix(layer, "attn_q", rows, sources.width)
    rank = catalog.need(layer, "attn_q_a").n_rows
    norm = sources.optional_norm(layer, "attn_q_a_norm", (rank,), centred=False)
    if norm is None:
        raise MissingTensorError(layer, "attn_q_a_norm")
    return catalog.matrix(layer, "attn_q_a", rank, sources.width), norm, catalog.matrix(layer, "attn_q_b", rows, rank)


def _keys_and_values(
    sources: Sources, layer: int, shape: HeadShape, rank: int, n_turned: int
) -> tuple[list[Matrix], list[Matrix], bool]:
    """Matrices of every head, from one tensor for both or from one each, and whether those of keys are transposed."""
    catalog, plain, length = sources.catalog, shape.key_length - n_turned, shape.value_length
    if catalog.has(layer, "attn_k_b"):
        catalog.find(layer, "attn_kv_b")  # which some files have all the same
        keys = catalog.experts(layer, "attn_k_b", shape.n_heads, rank, plain)
        values = catalog.experts(layer, "attn_v_b", shape.n_heads, length, rank)
    else:
        both = catalog.matrix(layer, "attn_kv_b", shape.n_heads * (plain + length), rank)
        firsts = range(0, both.n_rows, plain + length)
        keys = [both.part(at, plain) for at in firsts]
        values = [both.part(at + plain, length) for at in firsts]
    if any(matrix.bias is not None for matrix in (*keys, *values)):
        raise NotApplicableError(f"keys or values of blk.{layer} have a bias behind the latent vector")
    return keys, values, catalog.has(layer, "attn_k_b")
