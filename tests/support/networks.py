"""Small random models of every architecture: as arguments of the fixture `write_gguf`, and as a `Network`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from support.forward import Network, softmax_of_all

WIDTH, HIDDEN, LAYERS, VOCABULARY = 128, 192, 2, 600
HEADS, KV_HEADS, KEY_LENGTH = 4, 2, 32
EXPERTS = 4
BYTE, CONTROL, NORMAL = 6, 3, 1
EPSILON = 1e-5


@dataclass(frozen=True)
class Kind:
    """What distinguishes a file of an architecture: tensors, metadata, and what a `Network` must be told."""

    architecture: str
    network: dict[str, Any]
    metadata: dict[str, Any]
    biases: bool = False
    fused_qkv: bool = False
    fused_gate: bool = False
    gate: bool = True
    head_norms: bool = False
    experts: str = ""  # "one": all in one tensor, "each": one tensor each
    shared: str = ""  # "plain": an expert of all tokens, "gated": one with a gate of its own
    sinks: bool = False
    positions: bool = False
    kv_heads: int = KV_HEADS


GELU_LAYER_NORM = {"layer_norm": True, "activation": "gelu"}
GEMMA_3 = {
    "pairs": "neox",
    "activation": "gelu",
    "post_norms": True,
    "embedding_factor": WIDTH**0.5,
    "window": lambda layer: 20 if layer % 6 < 5 else None,
    "base": lambda _: 10_000.0,
}

KINDS = {
    "llama": Kind("llama", {}, {}),
    "llama-factors": Kind("llama", {"factors": np.linspace(1, 8, KEY_LENGTH // 2)}, {}),
    "mixtral": Kind("llama", {"experts_used": 2}, {"expert_used_count": 2}, experts="one"),
    "mixtral-2023": Kind("llama", {"experts_used": 2}, {"expert_used_count": 2}, experts="each"),
    "granite": Kind(
        "granite",
        {"embedding_factor": 3.0, "residual_factor": 0.5, "scale": 0.1},
        {"embedding_scale": 3.0, "residual_scale": 0.5, "attention.scale": 0.1},
    ),
    "command-r": Kind("command-r", {"layer_norm": True, "shared_norm": True}, {}),
    "qwen2": Kind("qwen2", {"pairs": "neox", "base": lambda _: 1e6}, {"rope.freq_base": 1e6}, biases=True),
    "qwen3": Kind("qwen3", {"pairs": "neox"}, {}, head_norms=True),
    "qwen3moe": Kind(
        "qwen3moe",
        {"pairs": "neox", "experts_used": 1},
        {"expert_used_count": 1},
        head_norms=True,
        experts="one",
    ),
    "qwen2moe": Kind(
        "qwen2moe",
        {"pairs": "neox", "experts_used": 2, "routing": softmax_of_all},
        {"expert_used_count": 2},
        experts="one",
        shared="gated",
    ),
    "granitemoe": Kind("granitemoe", {"experts_used": 2}, {"expert_used_count": 2}, experts="one", shared="plain"),
    "gpt-oss": Kind(
        "gpt-oss",
        {
            "pairs": "neox",
            "experts_used": 2,
            "activation": "swiglu_oai",
            "window": lambda layer: 20 if layer % 2 == 0 else None,
            "feed_forward_norm": "post_attention_norm",
        },
        {"expert_used_count": 2, "attention.sliding_window": 20},
        biases=True,
        experts="one",
        sinks=True,
    ),
    "gemma": Kind("gemma", {"pairs": "neox", "activation": "gelu", "embedding_factor": WIDTH**0.5}, {}),
    "gemma2": Kind(
        "gemma2",
        GEMMA_3 | {"soft_cap": 1.5, "window": lambda layer: 20 if layer % 2 == 0 else None},
        {"attn_logit_softcapping": 1.5, "attention.sliding_window": 20},
    ),
    "gemma3": Kind("gemma3", GEMMA_3, {"attention.sliding_window": 20, "rope.freq_base": 1e6}, head_norms=True),
    "phi2": Kind(
        "phi2",
        GELU_LAYER_NORM | {"pairs": "neox", "shared_norm": True, "n_rotated": 12},
        {"rope.dimension_count": 12},
        biases=True,
        fused_qkv=True,
        gate=False,
    ),
    "phi3": Kind("phi3", {"pairs": "neox"}, {}, fused_qkv=True, fused_gate=True),
    "gpt2": Kind(
        "gpt2",
        GELU_LAYER_NORM | {"pairs": None},
        {},
        biases=True,
        fused_qkv=True,
        gate=False,
        positions=True,
        kv_heads=HEADS,
    ),
    "gptneox": Kind(
        "gptneox",
        GELU_LAYER_NORM | {"pairs": "neox", "parallel": True, "n_rotated": 8},
        {"rope.dimension_count": 8, "use_parallel_residual": True},
        biases=True,
        fused_qkv=True,
        gate=False,
        kv_heads=HEADS,
    ),
    "starcoder2": Kind("starcoder2", GELU_LAYER_NORM | {"pairs": "neox"}, {}, biases=True, gate=False),
    "internlm2": Kind("internlm2", {}, {}),
}


@dataclass(frozen=True)
class Sample:
    """A model: float32 tensors by name, metadata, and the same as a `Network`."""

    tensors: dict[str, npt.NDArray[np.float32]]
    metadata: dict[str, Any]
    architecture: str
    network: Network
    ordinary: npt.NDArray[np.int64]  # tokens that are neither control nor byte

    def file(self) -> dict[str, Any]:
        """As arguments of `write_gguf`."""
        return {"tensors": self.tensors, "metadata": self.metadata, "architecture": self.architecture}


def sample(name: str, seed: int = 0) -> Sample:
    """A random model whose activations are of order one."""
    kind = KINDS[name]
    chance = np.random.default_rng(seed)
    tensors = _model_tensors(kind, chance)
    if "factors" in kind.network:
        tensors["rope_freqs.weight"] = np.asarray(kind.network["factors"], np.float32)
    types = np.full(VOCABULARY, NORMAL)
    types[:3], types[3:40] = CONTROL, BYTE
    return Sample(
        tensors, _metadata(kind, types), kind.architecture, network(kind, tensors), np.flatnonzero(types == 1)
    )


def network(kind: Kind, tensors: dict[str, npt.NDArray[np.float32]]) -> Network:
    """The `Network` of some tensors."""
    exact = {name.removesuffix(".weight"): tensor.astype(np.float64) for name, tensor in tensors.items()}
    if kind.experts == "each":
        for layer in range(LAYERS):
            for role in ("gate", "up", "down"):
                stack = [exact[f"blk.{layer}.ffn_{role}.{expert}"] for expert in range(EXPERTS)]
                exact[f"blk.{layer}.ffn_{role}_exps"] = np.stack(stack)
    return Network(
        exact,
        layers=LAYERS,
        heads=HEADS,
        kv_heads=kind.kv_heads,
        key_length=KEY_LENGTH,
        epsilon=EPSILON,
        **kind.network,
    )


def _metadata(kind: Kind, types: npt.NDArray[np.int64]) -> dict[str, Any]:
    name = kind.architecture
    epsilon = "layer_norm_epsilon" if kind.network.get("layer_norm") else "layer_norm_rms_epsilon"
    own = {
        "block_count": LAYERS,
        "embedding_length": WIDTH,
        "attention.head_count": HEADS,
        "attention.head_count_kv": kind.kv_heads,
        f"attention.{epsilon}": EPSILON,
    } | ({"expert_count": EXPERTS} if kind.experts else {})
    return {"tokenizer.ggml.token_type": types.astype(np.int32).tolist()} | {
        f"{name}.{key}": value for key, value in (own | kind.metadata).items()
    }


def _model_tensors(kind: Kind, chance: np.random.Generator) -> dict[str, npt.NDArray[np.float32]]:
    tensors = {"token_embd.weight": 0.5 * chance.standard_normal((VOCABULARY, WIDTH))}
    tensors["token_embd.weight"] += 0.2 * chance.standard_normal(WIDTH)
    tensors["token_embd.weight"][:40] *= 50  # control and byte tokens: to be left out
    if kind.positions:
        tensors["position_embd.weight"] = 0.3 * chance.standard_normal((256, WIDTH))
    for layer in range(LAYERS):
        tensors |= {f"blk.{layer}.{name}": value for name, value in _layer(kind, chance).items()}
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def _layer(kind: Kind, chance: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    def matrix(rows: int, columns: int, size: float = 1.0) -> npt.NDArray[Any]:
        return size / np.sqrt(columns) * chance.standard_normal((rows, columns))

    tensors: dict[str, npt.NDArray[Any]] = {}
    q, kv = HEADS * KEY_LENGTH, kind.kv_heads * KEY_LENGTH
    sizes = np.repeat([0.5, 1.0, 1.5, 2.0], KEY_LENGTH)[:, None]  # heads from blunt to sharp
    projections = {"q": matrix(q, WIDTH) * sizes, "k": matrix(kv, WIDTH), "v": matrix(kv, WIDTH)}
    if kind.fused_qkv:
        tensors["attn_qkv.weight"] = np.concatenate(list(projections.values()))
    else:
        tensors |= {f"attn_{role}.weight": value for role, value in projections.items()}
    tensors["attn_output.weight"] = matrix(WIDTH, q)
    if kind.head_norms:
        tensors |= {f"attn_{role}_norm.weight": 1 + 0.3 * chance.standard_normal(KEY_LENGTH) for role in "qk"}
    tensors |= _norms(kind, chance) | _feed_forward(kind, matrix)
    if kind.biases:
        matrices = [name for name, value in tensors.items() if value.ndim >= 2]
        tensors |= {
            name.replace("weight", "bias"): 0.3 * chance.standard_normal(tensors[name].shape[:-1]) for name in matrices
        }
    if kind.sinks:
        tensors["attn_sinks.weight"] = chance.normal(4, 1, HEADS)
    return tensors


def _norms(kind: Kind, chance: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    before_ffn = kind.network.get("feed_forward_norm", "ffn_norm")
    roles = ["attn_norm"] + ([] if kind.network.get("shared_norm") else [before_ffn])
    roles += ["post_attention_norm", "post_ffw_norm"] if kind.network.get("post_norms") else []
    tensors = {f"{role}.weight": 1 + 0.3 * chance.standard_normal(WIDTH) for role in roles}
    if kind.network.get("layer_norm"):
        tensors |= {f"{role}.bias": 0.2 * chance.standard_normal(WIDTH) for role in roles}
    return tensors


def _shared(kind: Kind, matrix: Any) -> dict[str, npt.NDArray[Any]]:
    if not kind.shared:
        return {}
    gate = {"ffn_gate_inp_shexp.weight": matrix(1, WIDTH)[0]} if kind.shared == "gated" else {}
    return gate | {
        "ffn_gate_shexp.weight": matrix(HIDDEN, WIDTH),
        "ffn_up_shexp.weight": matrix(HIDDEN, WIDTH),
        "ffn_down_shexp.weight": matrix(WIDTH, HIDDEN),
    }


def _feed_forward(kind: Kind, matrix: Any) -> dict[str, npt.NDArray[Any]]:
    shapes = {"gate": (HIDDEN, WIDTH), "up": (HIDDEN, WIDTH), "down": (WIDTH, HIDDEN)}
    if kind.experts:
        experts = {role: [matrix(*shape, 0.8 + 0.15 * e) for e in range(EXPERTS)] for role, shape in shapes.items()}
        router = {"ffn_gate_inp.weight": matrix(EXPERTS, WIDTH)} | _shared(kind, matrix)
        if kind.experts == "each":
            return router | {
                f"ffn_{role}.{e}.weight": one for role, all_ in experts.items() for e, one in enumerate(all_)
            }
        return {f"ffn_{role}_exps.weight": np.stack(all_) for role, all_ in experts.items()} | router
    if not kind.gate:
        del shapes["gate"]
    weights = {role: matrix(*shape) for role, shape in shapes.items()}
    if kind.fused_gate:
        weights["up"] = np.concatenate([weights.pop("gate"), weights["up"]])
    return {f"ffn_{role}.weight": value for role, value in weights.items()}
