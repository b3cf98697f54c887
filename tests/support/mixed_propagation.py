"""Propagation behind exact openings in plain NumPy and float64: the oracle of its tests, which shares no code with it.

For a causal network of SwiGLU, RMSNorm and RoPE alone, as `support.forward` runs it: openings are run exactly, the rest
is a Gaussian, layer by layer, and integrals are sums over fine grids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from support.forward import Floats, Ints, Network, activate, rope, run, softmax

GRID = np.linspace(-8, 8, 4001)
MASSES = np.exp(-(GRID**2) / 2) / np.exp(-(GRID**2) / 2).sum()
POINTS = {
    "q": "q", "k": "k", "v": "v", "gate": "gate", "up": "up", "attention": "attention_output", "ffn": "ffn_output",
    "ffn_norm": "ffn_norm", "residual": "residual",
}  # fmt: skip


@dataclass
class Gaussian:
    mean: Floats
    variance: Floats

    @property
    def square(self) -> float:
        return float(np.mean(self.mean**2 + self.variance))


@dataclass
class LayerNumbers:
    """Of one opening: rms of the tokens t ≥ 1, (n − 1,) by point; entropies and first shares (heads, n − 1)."""

    rms: dict[str, Floats]
    overall: dict[str, float]
    near_zero: Floats
    ratio: Floats
    entropy: Floats
    first: Floats
    hidden: tuple[float, float]


def propagate(network: Network, tokens: Ints, n: int, normals: Floats, rows: Ints) -> list[LayerNumbers]:
    """The layers, for one opening.

    Args:
        network: the model.
        tokens: (E,) of the opening.
        n: positions of a whole prompt.
        normals: (n − E, width), of the tokens behind it.
        rows: of token_embd that start the Gaussian.
    """
    exact = [{name: values[0] for name, values in layer.items()} for layer in run(network, tokens[None])]
    table = network.tensors["token_embd"][rows]
    stream = Gaussian(table.mean(axis=0), table.var(axis=0))
    layers = []
    for number, known in enumerate(exact):
        rest: dict[str, Gaussian] = {}
        inputs = normed(network, f"blk.{number}.attn_norm", stream)
        rest |= {role: mapped(network, number, f"attn_{role}", inputs) for role in ("q", "k", "v")}
        alpha = drawn_attention(network, number, known, inputs, normals)
        rest["attention"] = mixed(network, number, known, rest["v"], alpha)
        between = added(stream, rest["attention"])
        rest["ffn_norm"] = normed(network, f"blk.{number}.ffn_norm", between)
        near_zero, hidden = feed_forward(network, number, known, rest)
        stream = rest["residual"] = added(between, rest["ffn"])
        layers.append(numbers(known, rest, alpha, n, near_zero, hidden))
    return layers


def normed(network: Network, name: str, x: Gaussian) -> Gaussian:
    factor = network.tensors[name] / np.sqrt(x.square + network.epsilon)
    return Gaussian(x.mean * factor, x.variance * factor**2)


def mapped(network: Network, layer: int, role: str, x: Gaussian) -> Gaussian:
    weights = network.tensors[f"blk.{layer}.{role}"]
    return Gaussian(weights @ x.mean, weights**2 @ x.variance)


def added(one: Gaussian, other: Gaussian) -> Gaussian:
    return Gaussian(one.mean + other.mean, one.variance + other.variance)


def drawn_attention(network: Network, layer: int, known: dict[str, Any], inputs: Gaussian, normals: Floats) -> Floats:
    """Of the drawn queries, (heads, n − E, n)."""
    x = inputs.mean + np.sqrt(inputs.variance) * normals
    q, k = (np.concatenate([known[role], network.apply(layer, f"attn_{role}", x)])[None] for role in ("q", "k"))
    n = q.shape[1]
    q, k = q.reshape(1, n, network.heads, -1), k.reshape(1, n, network.kv_heads, -1)
    q, k = rope(q, network, layer)[0], rope(k, network, layer)[0]
    k = np.repeat(k, network.heads // network.kv_heads, axis=1)
    scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(network.key_length)
    scores[:, np.triu(np.ones((n, n), bool), 1)] = -np.inf
    return softmax(scores)[:, -len(normals) :]


def mixed(network: Network, layer: int, known: dict[str, Any], v: Gaussian, alpha: Floats) -> Gaussian:
    weights, n_exact = network.tensors[f"blk.{layer}.attn_output"], len(known["v"])
    length = network.key_length
    mean, variance = np.zeros(len(weights)), np.zeros(len(weights))
    for head in range(network.heads):
        columns = slice(head * length, (head + 1) * length)
        kv = head // (network.heads // network.kv_heads)
        channels = slice(kv * length, (kv + 1) * length)
        own, shares = weights[:, columns], alpha[head]
        of_exact = shares[:, :n_exact].mean(axis=0)
        mean += own @ (of_exact @ known["v"][:, channels] + (1 - of_exact.sum()) * v.mean[channels])
        collision = np.mean(np.sum(shares[:, n_exact:] ** 2, axis=1))
        variance += own**2 @ (collision * v.variance[channels])
        for key in range(n_exact):
            variance += np.var(shares[:, key]) * (own @ (known["v"][key, channels] - v.mean[channels])) ** 2
    return Gaussian(mean, variance)


def feed_forward(
    network: Network, layer: int, known: dict[str, Any], rest: dict[str, Gaussian]
) -> tuple[float, Gaussian]:
    """Adds gate, up and the FFN's result to `rest`; the near-zero share and the moments of h."""
    x = rest["ffn_norm"]
    gate, up = (mapped(network, layer, f"ffn_{role}", x) for role in ("gate", "up"))
    rest |= {"gate": gate, "up": up}
    both = (network.tensors[f"blk.{layer}.ffn_gate"] * network.tensors[f"blk.{layer}.ffn_up"]) @ x.variance
    deviation = np.sqrt(gate.variance)
    active = activate(gate.mean[:, None] + deviation[:, None] * GRID, "silu")
    beside = up.mean[:, None] + (both / deviation)[:, None] * GRID
    left = (up.variance - (both / deviation) ** 2)[:, None]
    first, second = (active * beside) @ MASSES, (active**2 * (beside**2 + left)) @ MASSES
    sizes = np.abs(known["hidden"][1:])
    limit = np.maximum(sizes.max(axis=0), np.sqrt(np.mean(sizes**2)))
    factor = np.minimum(1, limit / np.sqrt(second))
    hidden = Gaussian(first * factor, (second - first**2) * factor**2)
    bound = 0.1 * np.sqrt(hidden.square) / factor[:, None] / np.abs(active)
    spread = np.sqrt(2 * left)
    small = (scipy.special.erf((bound - beside) / spread) + scipy.special.erf((bound + beside) / spread)) / 2
    rest["ffn"] = mapped(network, layer, "ffn_down", hidden)
    return float(np.mean(small @ MASSES)), hidden


