"""The cost of a matrix's error, in plain NumPy and float64, on a `Network`: the oracle of `ggufscope.diffs.costs`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from support.forward import Floats, Ints, Network, attention, feed_forward, logits, run

FIRST_COUNTED, N_MEASURED = 8, 64


@dataclass
class Read:
    """One reading: tokens (n,) through a network."""

    network: Network
    tokens: Ints

    def __post_init__(self) -> None:
        self.layers = run(self.network, self.tokens[None])
        embedded = self.network.tensors["token_embd"][self.tokens] * self.network.embedding_factor
        self.streams = [embedded, *(layer["residual"][0] for layer in self.layers)]

    def between(self, layer: int) -> Floats:
        """The stream in front of the FFN."""
        stream: Floats = self.streams[layer] + self.layers[layer]["attention"][0]
        return stream

    def points(self) -> list[tuple[Floats, Floats]]:
        """Streams that are read, and gains of the norms that read them, in order."""
        gains = self.network.tensors
        found = []
        for layer in range(self.network.layers):
            parallel = self.network.parallel or self.network.shared_norm
            found.append((self.streams[layer], gains[f"blk.{layer}.attn_norm"]))
            if not self.network.shared_norm:
                read = self.streams[layer] if parallel else self.between(layer)
                found.append((read, gains[f"blk.{layer}.{self.network.feed_forward_norm}"]))
        return [*found, (self.streams[-1], gains["output_norm"])]


def cost(reading: Read, name: str, weights: npt.NDArray[Any]) -> float:
    """Of other weights of a matrix of a layer; no rescue."""
    _, layer, role = name.split(".")
    number = int(layer)
    error, first = _pushed(reading, number, name, weights, mixes=role.startswith("attn"))
    return _seen(reading, error, first)


def _seen(reading: Read, error: Floats, first: int) -> float:
    """The cost of an error that reading point number `first` is the first to see."""
    seen = [
        gains**2 @ np.mean(error[1:] ** 2, axis=0) / (gains**2 @ np.var(stream[1:], axis=0))
        for stream, gains in reading.points()[first:]
    ]
    return float(1.35 * np.sqrt(seen[0] * np.mean(seen)))


def largest_share(reading: Read, name: str, weights: npt.NDArray[Any]) -> float:
    """The largest ‖error‖² / ‖stream before the branch‖² of a token."""
    _, layer, role = name.split(".")
    mixes = role.startswith("attn")
    error, _ = _pushed(reading, int(layer), name, weights, mixes=mixes)
    stream = reading.streams[int(layer)] if mixes else reading.between(int(layer))
    return float(np.max(np.sum(error**2, axis=1) / np.sum(stream**2, axis=1)))


def _pushed(reading: Read, layer: int, name: str, weights: npt.NDArray[Any], *, mixes: bool) -> tuple[Floats, int]:
    """The error behind the branch, (tokens, width), and the number of the first point that reads it."""
    network = reading.network
    other = substituted(network, name, weights)
    parallel = network.parallel or network.shared_norm
    norm = f"blk.{layer}.attn_norm" if mixes or network.shared_norm else f"blk.{layer}.{network.feed_forward_norm}"
    read = network.norm(norm, reading.streams[layer] if mixes or parallel else reading.between(layer))
    branch = attention if mixes else feed_forward
    added = branch(other, layer, read[None], {})[0]
    if network.post_norms:
        added = network.norm(f"blk.{layer}.{'post_attention_norm' if mixes else 'post_ffw_norm'}", added)
    exact = reading.layers[layer]["attention" if mixes else "ffn"][0]
    per_layer = 1 if network.shared_norm else 2
    first = per_layer * layer + (1 if mixes and not parallel else per_layer)
    return added * network.residual_factor - exact, first


def substituted(network: Network, name: str, weights: npt.NDArray[Any]) -> Network:
    """The network with other weights of one matrix."""
    return replace(network, tensors={**network.tensors, name: np.asarray(weights, np.float64)})


def divergence(network: Network, name: str, weights: npt.NDArray[Any], tokens: Ints) -> float:
    """The KL divergence that the substituted matrix makes, mean over the first tokens of a text."""
    read = tokens[None, :N_MEASURED]
    networks = (network, substituted(network, name, weights))
    exact, other = (logits(each, run(each, read)[-1]["residual"])[0, FIRST_COUNTED:] for each in networks)
    return _mean_divergence(exact, other)


def mean_divergence(network: Network, other: Network, stream: Floats) -> float:
    """The KL divergence of the scores that two networks give to the same last streams."""
    return _mean_divergence(logits(network, stream), logits(other, stream))


def _mean_divergence(exact: Floats, other: Floats) -> float:
    """Σ p (ln p − ln q), mean over rows."""
    p, q = (scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True) for scores in (exact, other))
    return float(np.mean(np.sum(np.exp(p) * (p - q), axis=-1)))


def embedding_cost(reading: Read, weights: npt.NDArray[Any]) -> float:
    """Of other rows of the token embedding, in front of the first layer."""
    exact = reading.network.tensors["token_embd"]
    error = (np.asarray(weights, np.float64) - exact)[reading.tokens] * reading.network.embedding_factor
    return _seen(reading, error, 0)
