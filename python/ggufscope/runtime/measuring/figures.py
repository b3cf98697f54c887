"""The registry of figures, and how a point's activations become them: token by token, then one number of a prompt.

Sizes are medians over tokens, and the first token stands apart: in it a trained model parks massive activations, of
which a root mean square over all tokens is but their size by the number of tokens (docs/trace.md). Attention that goes
both ways parks nothing there: all of its tokens count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .attended import ATTENDED
from .reductions import (
    attention_statistics,
    band_bounds,
    count_below,
    number_of_bands,
    squares_by_token,
    top_energy_shares,
)

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..shape import Array, Sight

NEAR_ZERO = 0.1  # of a token's rms
TOP_SHARE = 0.01
FIRST = "_first"  # behind the name of a figure: that of the first token
RATIO = "ffn_attention_ratio"
RATIO_OF = ("ffn_output", "attention_output")  # points whose rms it is the ratio of

_OVER = "over the tokens t ≥ 1; over all where attention goes both ways"


@dataclass(frozen=True)
class Figure:
    """A measured number, one per prompt and layer, or, `per_head`, one per prompt, layer and query head.

    Attributes:
        largest: of tokens, the largest counts and not the median.
    """

    name: str
    point: str
    definition: str
    per_head: bool
    largest: bool = False


ByToken = Sequence["Floats"]  # of each figure of a point, (tokens,)

FIGURES: dict[str, Figure] = {}  # all but those of bands of positions, of which longer prompts have more
_MEASURES: dict[str, Callable[[Array], ByToken]] = {}
_NAMES: dict[str, tuple[str, ...]] = {}  # point → its figures, without those of the first token


def _register(name: str, point: str, definition: str, *, largest: bool = False) -> None:
    over = f"the largest {_OVER}" if largest else f"median {_OVER}"
    FIGURES[name] = Figure(name, point, f"{definition}; {over}", per_head=False, largest=largest)
    FIGURES[name + FIRST] = Figure(name + FIRST, point, f"{definition}; of the first token", per_head=False)


def _measures(
    point: str, *, largest: Sequence[str] = (), **definitions: str
) -> Callable[[Callable[[Array], ByToken]], Callable[[Array], ByToken]]:
    """Register a function (tokens × width) → the figures named in `definitions`, token by token, rms first."""

    def register(function: Callable[[Array], ByToken]) -> Callable[[Array], ByToken]:
        _MEASURES[point] = function
        _NAMES[point] = tuple(definitions)
        for name, definition in definitions.items():
            _register(name, point, definition, largest=name in largest)
        return function

    return register


def rms_by_token(values: Array) -> Floats:
    """Root mean square of each token, (tokens,), of tokens × width; NaN where there is no width."""
    rms: Floats = np.sqrt(squares_by_token(values) / values.shape[1]) if values.shape[1] else _unknown(values)
    return rms


def _unknown(values: Array) -> Floats:
    return np.full(len(values), np.nan)


def _rms_alone(values: Array) -> ByToken:
    return (rms_by_token(values),)


def _near_zero(values: Array, rms: Floats) -> Floats:
    """Share of |x| < 0.1 · rms in each token; NaN for one that is zero throughout, a share of nothing."""
    share: Floats = np.where(rms > 0, count_below(values, NEAR_ZERO * rms) / max(values.shape[1], 1), np.nan)
    return share


_measures("q", q_rms="rms of queries as projected, before q/k norm and RoPE")(_rms_alone)
_measures("k", k_rms="rms of keys as projected, before q/k norm and RoPE")(_rms_alone)


@_measures("v", v_rms="rms of values", v_near_zero_share="share of a token's values below 0.1 of their rms")
def _values(values: Array) -> ByToken:
    rms = rms_by_token(values)
    return rms, _near_zero(values, rms)


_measures("attention_output", attention_output_rms="rms of what attention adds to the residual stream")(_rms_alone)
_measures("ffn_norm", ffn_norm_rms="rms of what gate and up projection read, behind the FFN's norm")(_rms_alone)
_measures("gate", gate_rms="rms of the gate projection, before its activation")(_rms_alone)
_measures("up", up_rms="rms of the up projection")(_rms_alone)


@_measures(
    "gated",
    gated_rms="rms of the gated product",
    gated_near_zero_share="share of a token's gated product below 0.1 of its rms",
    gated_top_energy_share="what the 1 % of neurons with the largest squares hold of a token's Σ x²",
)
def _gated(values: Array) -> ByToken:
    rms = rms_by_token(values)
    return rms, _near_zero(values, rms), top_energy_shares(values, TOP_SHARE)


_measures("ffn_output", ffn_output_rms="rms of what the FFN adds to the residual stream")(_rms_alone)


@_measures(
    "residual",
    largest=("residual_peak",),
    residual_rms="rms of the residual stream behind the layer",
    residual_peak="max |x| / median |x| of a token's residual stream behind the layer: massive activations",
)
def _residual(values: Array) -> ByToken:
    size = np.abs(values)
    median = np.median(size, axis=1).astype(np.float64) if size.size else _unknown(values)
    peak = np.divide(size.max(axis=1, initial=0), median, out=_unknown(values), where=median > 0)
    return rms_by_token(values), peak


_register(RATIO, RATIO_OF[0], "ffn_output_rms / attention_output_rms of a token")


def reduce_tokens(point: str, values: Array, sight: Sight) -> tuple[dict[str, float], Floats]:
    """The figures of a point's activations, tokens × width, and the rms of each token, (tokens,)."""
    with np.errstate(over="ignore", invalid="ignore"):  # tokens that overflow have no finite rms, and so no figure
        columns = _MEASURES[point](values)
    reduced: dict[str, float] = {}
    for name, column in zip(_NAMES[point], columns, strict=True):
        reduced |= over_tokens(name, column, columns[0], sight)
    return reduced, columns[0]


