"""The shape of a model that is traced, and the arrays that its activations come in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ModelShape:
    """The shape of a model as a tracer needs it.

    Attributes:
        n_layers: layers, numbered from 0.
        n_heads: query heads of each layer.
        n_kv_heads: key and value heads of each layer; query head h reads head h // (n_heads / n_kv_heads).
        windows: keys that a query sees at most, of each layer; None: all before it.
        width: of the residual stream.
        n_vocabulary: rows of token_embd.
        context_length: tokens the model was made for; None where the file does not say.
    """

    n_layers: int
    n_heads: tuple[int, ...]
    n_kv_heads: tuple[int, ...]
    windows: tuple[int | None, ...]
    width: int
    n_vocabulary: int
    context_length: int | None
