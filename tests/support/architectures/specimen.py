"""A tiny random model of an architecture: its metadata, and its tensors by name and shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

WIDTH, NEURONS, VOCABULARY, CONTEXT = 64, 96, 200, 256
HEADS, KV_HEADS, LENGTH = 4, 2, 16
EPSILON = 1e-5
# Neurons of an FFN with GELU, which llama.cpp looks up in halves. Where two engines' sums round to different ones, one
# neuron among so many, whose FFN adds little, moves the logits by less than what is asked of them.
WIDE = 1024
WINDOW = 7  # where an architecture has windows: shorter than what is read

Shape = tuple[int, ...]
TIED: dict[str, Shape | None] = {"output.weight": None}
Shapes = Mapping[str, Shape]
Draw = Callable[[np.random.Generator, Shape], npt.NDArray[Any]]


@dataclass(frozen=True)
class Specimen:
    """One tiny model.

    Attributes:
        architecture: as in `general.architecture`.
        layer: tensors of a layer, by the name behind `blk.N.`.
        metadata: keys behind the architecture's name, in addition to those every model has; None takes one away.
        layers: their number.
        layer_of: tensors of a certain layer, where layers differ; by default `layer` for all.
        outside: tensors outside the layers, in addition to embedding, norm and output; None takes one away.
        draw: values of tensors that are neither matrices, gains nor biases, by the name behind `blk.N.`.
        general: metadata under other names.
    """

    architecture: str
    layer: Shapes
    metadata: Mapping[str, Any] = field(default_factory=dict)
    layers: int = 2
    layer_of: Callable[[int], Shapes] | None = None
    outside: Mapping[str, Shape | None] = field(default_factory=dict)
    draw: Mapping[str, Draw] = field(default_factory=dict)
    general: Mapping[str, Any] = field(default_factory=dict)

    def file(self, seed: int = 0) -> dict[str, Any]:
        """As arguments of `write_model`: activations are of order one, attention neither flat nor sharp."""
        chance = np.random.default_rng(seed)
        tensors = {name: self._values(chance, name, shape) for name, shape in self._shapes().items()}
        return {"tensors": tensors, "metadata": self._metadata(), "architecture": self.architecture}

    def _shapes(self) -> dict[str, Shape]:
        outside = {
            "token_embd.weight": (VOCABULARY, WIDTH),
            "output_norm.weight": (WIDTH,),
            "output.weight": (VOCABULARY, WIDTH),
            **self.outside,
        }
        shapes = {name: shape for name, shape in outside.items() if shape is not None}
        for layer in range(self.layers):
            own = self.layer if self.layer_of is None else self.layer_of(layer)
            shapes |= {f"blk.{layer}.{name}": shape for name, shape in own.items()}
        return shapes

    def _values(self, chance: np.random.Generator, name: str, shape: Shape) -> npt.NDArray[np.float32]:
        draw = self.draw.get(_behind_layer(name), _drawing(name, shape))
        return np.asarray(draw(chance, shape), np.float32)

    def _metadata(self) -> dict[str, Any]:
        own = {
            "block_count": self.layers,
            "context_length": CONTEXT,
            "embedding_length": WIDTH,
            "feed_forward_length": NEURONS,
            "vocab_size": VOCABULARY,
            "attention.head_count": HEADS,
            "attention.head_count_kv": KV_HEADS,
            "attention.layer_norm_rms_epsilon": EPSILON,
            **self.metadata,
        }
        named = {f"{self.architecture}.{key}": value for key, value in own.items() if value is not None}
        return {"tokenizer.ggml.model": "none", **named, **self.general}


def _behind_layer(name: str) -> str:
    return name.split(".", 2)[2] if name.startswith("blk.") else name


def _drawing(name: str, shape: Shape) -> Draw:
    if name in {"token_embd.weight", "position_embd.weight"}:
        return lambda chance, shape: 0.5 * chance.standard_normal(shape)
    if name.endswith(".bias"):
        return lambda chance, shape: 0.3 * chance.standard_normal(shape)
    if len(shape) == 1 or "_norm" in name:
        return lambda chance, shape: 1 + 0.3 * chance.standard_normal(shape)
    gain = 1.0 if name == "output.weight" else 0.2 if shape[-1] == WIDE else 1.3
    return lambda chance, shape: gain / shape[-1] ** 0.5 * chance.standard_normal(shape)


def attention(heads: int = HEADS, kv_heads: int = KV_HEADS, length: int = LENGTH) -> dict[str, Shape]:
    """Projections of queries, keys and values, and the one behind attention."""
    return {
        "attn_q.weight": (heads * length, WIDTH),
        "attn_k.weight": (kv_heads * length, WIDTH),
        "attn_v.weight": (kv_heads * length, WIDTH),
        "attn_output.weight": (WIDTH, heads * length),
    }


def fused_attention(kv_heads: int = KV_HEADS) -> dict[str, Shape]:
    """The same with queries, keys and values from one matrix."""
    return {"attn_qkv.weight": ((HEADS + 2 * kv_heads) * LENGTH, WIDTH), "attn_output.weight": (WIDTH, HEADS * LENGTH)}


def gated(neurons: int = NEURONS) -> dict[str, Shape]:
    """An FFN with a gate."""
    return {"ffn_gate.weight": (neurons, WIDTH), **plain(neurons)}


def fused_gate(neurons: int = NEURONS) -> dict[str, Shape]:
    """An FFN with gate and up projection in one matrix."""
    return {"ffn_up.weight": (2 * neurons, WIDTH), "ffn_down.weight": (WIDTH, neurons)}


def plain(neurons: int = NEURONS) -> dict[str, Shape]:
    """An FFN without a gate."""
    return {"ffn_up.weight": (neurons, WIDTH), "ffn_down.weight": (WIDTH, neurons)}


def norms(*names: str, size: int = WIDTH) -> dict[str, Shape]:
    """Gains."""
    return {f"{name}.weight": (size,) for name in names}


def head_norms(length: int = LENGTH) -> dict[str, Shape]:
    """Gains of single queries and keys."""
    return norms("attn_q_norm", "attn_k_norm", size=length)


def with_biases(shapes: Shapes, *names: str) -> dict[str, Shape]:
    """Tensors with a bias each; of `names` alone, where some are named."""
    biases = {
        name.replace(".weight", ".bias"): shape[:1]
        for name, shape in shapes.items()
        if not names or name.removesuffix(".weight") in names
    }
    return {**shapes, **biases}
