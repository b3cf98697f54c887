"""Norms over activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....architecture.limits import NotApplicableError
from .kernels import layer_norm, rms_norm

if TYPE_CHECKING:
    from ....architecture.parts import Norm
    from ....arrays.floats import Floats
    from ...shape import Array


def check_norm(norm: Norm | None) -> None:
    """Raise NotApplicableError for a norm whose weights are not finite."""
    if norm is None:
        return
    if not np.isfinite(norm.gain).all() or (norm.bias is not None and not np.isfinite(norm.bias).all()):
        raise NotApplicableError(f"{norm.name} has a weight that is not finite")


def normed(x: Array, norm: Norm | None) -> Array:
    """Every row normed, float32; without a norm the rows themselves."""
    if norm is None:
        return x
    out = np.empty_like(x)
    _norm_rows(x, norm.gain, norm.bias, norm, out)
    return out


def norm_heads(projected: Array, norm: Norm) -> None:
    """Every run of as many components as the norm has, of (tokens, components), in place."""
    length = norm.gain.shape[-1]
    flat = projected.reshape(-1, length)
    if norm.gain.ndim == 1:
        _norm_rows(flat, norm.gain, norm.bias, norm, flat)
        return
    _norm_rows(flat, np.ones(length), None, norm, flat)  # each head has gains of its own
    heads = projected.reshape(len(projected), -1, length)
    heads *= norm.gain.astype(np.float32)
    if norm.bias is not None:
        heads += norm.bias.astype(np.float32)


def _norm_rows(x: Array, gain: Floats, bias: Floats | None, norm: Norm, out: Array) -> None:
    gains = gain.astype(np.float32)
    biases = np.zeros_like(gains) if bias is None else bias.astype(np.float32)
    if norm.centred:
        layer_norm(x, gains, biases, norm.epsilon, out)
        return
    rms_norm(x, gains, norm.epsilon, out)
    if bias is not None:
        out += biases
