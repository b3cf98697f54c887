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

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..shape import Array, PromptSpan
from .attended import ATTENDED, Attended
from .experts import ExpertUse
from .figures import (
    FIGURES,
    RATIO,
    RATIO_OF,
    Figure,
    band_figure,
    figures_of_prompts,
    ratio_by_token,
    reduce_attention,
    reduce_tokens,
)
from .neurons import NeuronPeaks
from .reductions import squares_by_token
from .sink_values import SinkValues
from .stream_peaks import StreamPeaks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import ModelShape
    from .reductions import Bounds


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

Keep = Callable[[int, int, str, int, Array], object]


class Recording(Protocol):
    """Whoever takes activations: a `Recorder`, or something that asks for less."""

    def take(self, prompt: int, layer: int, point: str, values: Array, first_head: int = 0) -> None:
        """See `Recorder.take`."""

    def take_prompts(self, spans: Sequence[PromptSpan], layer: int, point: str, values: Array) -> None:
        """See `Recorder.take_prompts`."""

    def take_experts(self, prompt: int, layer: int, experts: npt.NDArray[np.integer], weights: Array) -> None:
        """See `Recorder.take_experts`."""


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
        self._alone = threading.Lock()
        self._n_prompts = n_prompts
        self._figures = dict(FIGURES)
        self._tables = {name: self._empty(figure) for name, figure in FIGURES.items() if name not in ATTENDED}
        self._waiting: dict[tuple[int, int], dict[str, Floats]] = {}  # (prompt, layer) → point → rms, for the ratio
        self.experts = ExpertUse(n_prompts, shape.n_experts) if shape.n_experts else None
        self.neurons = NeuronPeaks(shape)
        self.stream_peaks = StreamPeaks(n_prompts, shape)
        self.sink_values = SinkValues(n_prompts, shape)
        self._attended = Attended(n_prompts, shape, tokens)

    def _empty(self, figure: Figure) -> Floats:
        layers = (self._n_prompts, self._shape.n_layers)
        return np.full((*layers, max(self._shape.n_heads, default=0)) if figure.per_head else layers, np.nan)

    @property
    def figures(self) -> Mapping[str, Figure]:
        """The figures of `tables`: FIGURES, and as many bands of positions as the longest prompt has by now."""
        return self._figures

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
        if point != "attention":
            self.take_prompts([PromptSpan(prompt, slice(0, len(values)))], layer, point, values)
            return
        if self._keep is not None:
            self._keep(prompt, layer, point, first_head, values)
        self._attended.take(prompt, layer, values, first_head)
        self._take_heads(prompt, layer, reduce_attention(values, self._shape.sight(layer)), first_head)

    def take_prompts(self, spans: Sequence[PromptSpan], layer: int, point: str, values: Array) -> None:
        """Reduce the activations of several prompts at once, of any point but `attention`.

        Args:
            spans: the prompts, whose rows lie one behind the other.
            layer: number of the layer, from 0.
            point: a key of POINTS.
            values: of a batch that has these rows, see POINTS.
        """
        if self._keep is not None:
            for span in spans:
                self._keep(span.prompt, layer, point, 0, values[span.rows])
        first, end = spans[0].rows.start, spans[-1].rows.stop
        bounds = np.array([*(span.rows.start - first for span in spans), end - first])
        prompts = np.array([span.prompt for span in spans])
        flat = np.ascontiguousarray(values[first:end]).reshape(end - first, -1)
        squares = squares_by_token(flat)
        self._take_sizes(prompts, layer, point, flat, squares, bounds)
        reduced, rms = reduce_tokens(point, flat, squares, bounds, self._shape.sight(layer))
        self._write(prompts, layer, reduced)
        if point in RATIO_OF:
            self._take_ratio(prompts, layer, point, rms, bounds)

    def _take_sizes(  # noqa: PLR0917
        self, prompts: npt.NDArray[np.int64], layer: int, point: str, flat: Array, squares: Floats, bounds: Bounds
    ) -> None:
        """Hand activations to whoever keeps more of them than figures."""
        if point == "residual":
            self.stream_peaks.take(prompts, layer, flat, squares, bounds)
        elif point == "v":
            self.sink_values.take(prompts, layer, flat, bounds)
        elif point == "gated" and self._shape.n_experts and self._shape.n_experts[layer]:
            for prompt, start, end in zip(prompts.tolist(), bounds[:-1], bounds[1:], strict=True):
                self.neurons.take_mixture(prompt, layer, flat[start:end])
        elif point == "gated":
            self.neurons.take(layer, flat, squares)

    def _write(self, prompts: npt.NDArray[np.int64], layer: int, reduced: Mapping[str, Floats]) -> None:
        for name, figures in reduced.items():
            self._tables[name][prompts, layer] = figures

    def _take_heads(self, prompt: int, layer: int, reduced: Mapping[str, Floats], first_head: int) -> None:
        with self._alone:
            for band in range(len(reduced)):
                figure = band_figure(band)
                if figure.name in reduced and figure.name not in self._tables:
                    self._tables[figure.name] = self._empty(figure)
                    self._figures[figure.name] = figure
        for name, values in reduced.items():
            self._tables[name][prompt, layer, first_head : first_head + len(values)] = values

    def _take_ratio(self, prompts: npt.NDArray[np.int64], layer: int, point: str, rms: Floats, bounds: Bounds) -> None:
        """Write the ratio of the prompts whose outputs were both taken, in either order; hold the others' rms."""
        both: dict[int, dict[str, Floats]] = {}
        with self._alone:
            for prompt, start, end in zip(prompts.tolist(), bounds[:-1], bounds[1:], strict=True):
                waiting = self._waiting.setdefault((prompt, layer), {})
                waiting[point] = rms[start:end]
                if len(waiting) == len(RATIO_OF):
                    both[prompt] = self._waiting.pop((prompt, layer))
        if both:
            joined = {name: np.concatenate([of[name] for of in both.values()]) for name in RATIO_OF}
            ends = np.cumsum([0, *(len(of[point]) for of in both.values())])
            ratio, sizes = ratio_by_token(joined)
            reduced = figures_of_prompts([RATIO], [ratio], sizes, ends, self._shape.sight(layer))
            self._write(np.array(list(both)), layer, reduced)

    def tables(self) -> Mapping[str, Floats]:
        """Figure → (prompts, layers) or (prompts, layers, most heads of a layer); NaN where undefined or not taken."""
        return self._tables | self._attended.tables()
