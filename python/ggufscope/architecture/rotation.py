"""Rotary position embedding (RoPE), as ggml's `rope_yarn` and `ggml_compute_forward_rope` compute it.

Component pairs of a head are complex numbers here, and turning them at a position is one multiplication. NEOX pairs lie
half a head apart; `pair_order` brings them side by side, in queries and keys alike, which no score notices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .limits import NotApplicableError

if TYPE_CHECKING:
    import numpy.typing as npt

    from .family import Pairs

BETA_FAST, BETA_SLOW = 32.0, 1.0  # rotations over the original context between which YaRN blends


@dataclass(frozen=True)
class Yarn:
    """YaRN (Peng et al. 2023): fast pairs keep their frequency, slow ones are stretched.

    Attributes:
        original_context: tokens before stretching.
        beta_fast, beta_slow: turns over them between which the two are blended.
        log_multiplier: of the logarithm of the stretching that divides magnitudes; 0: nothing does.
    """

    original_context: int
    beta_fast: float = BETA_FAST
    beta_slow: float = BETA_SLOW
    log_multiplier: float = 0.0


@dataclass(frozen=True)
class Rotation:
    """RoPE of one layer.

    Attributes:
        pairs: see `Family`.
        n_dims: components of a head that turn, the first ones.
        base: of the frequencies, base^(−2i / n_dims).
        scale: of positions; 1 / factor where a model was stretched.
        magnitude: of rotated components.
        yarn: the blend of stretching over the pairs; None for all alike.
        divided: whether divisors of frequencies count that the model may have.
    """

    pairs: Pairs
    n_dims: int
    base: float
    scale: float = 1.0
    magnitude: float = 1.0
    yarn: Yarn | None = None
    divided: bool = True


def phases(rotation: Rotation, n_positions: int, factors: npt.NDArray[np.float64] | None) -> npt.NDArray[np.complex128]:
    """The factors of the pairs at positions 0 … n − 1: (n, n_dims / 2).

    `factors`, (n_dims / 2,), divide the frequencies (`rope_freqs` of Llama 3).

    Raises:
        NotApplicableError: There are not so many factors, or the frequencies are not finite.
    """
    pair = np.arange(0, rotation.n_dims, 2)
    frequency = np.power(rotation.base, -pair / rotation.n_dims)
    if factors is not None and rotation.divided:
        if factors.shape != pair.shape:
            raise NotApplicableError(f"RoPE turns {len(pair)} pairs of components, and has factors for {len(factors)}")
        with np.errstate(divide="ignore", over="ignore"):  # looked for below
            frequency = frequency / factors
    kept = _kept_share(rotation)
    frequency = frequency * (rotation.scale * (1 - kept) + kept)
    if not np.isfinite(frequency).all():
        raise NotApplicableError(f"RoPE with base {rotation.base:g} has frequencies that are not finite")
    magnitude = rotation.magnitude
    if rotation.yarn is not None:
        stretched = 0.1 * math.log(1 / rotation.scale)
        divisor = 1 + rotation.yarn.log_multiplier * stretched
        if divisor == 0:
            raise NotApplicableError(f"YaRN with a multiplier of {rotation.yarn.log_multiplier:g} divides by 0")
        magnitude *= (1 + stretched) / divisor
    turned: npt.NDArray[np.complex128] = magnitude * np.exp(1j * np.arange(n_positions)[:, None] * frequency)
    return turned


def _kept_share(rotation: Rotation) -> npt.NDArray[np.float64]:
    """Share of a pair's own frequency that stays, (n_dims / 2,): ggml's `rope_yarn_ramp`; 0 without YaRN."""
    n_pairs = rotation.n_dims // 2
    if rotation.yarn is None:
        return np.zeros(n_pairs)
    if rotation.base == 1:
        raise NotApplicableError("YaRN blends by frequency, and RoPE with base 1 has a single one")

    def pair_turning(times: float) -> float:
        wavelength = rotation.yarn.original_context / (times * 2 * math.pi) if rotation.yarn else 1.0
        return rotation.n_dims * math.log(wavelength) / (2 * math.log(rotation.base))

    low = max(0, math.floor(pair_turning(rotation.yarn.beta_fast)))
    high = min(rotation.n_dims - 1, math.ceil(pair_turning(rotation.yarn.beta_slow)))
    return 1 - ((np.arange(n_pairs) - low) / max(0.001, high - low)).clip(0, 1)


def pair_order(rotation: Rotation | None, key_length: int) -> npt.NDArray[np.intp]:
    """The order of a head's components that brings pairs side by side."""
    order = np.arange(key_length)
    if rotation is not None and rotation.pairs == "neox":
        half = rotation.n_dims // 2
        order[: rotation.n_dims] = np.arange(rotation.n_dims).reshape(2, half).T.reshape(-1)
    return order


def rotate(vectors: npt.NDArray[np.float64], turned: npt.NDArray[np.complex128]) -> None:
    """Turn the first components of `vectors`, (…, n, key_length) with pairs side by side, in place.

    `turned` is (n, n_dims / 2), or (n_dims / 2,) for one position.
    """
    n_dims = 2 * turned.shape[-1]
    if n_dims == vectors.shape[-1]:
        vectors.view(np.complex128)[...] *= turned
        return
    head = np.ascontiguousarray(vectors[..., :n_dims])
    head.view(np.complex128)[...] *= turned
    vectors[..., :n_dims] = head
