"""How far the attention of two models has come apart: the one's is held for a layer, and compared with the other's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ...runtime.shape import Array, ModelShape, PromptSpan

MOST_HELD = 1 << 27  # bytes of attention that are held of one layer


def attention_step(shape: ModelShape, lengths: Sequence[int]) -> int:
    """Every so many queries are compared, so that what is held of a layer stays within MOST_HELD."""
    n_bytes = 4 * max(shape.n_heads, default=0) * sum(length * length for length in lengths)
    return max(1, -(-n_bytes // MOST_HELD))


class Held:
    """What the reference hands over in a layer; a `Recording`.

    Attributes:
        experts: int64 (tokens, used) by prompt; empty in a dense layer.
    """

    def __init__(self, step: int) -> None:
        self._rows = slice(1, None, step)
        self._attention: dict[tuple[int, int], Array] = {}  # (prompt, first head) → probabilities
        self.experts: dict[int, npt.NDArray[np.int64]] = {}

    def take(self, prompt: int, _layer: int, point: str, values: Array, first_head: int = 0) -> None:
        """Hold probabilities of some queries; see `Recorder.take`."""
        if point == "attention":
            self._attention[prompt, first_head] = values[:, self._rows].copy()

    def take_prompts(self, spans: Sequence[PromptSpan], layer: int, point: str, values: Array) -> None:
        """Nothing but attention is held; see `Recorder.take_prompts`."""

    def take_experts(self, prompt: int, _layer: int, experts: npt.NDArray[np.integer], _weights: Array) -> None:
        """Hold who was chosen; see `Recorder.take_experts`."""
        self.experts[prompt] = experts.astype(np.int64)

    def of(self, prompt: int, first_head: int, values: Array) -> tuple[Array, Array]:
        """The held probabilities, and those of `values` that belong to them."""
        return self._attention[prompt, first_head], values[:, self._rows]

    def forget(self) -> None:
        """Hold nothing, in front of the next layer."""
        self._attention.clear()
        self.experts.clear()


class AttentionDrift:
    """Compares what the model hands over in a layer with what is held of the reference; a `Recording`."""

    def __init__(self, held: Held, shape: ModelShape) -> None:
        self._held = held
        self._shape = shape
        self._alone = threading.Lock()
        self._sums: dict[int, Floats] = {}  # by layer
        self._counts: dict[int, Floats] = {}
        self._same: dict[int, list[npt.NDArray[np.bool_]]] = {}

    def take(self, prompt: int, layer: int, point: str, values: Array, first_head: int = 0) -> None:
        """Add the variation of some heads; see `Recorder.take`."""
        if point != "attention":
            return
        ours, theirs = self._held.of(prompt, first_head, values)
        sums = [0.5 * float(np.abs(b - a).sum(dtype=np.float64)) for a, b in zip(ours, theirs, strict=True)]
        heads = slice(first_head, first_head + len(sums))
        with self._alone:
            n_heads = self._shape.n_heads[layer]
            self._sums.setdefault(layer, np.zeros(n_heads))[heads] += sums
            self._counts.setdefault(layer, np.zeros(n_heads))[heads] += ours.shape[1]

    def take_prompts(self, spans: Sequence[PromptSpan], layer: int, point: str, values: Array) -> None:
        """Nothing but attention is compared; see `Recorder.take_prompts`."""

    def take_experts(self, prompt: int, layer: int, experts: npt.NDArray[np.integer], _weights: Array) -> None:
        """Note which tokens chose the same ones; see `Recorder.take_experts`."""
        ours = np.sort(self._held.experts[prompt], axis=1)
        self._same.setdefault(layer, []).append((ours == np.sort(experts, axis=1)).all(axis=1))

    def by_head(self, layer: int) -> list[float | None]:
        """Mean total variation of each query head; empty in a layer without attention."""
        if layer not in self._sums:
            return []
        each = zip(self._sums[layer].tolist(), self._counts[layer].tolist(), strict=True)
        return [total / count if count and np.isfinite(total) else None for total, count in each]

    def same_experts(self, layer: int) -> float | None:
        """Share of tokens with the same experts; None in a dense layer."""
        return float(np.concatenate(self._same[layer]).mean()) if layer in self._same else None
