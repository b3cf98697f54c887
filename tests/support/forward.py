"""A transformer in plain NumPy, the oracle of several rooms: it runs tokens, and shares no code with ggufscope.

One function for all architectures; a `Network` says what differs. Everything is float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass
class Network:
    """Weights by name, without the ending `.weight`, and hyperparameters.

    `window`, `base` and `position_scale` are functions of the layer; `routing` gives weights of experts, by their
    scores and how many of them are used, `experts_used`.
    """

    tensors: Mapping[str, Floats]
    layers: int
    heads: int
    kv_heads: int
    key_length: int
    epsilon: float = 1e-5
    pairs: str | None = "norm"
    n_rotated: int | None = None
    base: Callable[[int], float] = lambda _: 10_000.0
    factors: Floats | float = 1.0
    position_scale: Callable[[int], float] = lambda _: 1.0
    magnitude: float = 1.0
    activation: str = "silu"
    layer_norm: bool = False
    parallel: bool = False
    shared_norm: bool = False
    post_norms: bool = False
    feed_forward_norm: str = "ffn_norm"
    embedding_factor: float = 1.0
    residual_factor: float = 1.0
    scale: float | None = None
    soft_cap: float | None = None
    logit_cap: float | None = None
    window: Callable[[int], int | None] = lambda _: None
    experts_used: int = 0
    routing: Callable[[Floats, int], Floats] | None = None  # by default `softmax_of_chosen`

    def get(self, layer: int, role: str) -> Floats | None:
        return self.tensors.get(f"blk.{layer}.{role}")

    def apply(self, layer: int, role: str, x: Floats) -> Floats:
        """A linear map with the bias it may have."""
        bias = self.get(layer, f"{role}.bias")
        y = x @ self.tensors[f"blk.{layer}.{role}"].T
        return y if bias is None else y + bias

    def norm(self, name: str, x: Floats) -> Floats:
        if self.layer_norm:
            x = x - x.mean(axis=-1, keepdims=True)
        normed = x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + self.epsilon) * self.tensors[name]
        return normed + self.tensors.get(f"{name}.bias", 0.0)


def activate(x: Floats, kind: str) -> Floats:
    if kind == "silu":
        return x / (1 + np.exp(-x))
    if kind == "gelu of halves":  # ggml's: looked up in a table of float16
        halves = activate(x.astype(np.float16).astype(np.float64), "gelu").astype(np.float16).astype(np.float64)
        return np.where(np.abs(x) < 10, halves, np.maximum(x, 0))
    if kind == "gelu":
        return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    if kind == "swiglu_oai":
        return np.minimum(x, 7) / (1 + np.exp(-1.702 * np.minimum(x, 7)))
    return np.maximum(x, 0) ** (2 if kind == "relu2" else 1)


def rope(x: Floats, network: Network, layer: int) -> Floats:
    """Turn (batch, tokens, heads, key_length) by position."""
    if network.pairs is None:
        return x
    n = network.n_rotated or network.key_length
    frequency = network.base(layer) ** (-np.arange(0, n, 2) / n) / network.factors
    angle = (np.arange(x.shape[1])[:, None] * network.position_scale(layer) * frequency)[:, None]
    first, second = (
        (slice(0, n, 2), slice(1, n, 2)) if network.pairs == "norm" else (slice(0, n // 2), slice(n // 2, n))
    )
    turned = x.copy()
    turned[..., first] = x[..., first] * np.cos(angle) - x[..., second] * np.sin(angle)
    turned[..., second] = x[..., first] * np.sin(angle) + x[..., second] * np.cos(angle)
    turned[..., :n] *= network.magnitude
    return turned


def attention(network: Network, layer: int, x: Floats, seen: dict[str, Any]) -> Floats:
    """Causal attention on normed inputs (batch, tokens, width)."""
    batch, n, _ = x.shape
    q_rows, kv_rows = network.heads * network.key_length, network.kv_heads * network.key_length
    if network.get(layer, "attn_qkv") is not None:
        q, k, v = np.split(network.apply(layer, "attn_qkv", x), [q_rows, q_rows + kv_rows], axis=-1)
    else:
        q, k, v = (network.apply(layer, role, x) for role in ("attn_q", "attn_k", "attn_v"))
    seen.update(read=x, q=q, k=k, v=v)
    q = q.reshape(batch, n, network.heads, -1)
    k, v = (part.reshape(batch, n, network.kv_heads, -1) for part in (k, v))
    if network.get(layer, "attn_q_norm") is not None:
        q, k = (
            part
            / np.sqrt(np.mean(part**2, axis=-1, keepdims=True) + network.epsilon)
            * network.tensors[f"blk.{layer}.attn_{role}_norm"]
            for part, role in ((q, "q"), (k, "k"))
        )
    q, k = rope(q, network, layer), rope(k, network, layer)
    k, v = (np.repeat(part, network.heads // network.kv_heads, axis=2) for part in (k, v))
    alpha = attention_weights(network, layer, q, k)
    seen["alpha"] = alpha
    with np.errstate(divide="ignore", invalid="ignore"):
        seen["entropy"] = -np.where(alpha > 0, alpha * np.log(alpha), 0).sum(axis=-1)
    mixed = np.einsum("bhij,bjhd->bihd", alpha, v).reshape(batch, n, -1)
    seen["mixed"] = mixed
    return network.apply(layer, "attn_output", mixed)


def attention_weights(network: Network, layer: int, q: Floats, k: Floats) -> Floats:
    """Softmax over the keys that each query may see, and the sink: (batch, heads, queries, keys)."""
    n = q.shape[1]
    scores = np.einsum("bihd,bjhd->bhij", q, k) * (network.scale or network.key_length**-0.5)
    if network.soft_cap:
        scores = network.soft_cap * np.tanh(scores / network.soft_cap)
    distance = np.arange(n)[:, None] - np.arange(n)
    hidden = (distance < 0) | (distance >= (network.window(layer) or n))
    scores = np.where(hidden, -np.inf, scores)
    sinks = network.get(layer, "attn_sinks")
    if sinks is None:
        return softmax(scores)
    with_sink = np.concatenate([scores, np.broadcast_to(sinks[:, None, None], (*scores.shape[:-1], 1))], axis=-1)
    return softmax(with_sink)[..., :-1]


def feed_forward(network: Network, layer: int, x: Floats, seen: dict[str, Any]) -> Floats:
    if network.get(layer, "ffn_down_exps") is not None:
        return mixture(network, layer, x, seen)
    up = network.apply(layer, "ffn_up", x)
    if network.get(layer, "ffn_gate") is not None:
        gate: Floats | None = network.apply(layer, "ffn_gate", x)
    elif up.shape[-1] == 2 * network.tensors[f"blk.{layer}.ffn_down"].shape[-1]:
        gate, up = np.split(up, 2, axis=-1)
    else:
        gate = None
    hidden = activate(up, network.activation) if gate is None else gated(gate, up, network.activation)
    seen.update(gate=gate, up=up, hidden=hidden)
    return network.apply(layer, "ffn_down", hidden)


def mixture(network: Network, layer: int, x: Floats, seen: dict[str, Any]) -> Floats:
    """Experts by the weights of their router, and the shared one beside them."""
    gate, up, down = (network.tensors[f"blk.{layer}.ffn_{role}_exps"] for role in ("gate", "up", "down"))
    a, b = np.einsum("efd,btd->ebtf", gate, x), np.einsum("efd,btd->ebtf", up, x)
    a, b = (plus_bias(network, layer, f"ffn_{role}_exps", values) for role, values in (("gate", a), ("up", b)))
    hidden = gated(a, b, network.activation)
    outputs = plus_bias(network, layer, "ffn_down_exps", np.einsum("edf,ebtf->ebtd", down, hidden))
    seen.update(gate=a, up=b, hidden=hidden, experts=outputs)
    weights = (network.routing or softmax_of_chosen)(network.apply(layer, "ffn_gate_inp", x), network.experts_used)
    output = np.einsum("bte,ebtd->btd", weights, outputs)
    if network.get(layer, "ffn_down_shexp") is None:
        return output
    a, b = (network.apply(layer, f"ffn_{role}_shexp", x) for role in ("gate", "up"))
    shared = network.apply(layer, "ffn_down_shexp", gated(a, b, network.activation))
    open_gate = network.get(layer, "ffn_gate_inp_shexp")
    return output + (shared if open_gate is None else shared / (1 + np.exp(-(x @ open_gate)))[..., None])


def plus_bias(network: Network, layer: int, role: str, outputs: Floats) -> Floats:
    """The outputs of experts, (experts, batch, tokens, …), with the bias that they may have."""
    bias = network.get(layer, f"{role}.bias")
    return outputs if bias is None else outputs + bias[:, None, None]


def gated(a: Floats, b: Floats, activation: str) -> Floats:
    if activation == "swiglu_oai":
        return activate(a, activation) * (np.clip(b, -7, 7) + 1)
    return activate(a, activation) * b


def softmax(scores: Floats) -> Floats:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def softmax_of_chosen(scores: Floats, used: int) -> Floats:
    """The softmax over the scores of the best: that over all, divided by its sum over these."""
    worst = np.sort(scores, axis=-1)[..., -used]
    return softmax(np.where(scores >= worst[..., None], scores, -np.inf))


def softmax_of_all(scores: Floats, used: int) -> Floats:
    """The softmax over all scores, 0 but for the best."""
    worst = np.sort(scores, axis=-1)[..., -used]
    return np.where(scores >= worst[..., None], softmax(scores), 0)


def run(network: Network, tokens: Ints) -> list[dict[str, Any]]:
    """What happens in each layer to tokens (batch, n): projections, entropies, outputs and the residual stream."""
    x = network.tensors["token_embd"][tokens] * network.embedding_factor
    if "position_embd" in network.tensors:
        x = x + network.tensors["position_embd"][: tokens.shape[1]]
    layers = []
    for layer in range(network.layers):
        seen: dict[str, Any] = {}
        normed = network.norm(f"blk.{layer}.attn_norm", x)
        attended = attention(network, layer, normed, seen)
        if network.post_norms:
            attended = network.norm(f"blk.{layer}.post_attention_norm", attended)
        attended = attended * network.residual_factor
        between = x + attended
        if not network.shared_norm:
            normed = network.norm(f"blk.{layer}.{network.feed_forward_norm}", x if network.parallel else between)
        seen["ffn_norm"] = normed
        fed = feed_forward(network, layer, normed, seen)
        if network.post_norms:
            fed = network.norm(f"blk.{layer}.post_ffw_norm", fed)
        fed = fed * network.residual_factor
        x = between + fed
        layers.append(seen | {"attention": attended, "ffn": fed, "residual": x})
    return layers


def logits(network: Network, residual: Floats) -> Floats:
    """Next-token scores from the last residual stream; the output may be tied to the embedding."""
    output = output_of(network)
    scores = network.norm("output_norm", residual) @ output.T
    return scores if network.logit_cap is None else network.logit_cap * np.tanh(scores / network.logit_cap)


def output_of(network: Network) -> Floats:
    return network.tensors.get("output", network.tensors["token_embd"])


def rms(x: Floats) -> float:
    return float(np.sqrt(np.mean(x**2)))