def over_tokens(name: str, column: Floats, rms: Floats, sight: Sight) -> dict[str, float]:
    """Reduce a figure of each token, (tokens,), to that of the prompt and that of its first token.

    Tokens where it is undefined do not count; where the rms of one that counts is not finite, there is no figure.
    """
    begin = 1 if sight.causal else 0
    later = column[begin:][np.isfinite(column[begin:])]
    whole = later.size > 0 and bool(np.isfinite(rms[begin:]).all())
    reduce = np.max if FIGURES[name].largest else np.median
    return {
        name: float(reduce(later)) if whole else np.nan,
        name + FIRST: float(column[0]) if len(column) and np.isfinite(rms[0]) else np.nan,
    }


def ratio_by_token(rms: dict[str, Floats]) -> tuple[Floats, Floats]:
    """RATIO of each token, (tokens,), NaN where attention adds nothing, and a sum that is finite where both rms are."""
    above, below = (rms[point] for point in RATIO_OF)
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0), above + below


# Attention

_ATTENTION = {
    "entropy": "entropy H of attention in nats, mean over the positions t ≥ 1; over all where attention goes both ways",
    "entropy_share": "H / ln(keys seen), mean over the same positions; t + 1 keys are seen, all where attention goes"
    " both ways, or those of a sliding window",
    "first_token_share": "attention on the first token, mean over the same positions",
}
# Those of ATTENDED are measured by `Attended`, which knows the tokens.
FIGURES |= {name: Figure(name, "attention", text, per_head=True) for name, text in (_ATTENTION | ATTENDED).items()}
BAND = "entropy_share_"


def band_figure(band: int) -> Figure:
    """The entropy of a band of positions: 1 to 3, 4 to 7, 8 to 15, 16 to 31 and so on.

    >>> band_figure(0).name, band_figure(3).name
    ('entropy_share_1_3', 'entropy_share_16_31')
    """
    first, last = band_bounds(band)
    definition = f"H / ln(keys seen), mean over the positions {first} to {last}, as far as a prompt goes"
    return Figure(f"{BAND}{first}_{last}", "attention", definition, per_head=True)


def reduce_attention(values: Array, sight: Sight) -> dict[str, Floats]:
    """The figures of some heads, (heads,), of what each query gives each key, heads × tokens × keys."""
    n_tokens = values.shape[1]
    first, end = sight.keys(np.arange(n_tokens), n_tokens)
    bands = number_of_bands(n_tokens) if sight.causal else 0
    means = attention_statistics(np.ascontiguousarray(values), end - first, 1 if sight.causal else 0, bands)
    names = [*_ATTENTION, *(band_figure(band).name for band in range(bands))]
    return dict(zip(names, means, strict=True))