def numbers(
    known: dict[str, Any], rest: dict[str, Gaussian], alpha: Floats, n: int, near_zero: float, hidden: Gaussian
) -> LayerNumbers:
    n_exact = len(known["v"])
    n_rest = n - n_exact
    squares = {
        name: np.concatenate([np.mean(known[point] ** 2, axis=1), np.full(n_rest, rest[point].square)])
        for point, name in POINTS.items()
    }
    rms = {name: np.sqrt(values[1:]) for name, values in squares.items()}
    shares = np.zeros((len(alpha), n, n))
    shares[:, :n_exact, :n_exact] = known["alpha"]
    shares[:, n_exact:] = alpha
    entropy = scipy.special.entr(shares).sum(axis=2)[:, 1:] / np.log(np.arange(2, n + 1))
    own = np.sqrt(np.mean(known["hidden"] ** 2, axis=1, keepdims=True))
    below = np.mean(np.abs(known["hidden"]) < 0.1 * own, axis=1)
    total = known["hidden"][1:].sum() + n_rest * hidden.mean.sum()
    square = (known["hidden"][1:] ** 2).sum() + n_rest * hidden.square * hidden.mean.size
    count = (n - 1) * hidden.mean.size
    return LayerNumbers(
        rms=rms,
        overall={name: float(np.sqrt(values.mean())) for name, values in squares.items()},
        near_zero=np.concatenate([below[1:], np.full(n_rest, near_zero)]),
        ratio=rms["ffn_output"] / rms["attention_output"],
        entropy=entropy,
        first=shares[:, 1:, 0],
        hidden=(total / count, float(np.sqrt(square / count - (total / count) ** 2))),
    )
