"""The parts of a layer: data alone; what is computed with them is up to who reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .families import Activation
    from .hyperparameters import HeadShape
    from .matrices import Matrix


@dataclass(frozen=True)
class Norm:
    """RMSNorm, or LayerNorm with `centred`; gain and bias are (channels,), a bias of None is none."""

    gain: Floats
    bias: Floats | None
    epsilon: float
    centred: bool


@dataclass(frozen=True)
class AttentionWeights:
    """Projections of a layer; q/k norms act on single heads, None without."""

    shape: HeadShape
    q: Matrix
    k: Matrix
    v: Matrix
    output: Matrix
    q_norm: Norm | None
    k_norm: Norm | None


@dataclass(frozen=True)
class Expert:
    """The matrices of one FFN; no gate: φ acts on the up projection."""

    gate: Matrix | None
    up: Matrix
    down: Matrix


@dataclass(frozen=True)
class FeedForwardWeights:
    """One expert for a dense FFN; of several, `n_used` at a time."""

    experts: list[Expert]
    n_used: int
    activation: Activation
