"""φ and the gated product, in place and in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ....architecture.families import Activation
    from ...shape import Array


def activate(x: Array, activation: Activation) -> None:
    """φ(x) in place: SiLU, GELU in the tanh form (as ggml has it), or ReLU."""
    if activation == "relu":
        np.maximum(x, 0, out=x)
        return
    inner = np.empty_like(x)
    if activation == "silu":  # x / (1 + e⁻ˣ)
        np.exp(np.negative(x, out=inner), out=inner)
        inner += np.float32(1)
        x /= inner
        return
    np.multiply(x, x, out=inner)  # x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))
    inner *= np.float32(0.044715)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(0.79788456080286535588)
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= np.float32(0.5)
    x *= inner
