"""Norms over activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....architecture.limits import NotApplicableError
from .kernels import rms_norm

if TYPE_CHECKING:
    from ....architecture.parts import Norm
    from ...shape import Array


def check_norm(norm: Norm | None) -> None:
    """Raise NotApplicableError for a norm that is not computed here, or whose weights are not finite."""
    if norm is None:
        return
    if norm.centred:
        raise NotApplicableError(f"{norm.name} is a LayerNorm, which the streamed engine does not run")
    if norm.bias is not None:
        raise NotApplicableError(f"{norm.name} has a bias, which the streamed engine does not add")
    if not np.isfinite(norm.gain).all():
        raise NotApplicableError(f"{norm.name} has a weight that is not finite")


def normed(x: Array, norm: Norm | None) -> Array:
    """Every row normed, float32; without a norm the rows themselves."""
    if norm is None:
        return x
    out = np.empty_like(x)
    rms_norm(x, norm.gain.astype(np.float32), norm.epsilon, out)
    return out


def norm_heads(projected: Array, norm: Norm) -> None:
    """Every run of as many components as the norm has, of (tokens, components), in place."""
    flat = projected.reshape(-1, norm.gain.shape[-1])
    rms_norm(flat, norm.gain.astype(np.float32), norm.epsilon, flat)
