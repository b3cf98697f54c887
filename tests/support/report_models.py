"""Models that reports have to cope with: the usual one and the odd ones, as results made once and kept.

    results("126 layers", write)      → ReportData, `write` being the fixture `write_gguf`

A model is drawn small (heads of 32 over a width of 64), so that the odd ones take a second at most.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import ggufscope as gs
from ggufscope.report.content.results import ReportData
from ggufscope.synth.blocks import quantize

WIDTH, HEAD, QUERIES, KEYS, FFN, TOKENS = 64, 32, 2, 1, 64, 48
HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[2J\u202e'\"];x\\"  # a tensor's name may have 63 bytes


def draw(rng, *shape, std=0.02):
    return (std * rng.standard_t(6, shape)).astype(np.float32)


def stored(weights, kind):
    """Weights as a type keeps them, for `write_gguf`."""
    if kind == "F32":
        return weights
    return np.stack([quantize(row, kind) for row in weights.reshape(-1, weights.shape[-1])]).reshape(
        *weights.shape[:-1], -1
    ), kind


def decoder(n_layers, *, experts=0, one_each=False, seed=0, name="a small decoder"):
    """Arguments of `write_gguf`: a llama whose values are Q4_0 and Q8_0 by turns and whose gains grow with depth."""
    rng = np.random.default_rng(seed)
    tensors = {"token_embd.weight": draw(rng, TOKENS, WIDTH), "output_norm.weight": np.ones(WIDTH, np.float32)}
    for layer in range(n_layers):
        depth = layer / max(1, n_layers - 1)
        own = {
            "attn_norm": draw(rng, WIDTH, std=0.05) + np.float32(0.5 + 0.2 * depth),
            "attn_q": stored(draw(rng, QUERIES * HEAD, WIDTH), "Q8_0"),
            "attn_k": stored(draw(rng, KEYS * HEAD, WIDTH), "Q8_0"),
            "attn_v": stored(draw(rng, KEYS * HEAD, WIDTH, std=0.01 * (1 + depth)), ("Q4_0", "Q8_0")[layer % 2]),
            "attn_output": stored(draw(rng, WIDTH, QUERIES * HEAD), "Q4_0"),
            "ffn_norm": draw(rng, WIDTH, std=0.05) + np.float32(0.4 + 0.4 * depth),
            **feed_forward(rng, experts, one_each),
        }
        tensors |= {f"blk.{layer}.{role}.weight": weights for role, weights in own.items()}
    metadata = {
        "general.name": name,
        "llama.block_count": n_layers,
        "llama.embedding_length": WIDTH,
        "llama.feed_forward_length": FFN,
        "llama.attention.head_count": QUERIES,
        "llama.attention.head_count_kv": KEYS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.context_length": 64,
    }
    if experts:
        metadata |= {"llama.expert_count": experts, "llama.expert_used_count": 2}
    return {"tensors": tensors, "metadata": metadata}


def feed_forward(rng, experts, one_each):
    """Role → weights of one layer's FFN: plain, of experts in one tensor, or of experts in a tensor each."""
    shapes = {"ffn_gate": (FFN, WIDTH), "ffn_up": (FFN, WIDTH), "ffn_down": (WIDTH, FFN)}
    if not experts:
        return {role: stored(draw(rng, *shape), "Q8_0") for role, shape in shapes.items()}
    router = {"ffn_gate_inp": draw(rng, experts, WIDTH)}
    if one_each:
        return router | {f"{r}.{e}": draw(rng, *shape) for r, shape in shapes.items() for e in range(experts)}
    return router | {f"{role}_exps": draw(rng, experts, *shape) for role, shape in shapes.items()}


def ridden(n_layers=6):
    """Statistics that are undefined: NaN throughout a tensor, zeros, constants, and infinities."""
    found = decoder(n_layers)
    tensors = found["tensors"]
    tensors["blk.1.attn_v.weight"] = np.full((KEYS * HEAD, WIDTH), np.nan, np.float32)
    tensors["blk.2.attn_q.weight"] = np.zeros((QUERIES * HEAD, WIDTH), np.float32)
    tensors["blk.3.ffn_norm.weight"] = np.full(WIDTH, np.nan, np.float32)
    broken = np.ones((FFN, WIDTH), np.float32)
    broken[0, :3] = np.inf, -np.inf, 1e38
    tensors["blk.4.ffn_up.weight"] = broken
    return found


def hostile():
    """Names that would like to be code."""
    found = decoder(3, name=HOSTILE)
    tensors = found["tensors"]
    tensors[f"blk.0.{HOSTILE}"] = np.ones((4, 32), np.float32)
    tensors["blk.1.a.b[0]\\.c'd"] = np.ones((4, 32), np.float32)
    tensors[HOSTILE] = np.ones((4, 32), np.float32)
    return found


def many_roles(n=60):
    """More roles than a chart has room for, some of which differ only where they are cut."""
    found = decoder(2)
    for number in range(n):
        found["tensors"][f"blk.{number % 2}.{'long' * 10}{number}"] = np.full((2, 32), number + 1.0, np.float32)
    return found


MODELS: dict[str, dict[str, Any]] = {
    "usual": decoder(8),
    "one layer": decoder(1),
    "126 layers": decoder(126),
    "128 experts": decoder(2, experts=128),
    "128 experts, a tensor each": decoder(2, experts=128, one_each=True),
    "ridden with NaN": ridden(),
    "hostile names": hostile(),
    "60 more roles": many_roles(),
    "zeros": {"tensors": {name: np.zeros((4, 32), np.float32) for name in ("x", "blk.0.attn_q.weight")}},
    "without layers": {
        "tensors": {"some.odd.name": draw(np.random.default_rng(1), 7, 33), "another": np.zeros(100, np.float32)},
        "architecture": "never-heard-of",
    },
    "one tensor": {"tensors": {"x": draw(np.random.default_rng(2), 8, 32)}},
    "no tensor": {"tensors": {}},
}
NO_LAYERS = ("zeros", "without layers", "one tensor", "no tensor")
_KEPT: dict[str, ReportData] = {}


def results(name, write):
    """ReportData of a model of MODELS: its analysis and profile, or, without layers, its profile alone."""
    if name not in _KEPT:
        path = write(**MODELS[name], name=f"{len(_KEPT)}.gguf")
        found = gs.profile(path) if name in NO_LAYERS else gs.analyze(path, threads=2)
        _KEPT[name] = ReportData.of(found)
    return _KEPT[name]


def profile_alone(name, write):
    """The same without its analysis."""
    return ReportData.of(results(name, write).profile)


def analysis_alone(name, write):
    """The same without its profile, as after `analysis-report.json` was moved away from it."""
    return replace(results(name, write), profile=None, why_no_profile="it was moved")
