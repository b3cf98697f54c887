"""Layer tables and small language models to analyse."""

from __future__ import annotations

import numpy as np

from ggufscope.analysis.inputs.layer_table import GAINS, MATRICES, GainSeries, LayerTable, MatrixSeries
from ggufscope.synth.blocks import quantize

WIDTH, HEAD, QUERIES, KEYS, FFN = 256, 32, 4, 2, 128


def make_table(n_layers, *, sparsity=None, types=None, rows=None, gains=None, heads=None, scale_free=None, **norms):
    """A table of given norms (matrix=values), zero elsewhere unknown; unnamed matrices have norm 1.

    `gains`: name → (mean, rms); `types`: matrix or gain → one name, or one per layer.
    """
    types = types or {}

    def names(key, default):
        given = types.get(key, default)
        return (given,) * n_layers if isinstance(given, str) else tuple(given)

    def array(value):
        return np.broadcast_to(np.asarray(value, np.float64), (n_layers,)).copy()

    matrices = {}
    for name in MATRICES:
        shares = array((sparsity or {}).get(name, 0.0))
        matrices[name] = MatrixSeries(
            array(norms.get(name, 1.0)), array((rows or {}).get(name, 1.0)), shares, shares, names(name, "F32")
        )
    found = {}
    for name in GAINS:
        mean, rms = (gains or {}).get(name, (1.0, 1.0))
        found[name] = GainSeries(array(mean), array(rms), names(name, "F32"))
    return LayerTable(np.arange(n_layers), matrices, found, heads or {}, scale_free or {})


def permuted(table, order):
    """The table with its layers in another order."""
    order = np.asarray(order)

    def take(part, kind, fields):
        return kind(*(getattr(part, field)[order] for field in fields), tuple(part.types[i] for i in order))

    return LayerTable(
        table.layers[order],
        {n: take(m, MatrixSeries, ("norm", "rows", "sparsity", "zero_fraction")) for n, m in table.matrices.items()},
        {n: take(g, GainSeries, ("mean", "rms")) for n, g in table.gains.items()},
    )


def random_table(n_layers, seed=0, types=None):
    rng = np.random.default_rng(seed)
    numbers = {name: rng.uniform(1, 3, n_layers) for name in MATRICES}
    gains = {name: (rng.uniform(0.2, 1, n_layers), rng.uniform(0.2, 1, n_layers)) for name in GAINS}
    return make_table(
        n_layers,
        sparsity={"v": rng.uniform(0, 0.1, n_layers)},
        gains=gains,
        types=types,
        rows={"q": 4, "k": 2},
        **numbers,
    )


def language_model(
    n_layers, *, seed=0, identical=False, noise=0.0, value_types=None, sizes=None, gain_sizes=None, spread=0.1
):
    """Arguments of `write_gguf`: a llama with grouped keys whose layers differ as asked.

    `sizes`: role → factor per layer; `gain_sizes`: norm → mean per layer; `value_types`: type of attn_v per layer;
    `identical`: the same weights in every layer, with relative `noise` on top.
    """
    tensors = {"token_embd.weight": draw(seed, 32, WIDTH)}
    for layer in range(n_layers):
        rng = seed if identical else seed + 1000 * (layer + 1)
        for position, (role, shape) in enumerate(SHAPES.items()):
            weights = draw(rng + position, *shape)
            weights *= np.float32((sizes or {}).get(role, np.ones(n_layers))[layer])
            weights *= 1 + np.float32(noise) * draw(rng + 500 + layer * 50 + position, *shape, std=1)
            name = f"blk.{layer}.{role}.weight"
            kind = value_types[layer] if role == "attn_v" and value_types else "F32"
            tensors[name] = weights if kind == "F32" else (quantized(weights, kind), kind)
        for position, role in enumerate(("attn_norm", "ffn_norm")):
            mean = (gain_sizes or {}).get(role, np.ones(n_layers))[layer]
            jitter = 1 + spread * draw(rng + 90 + position, WIDTH, std=1)
            tensors[f"blk.{layer}.{role}.weight"] = np.float32(mean) * jitter * (1 + np.float32(noise))
    return {"tensors": tensors, "metadata": METADATA | {"llama.block_count": n_layers}}


SHAPES = {
    "attn_q": (QUERIES * HEAD, WIDTH),
    "attn_k": (KEYS * HEAD, WIDTH),
    "attn_v": (KEYS * HEAD, WIDTH),
    "attn_output": (WIDTH, QUERIES * HEAD),
    "ffn_gate": (FFN, WIDTH),
    "ffn_up": (FFN, WIDTH),
    "ffn_down": (WIDTH, FFN),
}
METADATA = {
    "general.name": "a small language model",
    "llama.embedding_length": WIDTH,
    "llama.attention.head_count": QUERIES,
    "llama.attention.head_count_kv": KEYS,
    "llama.attention.key_length": HEAD,
    "llama.attention.value_length": HEAD,
}


def draw(seed, *shape, std=0.02):
    return np.random.default_rng(seed).normal(0, std, shape).astype(np.float32)


def quantized(weights, kind):
    return np.stack([quantize(row, kind) for row in weights])


def phase1_document(n_layers=6, label="Q4_K_M"):
    """A Phase 1 weight profile with simple numbers: norms q 4, k 2, v 2 + layer, gate 8, gains 0.5 + 0.1 · layer."""

    def stats(norm, bits=4.5, mean=0.0, std=1.0, sparsity=0.0):
        zero = dict.fromkeys(("min", "max", "median", "skewness", "kurtosis", "effectiveRank", "l1Norm", "lInfNorm"), 0)
        return zero | {
            "mean": mean, "std": std, "sparsity": sparsity, "bitsPerElement": bits, "l2Norm": norm,
            "frobeniusNorm": norm,
        }  # fmt: skip

    layers = []
    for layer in range(n_layers):
        value = stats(2.0 + layer, 6.5 if layer % 2 else 4.5, sparsity=0.03 if layer % 2 else 0.0)
        attention = {"query": stats(4.0), "key": stats(2.0), "value": value, "output": stats(3.0)}
        ffn = {"gate": stats(8.0), "up": stats(7.0), "down": stats(6.0)}
        gain = stats(1.0, 32, mean=0.5 + 0.1 * layer, std=0.1)
        layers += [
            {"layerIndex": layer, "layerType": "attention", "attention": attention, "ffn": {}},
            {"layerIndex": layer, "layerType": "ffn", "ffn": ffn},
            {"layerIndex": layer, "layerType": "norm", "norm": {"attnNorm": stats(1, 32, 0.5, 0.0), "ffnNorm": gain}},
        ]
    return {"modelName": "old", "quantizationType": label, "totalParameters": 1000, "layers": layers}
