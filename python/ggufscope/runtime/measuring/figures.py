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
    largest_over_median,
    number_of_bands,
    over_prompts,
    top_energy_shares,
)

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..shape import Array, Sight
    from .reductions import Bounds

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


Measure = Callable[["Array", "Floats"], Sequence["Floats"]]  # tokens × width, Σ x² of each token → figures, (tokens,)

FIGURES: dict[str, Figure] = {}  # all but those of bands of positions, of which longer prompts have more
_MEASURES: dict[str, Measure] = {}
_NAMES: dict[str, tuple[str, ...]] = {}  # point → its figures, without those of the first token


def _register(name: str, point: str, definition: str, *, largest: bool = False) -> None:
    over = f"the largest {_OVER}" if largest else f"median {_OVER}"
    FIGURES[name] = Figure(name, point, f"{definition}; {over}", per_head=False, largest=largest)
    FIGURES[name + FIRST] = Figure(name + FIRST, point, f"{definition}; of the first token", per_head=False)


def _measures(point: str, *, largest: Sequence[str] = (), **definitions: str) -> Callable[[Measure], Measure]:
    """Register a function that gives the figures named in `definitions`, token by token, rms first."""

    def register(function: Measure) -> Measure:
        _MEASURES[point] = function
        _NAMES[point] = tuple(definitions)
        for name, definition in definitions.items():
            _register(name, point, definition, largest=name in largest)
        return function

    return register


def _rms(values: Array, squares: Floats) -> Floats:
    """Root mean square of each token, (tokens,); NaN where there is no width."""
    rms: Floats = np.sqrt(squares / values.shape[1]) if values.shape[1] else np.full(len(values), np.nan)
    return rms


def _rms_alone(values: Array, squares: Floats) -> Sequence[Floats]:
    return (_rms(values, squares),)


def _near_zero(values: Array, rms: Floats) -> Floats:
    """Share of |x| < 0.1 · rms in each token; NaN for one that is zero throughout, a share of nothing."""
    share: Floats = np.where(rms > 0, count_below(values, NEAR_ZERO * rms) / max(values.shape[1], 1), np.nan)
    return share


_measures("q", q_rms="rms of queries as projected, before q/k norm and RoPE")(_rms_alone)
_measures("k", k_rms="rms of keys as projected, before q/k norm and RoPE")(_rms_alone)


@_measures("v", v_rms="rms of values", v_near_zero_share="share of a token's values below 0.1 of their rms")
def _values(values: Array, squares: Floats) -> Sequence[Floats]:
    rms = _rms(values, squares)
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
def _gated(values: Array, squares: Floats) -> Sequence[Floats]:
    rms = _rms(values, squares)
    return rms, _near_zero(values, rms), top_energy_shares(values, squares, TOP_SHARE)


_measures("ffn_output", ffn_output_rms="rms of what the FFN adds to the residual stream")(_rms_alone)


@_measures(
    "residual",
    largest=("residual_peak",),
    residual_rms="rms of the residual stream behind the layer",
    residual_peak="max |x| / median |x| of a token's residual stream behind the layer: massive activations",
)
def _residual(values: Array, squares: Floats) -> Sequence[Floats]:
    return _rms(values, squares), largest_over_median(values, squares)


_register(RATIO, RATIO_OF[0], "ffn_output_rms / attention_output_rms of a token")


def reduce_tokens(
    point: str, values: Array, squares: Floats, bounds: Bounds, sight: Sight
) -> tuple[dict[str, Floats], Floats]:
    """The figures of a point's activations in some prompts, each (prompts,), and the rms of each token, (tokens,).

    Args:
        point: see `capture.POINTS`.
        values: float32 (tokens, width), C-contiguous, one prompt behind the other.
        squares: of each token, see `squares_by_token`.
        bounds: see `over_prompts`.
        sight: the keys that queries of the layer see.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # tokens that overflow have no finite rms, and so no figure
        columns = _MEASURES[point](values, squares)
    return figures_of_prompts(_NAMES[point], columns, columns[0], bounds, sight), columns[0]


def figures_of_prompts(
    names: Sequence[str], columns: Sequence[Floats], sizes: Floats, bounds: Bounds, sight: Sight
) -> dict[str, Floats]:
    """Figures of each token, (tokens,), reduced to those of the prompts and of their first tokens; `over_prompts`."""
    largest = [FIGURES[name].largest for name in names]
    later, first = over_prompts(np.stack([sizes, *columns]), largest, bounds, 1 if sight.causal else 0)
    return dict(zip(names, later, strict=True)) | {
        name + FIRST: values for name, values in zip(names, first, strict=True)
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
