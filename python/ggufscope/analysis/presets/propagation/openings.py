"""Exact openings beside drawn tokens: the populations of a propagation, and the sizes of both together.

An opening has E tokens that are known exactly; behind them, up to the n-th, tokens are drawn from their Gaussian. There
are as many populations of drawn tokens as openings, each of which sees its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....runtime.engines.streamed.mixers.rotations import Rotations

if TYPE_CHECKING:
    import numpy.typing as npt

    from ....arrays.floats import Floats
    from ....runtime.openings import Openings
    from .moments import Moments


class Populations:
    """Openings, and the draws of what follows them.

    Args:
        openings: read from the model.
        width: channels of the residual stream.
        seed: of the draws.
        factors: of RoPE's frequencies.

    Attributes:
        n_exact: tokens of an opening, E.
        n_positions: tokens of a whole prompt, n.
        n_rest: those of them that are not exact, n − E.
        n_drawn: tokens drawn for each opening: one at least, even where none counts.
    """

    def __init__(self, openings: Openings, width: int, seed: int, factors: npt.NDArray[np.float64] | None) -> None:
        self.openings = openings
        self.count = len(openings.tokens)
        self.n_exact = openings.n_tokens
        self.n_positions = openings.n_positions
        self.n_rest = self.n_positions - self.n_exact
        self.n_drawn = max(self.n_rest, 1)
        self.rotations = Rotations(self.n_exact + self.n_drawn, factors)
        # The same for every layer, as the tokens of a text are.
        self._normals = np.random.default_rng(seed).standard_normal((self.count, self.n_drawn, width), np.float32)

    def draw(self, inputs: Moments) -> npt.NDArray[np.float32]:
        """Vectors of the drawn tokens, float32 (populations · drawn, channels)."""
        mean, std = (values[:, None].astype(np.float32) for values in (inputs.mean, np.sqrt(inputs.variance)))
        return (mean + std * self._normals).reshape(-1, inputs.mean.shape[-1])

    def limits(self, layer: int, *, by_neuron: bool) -> Floats:
        """The largest |h| of exact tokens but the first, at least their rms.

        Args:
            layer: its number.
            by_neuron: for every neuron by itself, (populations, neurons); else one for all, (populations, 1), as
                tokens of a mixture are not of the same neurons.
        """
        rows = []
        for vectors in self.openings.at(layer, "gated"):
            sizes = np.abs(vectors[1:].astype(np.float64))
            if not sizes.size:
                rows.append(np.full(vectors.shape[1] if by_neuron else 1, np.inf))
                continue
            largest = sizes.max(axis=0) if by_neuron else sizes.max(keepdims=True)[0]
            rows.append(np.maximum(largest, np.sqrt(np.mean(np.square(sizes)))))
        return np.stack(rows)

    def usual(self, exact: list[Floats], rest: Floats) -> float:
        """The median over tokens t ≥ 1 of a number of each, mean over openings.

        Args:
            exact: of the tokens of every opening, (tokens,).
            rest: of each that follows, (populations,).
        """
        medians = [
            np.median(np.concatenate([known[1:], np.full(self.n_rest, other)]))
            for known, other in zip(exact, rest, strict=True)
        ]
        return float(np.mean(medians))

    def usual_rms(self, exact: list[Floats], rest: Floats) -> float:
        """The median over tokens t ≥ 1 of the rms of each, mean over openings; arguments are mean squares."""
        return self.usual([np.sqrt(known) for known in exact], np.sqrt(rest))

    def overall_rms(self, exact: list[Floats], rest: Floats) -> float:
        """√((Σ exact mean squares + (n − E) · rest) / n), mean over openings; arguments are mean squares."""
        totals = [known.sum() + self.n_rest * other for known, other in zip(exact, rest, strict=True)]
        return float(np.mean(np.sqrt(np.array(totals) / self.n_positions)))
