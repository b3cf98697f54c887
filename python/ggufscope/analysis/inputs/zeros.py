"""How many exact zeros a quantizer makes by itself, and how far their shares differ by chance.

`data/expected_zeros.json` holds what ggml's own quantizers leave of Gaussian and of Laplace weights, type by type, with
its provenance; `tools/make_expected_zeros.py` measures it. Types with an offset make zeros in clusters: where the grid
of a block meets 0, all weights of that code are 0 at once. A count of n zeros then varies not by √n but by
√(n · clustering), and for Q4_1, whose clustering is 7, 15 to 79 zeros where 30 to 42 are expected are chance.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...arrays.floats import Floats

TABLE = Path(__file__).with_name("data") / "expected_zeros.json"
UNQUANTIZED = frozenset({"F32", "F16", "BF16"})
SURE = 0.99  # that none of the layers lies outside by chance


@cache
def _measured() -> dict[str, dict[str, float]]:
    """Type → what was measured of it."""
    types: dict[str, dict[str, float]] = json.loads(TABLE.read_text(encoding="utf-8"))["types"]
    return types


@cache
def expected_zeros() -> dict[str, tuple[float, float]]:
    """Type → shares of exact zeros of Gaussian and of Laplace weights, the lower one first."""
    bands: dict[str, tuple[float, float]] = {}
    for name, shares in _measured().items():
        low, high = sorted((float(shares["gaussian"]), float(shares["laplace"])))
        bands[name] = low, high
    return bands


def noise_of_zeros(shares: Floats, types: Sequence[str | None], elements: Floats | None) -> str | None:
    """The noise that differences of zero shares over the layers do not exceed; None where they do.

    Layers of several types differ by their types, which is no noise: the confound test is for that. Weights that are
    not quantized have no band, but a common share.

    Args:
        shares: (L,).
        types: of the tensor at each layer.
        elements: number of weights, (L,); without it, or where it is NaN, chance is left out of account.

    Returns:
        In words, behind "within".
    """
    (name, *others) = set(types)
    if others or name not in expected_zeros() or not np.isfinite(shares).all():
        return None
    counted = np.full(len(shares), np.nan) if elements is None else elements
    low, high = expected_zeros()[name]
    if name in UNQUANTIZED:
        low = high = float(np.average(shares, weights=None if np.isnan(counted).any() else counted))
    limit = NormalDist().inv_cdf(1 - (1 - SURE) / (2 * len(shares)))

    def chance(share: float) -> Floats:
        return limit * np.sqrt(_measured()[name]["clustering"] * share * (1 - share) / counted)

    lowest, highest = low - np.nan_to_num(chance(low)), high + np.nan_to_num(chance(high))
    if not ((lowest <= shares) & (shares <= highest)).all():
        return None
    return "the noise of counting" if name in UNQUANTIZED else f"{name}'s own noise"


def expected_band(type_name: str | None) -> tuple[float, float] | None:
    """The band of zero shares that a type explains; None for a type that is not in the table.

    A name such as `"4.5 bits"`, which several types share, has the band that holds all of theirs. Of several types
    (`"Q4_K/Q6_K"`, the experts of a layer) the same.
    """
    bands = [expected_zeros().get(name) for name in _candidates(type_name)]
    known = [band for band in bands if band is not None]
    if not known or len(known) < len(bands):
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def _candidates(type_name: str | None) -> list[str]:
    if type_name is None:
        return []
    if type_name.endswith(" bits"):
        from .phase1 import candidate_types  # noqa: PLC0415  pydantic takes a while to import

        return candidate_types(float(type_name.removesuffix(" bits")))
    return type_name.split("/")


def bands(types: Sequence[str | None]) -> tuple[Floats, Floats]:
    """Lower and upper ends of the bands, (L,) each, NaN where not known."""
    ends = [expected_band(name) or (np.nan, np.nan) for name in types]
    low, high = np.array(ends, np.float64).reshape(len(types), 2).T
    return low, high


def excess_zeros(shares: Floats, types: Sequence[str | None]) -> Floats:
    """How far zero shares lie outside the band that the type explains: 0 inside it, negative below it; (L,).

    Args:
        shares: (L,).
        types: of the tensor at each layer.
    """
    low, high = bands(types)
    return np.where(shares > high, shares - high, np.where(shares < low, shares - low, 0.0)) + 0 * low
