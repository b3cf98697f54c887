"""Measuring while a model reads: the points of a layer where an engine hands over activations, and the figures.

    residual ─┬─ attn_norm ─▶ q k v ─ (q/k norm) ─ RoPE ─▶ attention ─▶ W_o ─ (post-norm) ─▶ attention_output ─ + ─┐
              └──────────────────────────────────────────────────────────────────────────────────────────────── ┘  │
              ┌─ ffn_norm ─▶ gate, up ─▶ gated = φ(gate) · up ─▶ W_down ─ (post-norm) ─▶ ffn_output ─────────── +  │
              └────────────────────────────────────────────────────────────────────────────────────────────── ┘ ◀─┘

An engine calls `Recorder.take` with each point of each layer and prompt, in any order and from any thread. The arrays
are reduced at once and may be overwritten afterwards. Figures know nothing of engines: two engines that hand over the
same arrays give the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..shape import Array, Sight
from .attended import ATTENDED, Attended
from .experts import ExpertUse
from .neurons import NeuronPeaks
from .reductions import attention_statistics, count_below, sum_of_squares, top_energy_share
from .sink_values import SinkValues
from .stream_peaks import StreamPeaks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import ModelShape


# Point → what an engine hands over: float32, the tokens of one prompt × width, in order of position; only `attention`
# is heads × queries × keys. In brackets: the node that holds it in most of llama.cpp's graphs
# (`cb(…, name, layer)`); `engines.llama_cpp.nodes` goes by the weights that are multiplied.
POINTS = {
    "q": "queries as projected, bias included, before q/k norm and RoPE: tokens × (heads · key length)"
    " [the last Qcur in front of norm and RoPE; of wqkv the first part]",
    "k": "keys, as q: tokens × (key heads · key length) [Kcur; of wqkv the second part]",
    "v": "values, bias included: tokens × (key heads · value length) [Vcur; of wqkv the last part]",
    "attention": "what each query gives each key, behind the softmax: query heads × tokens × keys, key j being token"
    " j of the prompt; 0 where the mask hides it; may come in runs of heads [kq_soft_max]",
    "attention_output": "what attention adds to the residual stream, behind the output projection and the norm that"
    " follows it, if there is one: tokens × width [attn_out, attn_post_norm; equally ffn_inp less the layer's input]",
    "ffn_norm": "what gate and up projection read: tokens × width [ffn_norm]",
    "gate": "the gate projection, before φ; a model without a gate has none: tokens × neurons, in a mixture × those of"
    " the experts that a token chose, best first [ffn_gate; the first half of ffn_up where one matrix is both, as in"
    " Phi 3]",
    "up": "the up projection, before φ where there is no gate: tokens × neurons [ffn_up, or its second half]",
    "gated": "φ(gate) · up, or φ(up) without a gate, which the down projection reads: tokens × neurons [ffn_swiglu,"
    " ffn_geglu, ffn_gate_par]",
    "ffn_output": "what the FFN adds to the residual stream, behind the norm that follows it, if there is one:"
    " tokens × width [ffn_out, ffn_post_norm]",
    "residual": "the residual stream behind the layer: tokens × width [l_out]",
}

NEAR_ZERO = 0.1  # of the rms
TOP_SHARE = 0.01


@dataclass(frozen=True)
class Figure:
    """A measured number, one per prompt and layer, or, `per_head`, one per prompt, layer and query head."""

    name: str
    point: str
    definition: str
    per_head: bool


FIGURES: dict[str, Figure] = {}
_MEASURES: dict[str, Callable[[Array, Sight], Sequence[float] | Floats]] = {}


def _measures(
    point: str, *, per_head: bool = False, **definitions: str
) -> Callable[[Callable[[Array, Sight], Sequence[float] | Floats]], None]:
    """Register a function (array, sight) → the figures named in `definitions`, in that order."""

    def register(function: Callable[[Array, Sight], Sequence[float] | Floats]) -> None:
        _MEASURES[point] = function
        FIGURES.update({name: Figure(name, point, text, per_head) for name, text in definitions.items()})

    return register


def _rms(values: Array) -> float:
    flat = np.ascontiguousarray(values).reshape(-1)
    return math.sqrt(sum_of_squares(flat) / flat.size) if flat.size else math.nan


def _rms_alone(values: Array, _sight: Sight) -> Sequence[float]:
    return (_rms(values),)


def _near_zero(values: Array, rms: float) -> float:
    """P(|x| < 0.1 · rms(x)) over tokens and neurons; undefined where everything is zero, as where nothing is."""
    flat = np.ascontiguousarray(values).reshape(-1)
    return count_below(flat, NEAR_ZERO * rms) / flat.size if rms > 0 else math.nan


_measures("q", q_rms="rms of queries as projected, before q/k norm and RoPE")(_rms_alone)
_measures("k", k_rms="rms of keys as projected, before q/k norm and RoPE")(_rms_alone)


@_measures("v", v_rms="rms of values", v_near_zero_share="share of values below 0.1 of their rms")
def _values(values: Array, _sight: Sight) -> Sequence[float]:
    rms = _rms(values)
    return rms, _near_zero(values, rms)


@_measures(
    "attention",
    per_head=True,
    entropy="entropy H of attention in nats, mean over the positions t ≥ 1; over all where attention goes both ways",
    entropy_share="H / ln(keys seen), mean over the same positions; t + 1 keys are seen, all where attention goes both"
    " ways, or those of a sliding window",
    first_token_share="attention on the first token, mean over the same positions",  # noqa: S106
)
def _attention(values: Array, sight: Sight) -> Floats:
    n_tokens = values.shape[1]
    first, end = sight.keys(np.arange(n_tokens), n_tokens)
    return attention_statistics(np.ascontiguousarray(values), end - first, 1 if sight.causal else 0)


# `Attended` measures these, since it knows the tokens.
FIGURES.update({name: Figure(name, "attention", text, per_head=True) for name, text in ATTENDED.items()})

_measures("attention_output", attention_output_rms="rms of what attention adds to the residual stream")(_rms_alone)
_measures("ffn_norm", ffn_norm_rms="rms of what gate and up projection read, behind the FFN's norm")(_rms_alone)
_measures("gate", gate_rms="rms of the gate projection, before its activation")(_rms_alone)
_measures("up", up_rms="rms of the up projection")(_rms_alone)


@_measures(
    "gated",
    gated_rms="rms of the gated product",
    gated_near_zero_share="share of the gated product below 0.1 of its rms",
    gated_top_energy_share="what the 1 % of neurons with the largest squares hold of Σ x², mean over tokens",
)
def _gated(values: Array, _sight: Sight) -> Sequence[float]:
    rms = _rms(values)
    return rms, _near_zero(values, rms), top_energy_share(values, TOP_SHARE)


_measures("ffn_output", ffn_output_rms="rms of what the FFN adds to the residual stream")(_rms_alone)


@_measures(
    "residual",
    residual_rms="rms of the residual stream behind the layer",
    residual_peak="max |x| / median |x| of the residual stream behind the layer: massive activations",
)
def _residual(values: Array, _sight: Sight) -> Sequence[float]:
    size = np.abs(values)
    median = float(np.median(size)) if size.size else 0.0
    return _rms(values), float(size.max()) / median if median > 0 else math.nan


# From two others, where both are measured.
RATIOS = {"ffn_attention_ratio": ("ffn_output_rms", "attention_output_rms")}
FIGURES["ffn_attention_ratio"] = Figure(
    "ffn_attention_ratio", "ffn_output", "ffn_output_rms / attention_output_rms", per_head=False
)

Keep = Callable[[int, int, str, int, Array], object]


class Recorder:
    """The figures of all prompts and layers, filled while an engine works.

    Args:
        n_prompts: number of prompts.
        shape: of the model.
        keep: called as `keep(prompt, layer, point, first_head, values)` with every array, before it is reduced; it
            must copy what it wants to have. From any thread.
        tokens: ids of each prompt; None: it is not known which repeat.

    Attributes:
        experts: who was chosen; None for a model without mixtures.
        neurons: how active each was at most.
        stream_peaks: the largest values of the residual stream.
        sink_values: the values of the first token against those of the others.
    """

    def __init__(
        self,
        n_prompts: int,
        shape: ModelShape,
        keep: Keep | None = None,
        tokens: Sequence[npt.NDArray[np.int32]] | None = None,
    ) -> None:
        self._shape = shape
        self._keep = keep
        most_heads = max(shape.n_heads, default=0)
        layers = (n_prompts, shape.n_layers)
        self._tables = {
            name: np.full((*layers, most_heads) if figure.per_head else layers, np.nan)
            for name, figure in FIGURES.items()
            if name not in ATTENDED
        }
        self.experts = ExpertUse(n_prompts, shape.n_experts) if shape.n_experts else None
        self.neurons = NeuronPeaks(shape)
        self.stream_peaks = StreamPeaks(n_prompts, shape)
        self.sink_values = SinkValues(n_prompts, shape)
        self._attended = Attended(n_prompts, shape, tokens)

    def take_experts(self, prompt: int, layer: int, experts: npt.NDArray[np.integer], weights: Array) -> None:
        """Count the experts that the tokens of a prompt chose in a layer, and their weights, each (tokens, used)."""
        if self.experts is not None:
            self.experts.take(prompt, layer, experts, weights)
            self.neurons.take_experts(prompt, layer, experts)

    def take(self, prompt: int, layer: int, point: str, values: Array, first_head: int = 0) -> None:
        """Reduce the activations captured at a point of a layer; nothing of `values` is held.

        Args:
            prompt: number of the prompt, from 0.
            layer: number of the layer, from 0.
            point: a key of POINTS.
            values: see POINTS.
            first_head: `attention` only: the query head that `values[0]` belongs to.
        """
        if self._keep is not None:
            self._keep(prompt, layer, point, first_head, values)
        if point == "attention":
            self._attended.take(prompt, layer, values, first_head)
        elif point == "gated":
            self.neurons.take(prompt, layer, values)
        elif point == "residual":
            self.stream_peaks.take(prompt, layer, values)
        elif point == "v":
            self.sink_values.take(prompt, layer, values)
        elsewhere = {*RATIOS, *ATTENDED}
        names = [name for name, figure in FIGURES.items() if figure.point == point and name not in elsewhere]
        for name, measured in zip(names, _MEASURES[point](values, self._shape.sight(layer)), strict=True):
            if FIGURES[name].per_head:
                self._tables[name][prompt, layer, first_head : first_head + len(values)] = measured
            else:
                self._tables[name][prompt, layer] = measured

    def tables(self) -> Mapping[str, Floats]:
        """Figure → (prompts, layers) or (prompts, layers, most heads of a layer); NaN where undefined or not taken."""
        ratios = {}
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, (over, under) in RATIOS.items():
                ratio = self._tables[over] / self._tables[under]
                ratios[name] = np.where(np.isfinite(ratio), ratio, np.nan)
        return self._tables | self._attended.tables() | ratios
