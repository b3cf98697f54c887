"""The shape of a model that is traced, and the arrays that its activations come in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PromptSpan:
    """The rows of a batch of tokens that belong to one prompt."""

    prompt: int
    rows: slice


@dataclass(frozen=True)
class Sight:
    """The keys that a query sees.

    Attributes:
        window: at most so many up to its own, or so many around it where attention goes both ways; None: all.
        causal: none behind its own; else on both sides.
    """

    window: int | None
    causal: bool = True

    def keys(
        self, positions: npt.NDArray[np.int64], n_keys: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The first key that the queries at some positions see, and the one behind the last, each (queries,)."""
        if self.causal:
            first = np.zeros_like(positions) if self.window is None else positions - self.window + 1
            return np.maximum(first, 0), positions + 1
        reach = n_keys if self.window is None else self.window // 2  # as llama.cpp's symmetric windows
        return np.maximum(positions - reach, 0), np.minimum(positions + reach + 1, n_keys)


@dataclass(frozen=True)
class ModelShape:
    """The shape of a model as a tracer needs it.

    Attributes:
        n_layers: layers, numbered from 0.
        n_heads: query heads of each layer.
        n_kv_heads: key and value heads of each layer; query head h reads head h // (n_heads / n_kv_heads).
        windows: keys that a query sees at most, of each layer; None: all before it, or all.
        width: of the residual stream.
        n_vocabulary: rows of token_embd.
        context_length: tokens the model was made for; None where the file does not say.
        causal: whether a token sees none behind it.
        no_answers: the reason why the model does not continue a text; None: it does.
        n_experts: experts of each layer, 0 of a dense one; empty for a model without any.
    """

    n_layers: int
    n_heads: tuple[int, ...]
    n_kv_heads: tuple[int, ...]
    windows: tuple[int | None, ...]
    width: int
    n_vocabulary: int
    context_length: int | None
    causal: bool = True
    no_answers: str | None = None
    n_experts: tuple[int, ...] = ()

    def sight(self, layer: int) -> Sight:
        """The keys that queries of a layer see."""
        return Sight(self.windows[layer], self.causal)
