"""The gated delta rule (arXiv 2412.06464), linear attention of Qwen3-Next and Qwen3.5.

    x ─▶ q, k, v ─ convolution over tokens ─ SiLU ─▶ q and k of every head of length 1
    x ─▶ α, β of every value head:  decay g = a · softplus(α + bias),  strength σ(β)
    o ─ norm of every head · SiLU(gate) ─ output ─▶

Every value head has a state S, (key components, value components). Token after token, S ← eᵍ S, then
S ← S + σ(β) k (v − Sᵀk)ᵀ, and o = Sᵀq / √length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..heads import check_heads
from ..limits import MissingTensorError, NotApplicableError
from .convolution import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..matrices import Matrix
    from ..parts import Norm
    from ..sources import Sources

    Order = npt.NDArray[np.intp]

_BIAS_OF_OLLAMA = "ssm_dt"  # as its converter names it


@dataclass(frozen=True)
class Projection:
    """Some rows of a matrix, in any order; two projections may share the matrix.

    Attributes:
        matrix: the rows of all that share it.
        order: which rows; None: all.
    """

    matrix: Matrix
    order: Order | None = None


@dataclass(frozen=True)
class DeltaHeads:
    """Heads of a layer.

    Attributes:
        n_keys: heads of queries and keys.
        n_values: heads of values, each with a state.
        length: components of a query, key or value.
        tiled: value head h reads key head h modulo `n_keys`; else h // (n_values / n_keys).
    """

    n_keys: int
    n_values: int
    length: int
    tiled: bool

    @property
    def key_head(self) -> Order:
        """Of every value head."""
        heads = np.arange(self.n_values)
        return heads % self.n_keys if self.tiled else heads // (self.n_values // self.n_keys)


@dataclass(frozen=True)
class GatedDelta:
    """The weights of a layer.

    Attributes:
        heads: their numbers and length.
        mixed: queries, keys and values one after the other.
        gate: of the result.
        alpha: of the decay, (value heads, channels).
        beta: of the strength, (value heads, channels).
        kernel: of the convolution, (rows of `mixed`, taps).
        decay_bias: (value heads,), added to α.
        decay: (value heads,), a; negative.
        norm: over a head.
        epsilon: added to the squared length of queries and keys.
        output: (channels, value heads · length).
    """

    heads: DeltaHeads
    mixed: Projection
    gate: Projection
    alpha: Projection
    beta: Projection
    kernel: Floats
    decay_bias: Floats
    decay: Floats
    norm: Norm
    epsilon: float
    output: Matrix

    @property
    def shape(self) -> None:
        """No head has attention to be looked at."""
        return

    @property
    def matrices(self) -> list[Matrix]:
        inwards = (self.mixed, self.gate, self.alpha, self.beta)
        return [*{id(each.matrix): each.matrix for each in inwards}.values(), self.output]


def gated_delta(sources: Sources, layer: int) -> GatedDelta:
    """Gathered from the tensors of a layer.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    catalog, heads = sources.catalog, _heads(sources, layer)
    n_mixed = (2 * heads.n_keys + heads.n_values) * heads.length
    mixed, gate = _mixed_and_gate(sources, layer, heads)
    alpha, beta = _alpha_and_beta(sources, layer, heads)
    bias_role = _BIAS_OF_OLLAMA if catalog.has(layer, _BIAS_OF_OLLAMA) else "ssm_dt.bias"
    norm = sources.optional_norm(layer, "ssm_norm", (heads.length,), centred=False)
    if norm is None:
        raise MissingTensorError(layer, "ssm_norm")
    return GatedDelta(
        heads=heads,
        mixed=mixed,
        gate=gate,
        alpha=alpha,
        beta=beta,
        kernel=kernel(sources, layer, "ssm_conv1d", n_mixed),
        decay_bias=catalog.needed_vector(layer, bias_role, heads.n_values),
        decay=catalog.needed_vector(layer, "ssm_a", heads.n_values),
        norm=norm,
        epsilon=sources.hyperparameters.epsilon,
        output=catalog.matrix(layer, "ssm_out", sources.width, heads.n_values * heads.length),
    )


def _heads(sources: Sources, layer: int) -> DeltaHeads:
    numbers = sources.hyperparameters
    n_keys, n_values, length, inner = (
        numbers.needed_count(key)
        for key in ("ssm.group_count", "ssm.time_step_rank", "ssm.state_size", "ssm.inner_size")
    )
    check_heads(layer, n_values, length)
    if n_values % n_keys or inner != n_values * length:
        raise NotApplicableError(
            f"{n_keys} key heads and {n_values} value heads of {length} components do not make an inner size of {inner}"
        )
    return DeltaHeads(n_keys, n_values, length, sources.family.tiled_key_heads)


def _mixed_and_gate(sources: Sources, layer: int, heads: DeltaHeads) -> tuple[Projection, Projection]:
    """By themselves, or, in older files, in one tensor: q, k, v and gate of one key head after the other."""
    catalog, width = sources.catalog, sources.width
    n_keys, n_values = heads.n_keys * heads.length, heads.n_values * heads.length
    if not catalog.has(layer, "ssm_in"):
        mixed = catalog.matrix(layer, "attn_qkv", 2 * n_keys + n_values, width)
        return Projection(mixed), Projection(catalog.matrix(layer, "attn_gate", n_values, width))
    together = catalog.matrix(layer, "ssm_in", 2 * (n_keys + n_values), width)
    sizes = [heads.length, heads.length, n_values // heads.n_keys, n_values // heads.n_keys]
    *mixed_rows, gate_rows = _by_key_head(heads.n_keys, sizes)
    return Projection(together, np.concatenate(mixed_rows)), Projection(together, gate_rows)


def _alpha_and_beta(sources: Sources, layer: int, heads: DeltaHeads) -> tuple[Projection, Projection]:
    """By themselves (Qwen3.5), or in one tensor: β and α of one key head after the other (Qwen3-Next)."""
    catalog, width = sources.catalog, sources.width
    if not catalog.has(layer, "ssm_ba"):
        alpha, beta = (catalog.matrix(layer, role, heads.n_values, width) for role in ("ssm_alpha", "ssm_beta"))
        return Projection(alpha), Projection(beta)
    together = catalog.matrix(layer, "ssm_ba", 2 * heads.n_values, width)
    beta_rows, alpha_rows = _by_key_head(heads.n_keys, [heads.n_values // heads.n_keys] * 2)
    return Projection(together, alpha_rows), Projection(together, beta_rows)


def _by_key_head(n_heads: int, sizes: list[int]) -> list[Order]:
    """Rows of each part where the parts of a head, of `sizes` rows, stand one after the other, head by head."""
    rows = np.arange(n_heads * sum(sizes)).reshape(n_heads, -1)
    ends = np.cumsum(sizes)
    return [rows[:, end - size : end].reshape(-1) for size, end in zip(sizes, ends, strict=True)]
