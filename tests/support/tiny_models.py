"""Tiny random models of every architecture the tracer runs, as llama.cpp loads them: files, and float64 oracles.

Each kind has what is particular to its architecture, so that wrong pairs, scales, caps, windows or norms show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from support.forward import Network

Floats = npt.NDArray[np.float32]

WIDTH, HIDDEN, VOCABULARY = 64, 96, 200
HEADS, KV_HEADS, KEY_LENGTH = 4, 2, 16
LONG = 24  # heads that are longer than their share of the width
EPSILON = 1e-5
CONTEXT = 256


@dataclass(frozen=True)
class Kind:
    """What distinguishes a model.

    Attributes:
        network: what a `Network` must be told.
        metadata: keys behind the architecture's name.
        extra: tensors outside the layers.
    """

    architecture: str
    network: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    layers: int = 2
    key_length: int = KEY_LENGTH
    biases: tuple[str, ...] = ()
    fused: bool = False
    head_norms: bool = False
    tied: bool = False
    extra: Callable[[], dict[str, Floats]] = dict


GEMMA = {"pairs": "neox", "activation": "gelu", "embedding_factor": WIDTH**0.5}
FACTORS = np.linspace(1, 8, KEY_LENGTH // 2).astype(np.float32)
LONG_FACTORS = np.linspace(2, 20, KEY_LENGTH // 2).astype(np.float32)
WINDOW = 7


def every(period: int) -> Callable[[int], int | None]:
    """The window of layers of which every so many-th sees everything."""
    return lambda layer: WINDOW if layer % period < period - 1 else None


def gemma2(layers: int, **network: Any) -> Kind:
    return Kind(
        "gemma2",
        {**GEMMA, "post_norms": True, "soft_cap": 3.0, "logit_cap": 2.0, "window": every(2), **network},
        {
            "attn_logit_softcapping": 3.0,
            "final_logit_softcapping": 2.0,
            "attention.sliding_window": WINDOW,
            "attention.key_length": LONG,
            "attention.value_length": LONG,
        },
        layers=layers,
        key_length=LONG,
        tied=True,
    )


def gemma3(layers: int, **network: Any) -> Kind:
    return Kind(
        "gemma3",
        {
            **GEMMA,
            "post_norms": True,
            "window": every(6),
            "base": lambda layer: 1e4 if layer % 6 < 5 else 1e6,
            "position_scale": lambda layer: 1.0 if layer % 6 < 5 else 1 / 8,
            **network,
        },
        {
            "attention.sliding_window": WINDOW,
            "attention.key_length": LONG,
            "attention.value_length": LONG,
            "rope.freq_base": 1e6,
            "rope.scaling.type": "linear",
            "rope.scaling.factor": 8.0,
        },
        layers=layers,
        key_length=LONG,
        head_norms=True,
        tied=True,
    )


def phi3(original: int, factors: Floats) -> Kind:
    return Kind(
        "phi3",
        {"pairs": "neox", "factors": factors.astype(np.float64), "magnitude": 1.19},
        {
            "rope.scaling.attn_factor": 1.19,
            "rope.scaling.original_context_length": original,
            "attention.sliding_window": WINDOW,  # llama.cpp reads it, and does not use it
        },
        fused=True,
        extra=lambda: {"rope_factors_long.weight": LONG_FACTORS, "rope_factors_short.weight": FACTORS},
    )


KINDS = {
    "llama": Kind("llama"),
    "llama-tied": Kind("llama", tied=True),
    "llama-3": Kind(
        "llama",
        {"factors": FACTORS.astype(np.float64), "base": lambda _: 5e5},
        {"rope.freq_base": 5e5},
        extra=lambda: {"rope_freqs.weight": FACTORS},
    ),
    "llama-linear": Kind(
        "llama", {"position_scale": lambda _: 0.25}, {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}
    ),
    "llama-biases": Kind("llama", biases=("attn_q", "attn_k", "attn_v", "attn_output")),
    "mistral-nemo": Kind(
        "llama",
        {},
        {"attention.key_length": LONG, "attention.value_length": LONG, "rope.dimension_count": LONG},
        key_length=LONG,
    ),
    "mistral-window": Kind("llama", {}, {"attention.sliding_window": WINDOW}),  # as llama.cpp: not for this name
    "qwen2": Kind(
        "qwen2",
        {"pairs": "neox", "base": lambda _: 1e6},
        {"rope.freq_base": 1e6},
        biases=("attn_q", "attn_k", "attn_v"),
    ),
    "qwen3": Kind(
        "qwen3",
        {"pairs": "neox", "base": lambda _: 1e6},
        {"rope.freq_base": 1e6, "attention.key_length": LONG, "attention.value_length": LONG},
        key_length=LONG,
        head_norms=True,
        tied=True,
    ),
    "gemma": Kind(
        "gemma", GEMMA, {"attention.key_length": KEY_LENGTH, "attention.value_length": KEY_LENGTH}, tied=True
    ),
    "gemma2": gemma2(4),
    "gemma2-27b": gemma2(46, scale=(WIDTH / HEADS) ** -0.5),
    "gemma3": gemma3(7),
    "gemma3-27b": gemma3(62, scale=(WIDTH / HEADS) ** -0.5),
    "phi3-short": phi3(CONTEXT, FACTORS),
    "phi3-long": phi3(16, LONG_FACTORS),
    "phi3-4k": Kind("phi3", {"pairs": "neox"}, {}, fused=True),
    "phi3-partial": Kind("phi3", {"pairs": "neox", "n_rotated": 12}, {"rope.dimension_count": 12}, fused=True),
}


# Metadata of which forward.py knows nothing: name of a kind above, and keys to add or, with None, to leave out.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama-yarn": (
        "llama",
        {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 16},
    ),
    "qwen2-yarn": (
        "qwen2",
        {
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 16,
            "rope.scaling.attn_factor": 1.1,
        },
    ),
    "llama-unscaled": ("llama", {"rope.scaling.type": "none", "rope.scaling.factor": 4.0}),
    "llama-factor-alone": ("llama", {"rope.scaling.factor": 4.0}),
    "gemma2-default-caps": ("gemma2", {"attn_logit_softcapping": None, "final_logit_softcapping": None}),
    "gemma2-pattern": ("gemma2", {"attention.sliding_window_pattern": 3}),
    "gemma2-list": ("gemma2", {"attention.sliding_window_pattern": [False, True, True, False]}),
    "gemma2-no-window": ("gemma2", {"attention.sliding_window": None}),
    "gemma3-no-window": ("gemma3", {"attention.sliding_window": None}),
    "gemma3-pattern": ("gemma3", {"attention.sliding_window_pattern": 3}),
    "gemma3-all-windows": ("gemma3", {"attention.sliding_window_pattern": 100}),
    "gemma3-local-base": ("gemma3", {"rope.freq_base_swa": 3e4}),
    "gemma3-cap": ("gemma3", {"final_logit_softcapping": 2.0}),
}


@dataclass(frozen=True)
class Sample:
    """A model: float32 tensors by name, all its metadata, and the same as a `Network`."""

    tensors: dict[str, Floats]
    metadata: dict[str, Any]
    architecture: str
    network: Network

    def file(self) -> dict[str, Any]:
        """As arguments of `write_gguf`."""
        return {"tensors": self.tensors, "metadata": self.metadata, "architecture": self.architecture}


def sample(name: str, seed: int = 0) -> Sample:
    """A random model; activations are of order one, attention neither flat nor sharp."""
    kind = KINDS[name]
    tensors = _tensors(kind, np.random.default_rng(seed))
    return Sample(tensors, _metadata(kind), kind.architecture, network(kind, tensors))


def variant(name: str) -> Sample:
    """A kind with other metadata; its network is that of the kind."""
    base, changes = VARIANTS[name]
    model = sample(base)
    own = {f"{model.architecture}.{key}": value for key, value in changes.items()}
    metadata = {key: value for key, value in (model.metadata | own).items() if value is not None}
    return Sample(model.tensors, metadata, model.architecture, model.network)


def network(kind: Kind, tensors: dict[str, Floats]) -> Network:
    exact = {name.removesuffix(".weight"): tensor.astype(np.float64) for name, tensor in tensors.items()}
    return Network(
        exact,
        layers=kind.layers,
        heads=HEADS,
        kv_heads=KV_HEADS,
        key_length=kind.key_length,
        epsilon=EPSILON,
        **kind.network,
    )


def _metadata(kind: Kind) -> dict[str, Any]:
    own = {
        "block_count": kind.layers,
        "context_length": CONTEXT,
        "embedding_length": WIDTH,
        "feed_forward_length": HIDDEN,
        "vocab_size": VOCABULARY,
        "attention.head_count": HEADS,
        "attention.head_count_kv": KV_HEADS,
        "attention.layer_norm_rms_epsilon": EPSILON,
    }
    return {"tokenizer.ggml.model": "none"} | {
        f"{kind.architecture}.{key}": value for key, value in (own | kind.metadata).items()
    }


def _tensors(kind: Kind, chance: np.random.Generator) -> dict[str, Floats]:
    def gain(size: int) -> Any:
        return 1 + 0.3 * chance.standard_normal(size)

    tensors: dict[str, Any] = {
        "token_embd.weight": 0.5 * chance.standard_normal((VOCABULARY, WIDTH)),
        "output_norm.weight": gain(WIDTH),
    }
    if not kind.tied:
        tensors["output.weight"] = chance.standard_normal((VOCABULARY, WIDTH)) / WIDTH**0.5
    for layer in range(kind.layers):
        tensors |= {f"blk.{layer}.{name}": value for name, value in _layer(kind, chance, gain).items()}
    return {name: np.asarray(tensor, np.float32) for name, tensor in (tensors | kind.extra()).items()}


def _layer(kind: Kind, chance: np.random.Generator, gain: Callable[[int], Any]) -> dict[str, Any]:
    q, kv = HEADS * kind.key_length, KV_HEADS * kind.key_length
    shapes = {
        "attn_q": (q, WIDTH),
        "attn_k": (kv, WIDTH),
        "attn_v": (kv, WIDTH),
        "attn_output": (WIDTH, q),
        "ffn_gate": (HIDDEN, WIDTH),
        "ffn_up": (HIDDEN, WIDTH),
        "ffn_down": (WIDTH, HIDDEN),
    }
    tensors = {
        f"{role}.weight": 1.3 / shape[1] ** 0.5 * chance.standard_normal(shape) for role, shape in shapes.items()
    }
    tensors |= {f"{role}.bias": 0.3 * chance.standard_normal(shapes[role][0]) for role in kind.biases}
    if kind.fused:
        parts = [tensors.pop(f"attn_{role}.weight") for role in "qkv"]
        tensors["attn_qkv.weight"] = np.concatenate(parts)
        tensors["ffn_up.weight"] = np.concatenate([tensors.pop("ffn_gate.weight"), tensors["ffn_up.weight"]])
    norms = ["attn_norm", "ffn_norm"] + ["post_attention_norm", "post_ffw_norm"] * ("post_norms" in kind.network)
    tensors |= {f"{role}.weight": gain(WIDTH) for role in norms}
    if kind.head_norms:
        tensors |= {f"attn_{role}_norm.weight": gain(kind.key_length) for role in "qk"}
    return tensors
