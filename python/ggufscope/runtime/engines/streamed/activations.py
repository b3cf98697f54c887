"""φ of the FFN and its product with the up projection, in place and in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....architecture.family import SWIGLU_OAI_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ....architecture.family import Activation
    from ....architecture.parts import XieluCurve
    from ...shape import Array
    from .tiles import Workers

_ROWS = 32  # tokens that go through φ at a time
_OAI_LIMIT = np.float32(SWIGLU_OAI_LIMIT)


def _silu(x: Array) -> None:
    """X / (1 + e⁻ˣ)."""
    inner = np.empty_like(x)
    np.exp(np.negative(x, out=inner), out=inner)
    inner += np.float32(1)
    x /= inner


def _gelu(x: Array) -> None:
    """X / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))), as ggml has it."""
    inner = np.empty_like(x)
    np.multiply(x, x, out=inner)
    inner *= np.float32(0.044715)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(0.79788456080286535588)
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= np.float32(0.5)
    x *= inner


def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ)."""
    one = np.float32(1)
    share: Array = one / (one + np.exp(-x))
    return share


def _relu(x: Array) -> None:
    np.maximum(x, 0, out=x)


def _relu2(x: Array) -> None:
    np.maximum(x, 0, out=x)
    np.square(x, out=x)


def xielu(x: Array, curve: XieluCurve) -> None:
    """See `XieluCurve`; in place."""
    below = (np.expm1(np.minimum(x, np.float32(curve.end))) - x) * np.float32(curve.fall)
    above = np.float32(curve.rise) * x * x
    x[...] = np.where(x > 0, above, below) + np.float32(curve.slope) * x


ACTIVATIONS: dict[Activation, Callable[[Array], None]] = {
    "silu": _silu,
    "gelu": _gelu,
    "relu": _relu,
    "relu2": _relu2,
}


def _swiglu_oai(gate: Array, up: Array) -> None:
    """Clamped to 7: gate · σ(1.702 · gate) · (up + 1), as gpt-oss has it."""
    np.minimum(gate, _OAI_LIMIT, out=gate)
    inner = np.exp(gate * np.float32(-1.702))
    inner += np.float32(1)
    gate /= inner
    gate *= np.clip(up, -_OAI_LIMIT, _OAI_LIMIT) + np.float32(1)


# Gated products that are no φ(gate) · up; in place of the gate.
GATED: dict[Activation, Callable[[Array, Array], None]] = {"swiglu_oai": _swiglu_oai}


def combine(gate: Array | None, up: Array, activation: Activation) -> None:
    """φ(gate) · up in place of the gate; without one, φ(up) in place of up."""
    if gate is not None and activation in GATED:
        GATED[activation](gate, up)
        return
    hidden = up if gate is None else gate
    ACTIVATIONS[activation](hidden)
    if gate is not None:
        gate *= up


def combine_all(gate: Array | None, up: Array, activation: Activation, workers: Workers) -> Array:
    """The same over many tokens by all workers; gives the array that holds the product."""
    in_parts(lambda rows: combine(None if gate is None else gate[rows], up[rows], activation), len(up), workers)
    return up if gate is None else gate


def in_parts(work: Callable[[slice], None], n_rows: int, workers: Workers) -> None:
    """work(rows) for some rows at a time, that stay in cache."""
    workers.each(lambda first: work(slice(first, first + _ROWS)), range(0, n_rows, _ROWS))
