"""Figures of two models that read the same tokens, in float64 NumPy: the oracle of `diffs.readings`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from support.forward import Floats, Ints, Network, logits, output_of, run

ROWS = ("attn_q", "attn_k", "attn_v")


@dataclass
class Read:
    """One sequence as a network reads it: what happens in each layer, and scores (tokens, vocabulary)."""

    network: Network
    layers: list[dict[str, Any]]
    scores: Floats

    @classmethod
    def of(cls, network: Network, tokens: Ints) -> Read:
        layers = run(network, tokens[None])
        return cls(network, layers, logits(network, layers[-1]["residual"])[0])

    def inputs(self, layer: int, role: str) -> Floats:
        """What a matrix reads, (tokens, columns); of down projections of experts (experts, tokens, columns)."""
        seen = self.layers[layer]
        if role in {*ROWS, "attn_qkv"}:
            return seen["read"][0]
        if role == "attn_output":
            return seen["mixed"][0]
        if role == "ffn_down":
            return seen["hidden"][0]
        if role == "ffn_down_exps":
            return seen["hidden"][:, 0]
        return seen["ffn_norm"][0]

    def chosen(self, layer: int) -> Floats:
        """Bool (tokens, experts): whom the router sends each token to."""
        scores = self.network.apply(layer, "ffn_gate_inp", self.layers[layer]["ffn_norm"])[0]
        return scores >= np.sort(scores, axis=-1)[:, -self.network.experts_used, None]

    def output_inputs(self) -> Floats:
        return self.network.norm("output_norm", self.layers[-1]["residual"])[0]


@dataclass
class TwoReads:
    """The same sequences by two networks."""

    ours: list[Read]
    theirs: list[Read]

    @classmethod
    def of(cls, ours: Network, theirs: Network, sequences: list[Ints]) -> TwoReads:
        return cls([Read.of(ours, tokens) for tokens in sequences], [Read.of(theirs, tokens) for tokens in sequences])

    def weights(self, layer: int | None, role: str) -> tuple[Floats, Floats]:
        networks = self.ours[0].network, self.theirs[0].network
        if layer is None:
            return tuple(output_of(network) for network in networks)
        return tuple(network.tensors[f"blk.{layer}.{role}"] for network in networks)

    def error(
        self,
        layer: int | None,
        role: str,
        *,
        expert: int | None = None,
        rows: Any = slice(None),
        columns: Any = slice(None),
        first: bool = False,
    ) -> float:
        """Σ‖(Ŵ − W)x‖² / Σ‖Wx‖² of some rows and columns, token by token."""
        a, b = (w if expert is None else w[expert] for w in self.weights(layer, role))
        a, b = a[rows][:, columns], b[rows][:, columns]
        errors = squares = 0.0
        for read in self.ours:
            x = read.output_inputs() if layer is None else read.inputs(layer, role)
            x = x[expert] if x.ndim == 3 else x
            counts = np.arange(len(x)) == 0 if first else np.arange(len(x)) > 0
            if expert is not None:
                counts &= read.chosen(layer)[:, expert]
            x = x[counts][:, columns]
            errors += np.sum((x @ (b - a).T) ** 2)
            squares += np.sum((x @ a.T) ** 2)
        return errors / squares

    def n_sent(self, layer: int, expert: int) -> int:
        return sum(int(read.chosen(layer)[:, expert].sum()) for read in self.ours)

    def streams(self, layer: int) -> list[tuple[Floats, Floats]]:
        """Residual streams of both, a pair for each sequence."""
        return [
            (a.layers[layer]["residual"][0], b.layers[layer]["residual"][0])
            for a, b in zip(self.ours, self.theirs, strict=True)
        ]

    def attention(self, layer: int) -> Floats:
        """Mean total variation of each head over queries t ≥ 1."""
        moved = [
            0.5 * np.abs(b.layers[layer]["alpha"][0] - a.layers[layer]["alpha"][0]).sum(axis=-1)[:, 1:]
            for a, b in zip(self.ours, self.theirs, strict=True)
        ]
        return np.concatenate(moved, axis=1).mean(axis=1)

    def same_experts(self, layer: int) -> float:
        same = [(a.chosen(layer) == b.chosen(layer)).all(axis=1) for a, b in zip(self.ours, self.theirs, strict=True)]
        return float(np.concatenate(same).mean())

    def divergences(self) -> list[Floats]:
        """KL of each sequence's positions."""
        return [divergence(a.scores, b.scores) for a, b in zip(self.ours, self.theirs, strict=True)]


def log_softmax(scores: Floats) -> Floats:
    scores = np.asarray(scores, np.float64)
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def divergence(ours: Floats, theirs: Floats) -> Floats:
    """Σ p_a ln(p_a / p_b) of each row, in nats."""
    a, b = log_softmax(ours), log_softmax(theirs)
    return np.sum(np.exp(a) * (a - b), axis=-1)
