"""From the moments of one layer to its numbers: of tokens that are all alike, or of an opening and what follows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ....arrays.floats import Floats
    from .attention import AttentionScores
    from .feed_forward import FeedForwardScores
    from .moments import Moments
    from .openings import Populations


@dataclass(frozen=True)
class LayerRow:
    """One layer: moments of every population.

    Attributes:
        ffn_inputs: that the FFN reads.
        added, ffn_added: that attention and FFN add to the stream.
        residual: of the stream behind both.
    """

    layer: int
    attention: AttentionScores
    ffn: FeedForwardScores
    ffn_inputs: Moments
    added: Moments
    ffn_added: Moments
    residual: Moments

    @property
    def projections(self) -> dict[str, Moments]:
        return self.attention.projections | self.ffn.projections

    @property
    def points(self) -> dict[str, Moments]:
        """Moments by the points where engines capture the same."""
        return self.projections | {
            "gated": self.ffn.hidden,
            "attention_output": self.added,
            "ffn_norm": self.ffn_inputs,
            "ffn_output": self.ffn_added,
            "residual": self.residual,
        }


@dataclass(frozen=True)
class LayerFigures:
    """The numbers of one layer, see `Propagation`; of mappings, those that there are."""

    layer: int
    rms: dict[str, float]
    ratio: float
    near_zero_share: float
    hidden: tuple[float, float]
    entropy: Floats
    baseline: Floats
    spread: float | None
    std: dict[str, float] = field(default_factory=dict)
    overall_rms: dict[str, float] = field(default_factory=dict)
    first_rms: dict[str, float] = field(default_factory=dict)
    first_token_share: Floats | None = None
    entropy_bands: dict[str, Floats] = field(default_factory=dict)


def figures_of_one(row: LayerRow) -> LayerFigures:
    """Of tokens that are all alike, one population."""
    rms = {point: float(moments.rms[0]) for point, moments in row.points.items()}
    return LayerFigures(
        layer=row.layer,
        rms=rms,
        ratio=rms["ffn_output"] / rms["attention_output"] if rms["attention_output"] > 0 else np.nan,
        near_zero_share=float(row.ffn.near_zero_share[0]),
        hidden=(float(row.ffn.hidden.mean.mean()), float(row.ffn.hidden.std[0])),
        entropy=row.attention.entropy,
        baseline=row.attention.baseline,
        spread=None if row.ffn.spread is None else float(row.ffn.spread[0]),
        std={role: float(moments.std[0]) for role, moments in row.projections.items()},
    )


def figures_of_openings(row: LayerRow, populations: Populations) -> LayerFigures:
    """Of openings and what follows each, means over openings."""
    openings, layer = populations.openings, row.layer
    squares = {point: moments.mean_square for point, moments in row.points.items()}
    exact = {point: openings.mean_squares(layer, point) for point in squares}
    near_zero = populations.usual(openings.near_zero(layer, "gated"), row.ffn.near_zero_share)
    return LayerFigures(
        layer=layer,
        rms={point: populations.usual_rms(exact[point], rest) for point, rest in squares.items()},
        ratio=_ratio(exact, squares, populations),
        near_zero_share=near_zero,
        hidden=_hidden(row, populations),
        entropy=row.attention.entropy,
        baseline=row.attention.baseline,
        spread=None if row.ffn.spread is None else float(row.ffn.spread.mean()),
        overall_rms={point: populations.overall_rms(exact[point], rest) for point, rest in squares.items()},
        first_rms={point: float(np.mean([np.sqrt(known[0]) for known in exact[point]])) for point in squares},
        first_token_share=row.attention.first_token_share,
        entropy_bands=row.attention.entropy_bands,
    )


def _ratio(exact: dict[str, list[Floats]], rest: dict[str, Floats], populations: Populations) -> float:
    """FFN over attention, the median over tokens t ≥ 1; NaN where attention adds nothing."""
    above, below = ("ffn_output", "attention_output")
    known = [np.sqrt(over / under) for over, under in zip(exact[above], exact[below], strict=True)]
    ratio = populations.usual(known, np.sqrt(rest[above] / rest[below]))
    return ratio if np.isfinite(ratio) else np.nan


def _hidden(row: LayerRow, populations: Populations) -> tuple[float, float]:
    """Mean and std of h over neurons and tokens t ≥ 1, mean over openings."""
    pairs = []
    rest_mean, rest_square = row.ffn.hidden.mean.mean(axis=1), row.ffn.hidden.mean_square
    known_squares = populations.openings.mean_squares(row.layer, "gated")
    for number, vectors in enumerate(populations.openings.at(row.layer, "gated")):
        weights = np.concatenate([np.ones(len(vectors) - 1), [populations.n_rest]])
        means = np.append(vectors[1:].mean(axis=1, dtype=np.float64), rest_mean[number])
        squares = np.append(known_squares[number][1:], rest_square[number])
        mean = np.average(means, weights=weights)
        pairs.append((mean, np.sqrt(max(np.average(squares, weights=weights) - mean**2, 0.0))))
    mean, std = np.mean(pairs, axis=0)
    return float(mean), float(std)
