"""The cost of matrices, and every simpler guess, beside the damage that was measured."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

import ggufscope as gs
from ggufscope.diffs.costs import measure
from ggufscope.diffs.costs.neutral_tokens import neutral_tokens
from ggufscope.diffs.costs.traced import N_TOKENS
from ggufscope.diffs.quantizing import QuantizedRows
from support.damage_tables import (
    Comparison,
    Damage,
    damage_at_once,
    damages,
    in_layers,
    mean_damages,
    role_means,
    role_of,
    texts_read,
)
from support.rival_costs import rivals

OTHER = {"smollm2": "gemma3", "gemma3": "smollm2"}


@dataclass(frozen=True)
class Compared:
    """What there is to say of a model and a type.

    Attributes:
        measured: damages of the matrices in layers.
        predicted: their costs, and those of embedding and output.
        cost: the costs beside the damages.
        role_order: Spearman's correlation of role means of the measured damages themselves.
        added: sum of the damages of single matrices over that of all at once.
        rescued: names of matrices whose cost was measured.
        orders: Spearman's correlation of each guess, by its title.
    """

    measured: Damage
    predicted: Damage
    cost: Comparison
    role_order: float
    added: float
    rescued: list[str]
    orders: dict[str, float]


def compare(model: str, path: Path, type_name: str) -> Compared:
    """A model's costs on the neutral text, and its damages on others."""
    everything = mean_damages(model, type_name)
    measured = in_layers(everything)
    with gs.open(path) as opened:
        candidates = {name: {type_name: QuantizedRows(opened.tensors[name], type_name)} for name in everything}
        costs = measure(opened, candidates)
        tokens, _ = neutral_tokens(opened, N_TOKENS)
    predicted = {name: costs.of(name, type_name) for name in everything}
    cost = Comparison.of(predicted, measured)
    own_roles = _order(role_means(measured, measured), measured)
    guesses = rivals(path, type_name, tokens.tolist(), measured.keys())
    orders = {
        "**the cost**": cost.order,
        "measured, one text by another": _between_texts(model, type_name),
        "role means of what was measured": own_roles,
        "role means of the other model": _other_roles(model, type_name, measured),
        "output error ‖(Ŵ−W)x‖² / ‖Wx‖²": _order(guesses.output, measured),
        "error weighted by E[x²], relative": _order(guesses.weighted, measured),
        "error weighted by E[x²], absolute": _order(guesses.weighted_absolute, measured),
        "squared error of the weights, relative": _order(guesses.nmse, measured),
        "number of weights": _order(guesses.size, measured),
    }
    rescued = [name for name, _ in costs.rescued]
    added = sum(measured.values()) / damage_at_once(model, type_name)
    return Compared(measured, predicted, cost, own_roles, added, rescued, orders)


def _order(guess: Damage, measured: Damage) -> float:
    """Spearman's correlation; NaN where all guesses are the same."""
    if len({guess[name] for name in measured}) == 1:
        return float("nan")
    return float(spearmanr([guess[name] for name in measured], list(measured.values())).statistic)


def _between_texts(model: str, type_name: str) -> float:
    """How well damages on one text order those on another, the mean over pairs: no cost can do much better."""
    by_text = [in_layers(damages(model, type_name, text)) for text in texts_read(model, type_name)]
    return float(np.mean([_order(one, other) for one, other in combinations(by_text, 2)] or [np.nan]))


def _other_roles(model: str, type_name: str, measured: Damage) -> float:
    """By the mean damage of each role on the other model; NaN where not all roles were measured there."""
    others = in_layers(mean_damages(OTHER[model], type_name))
    if not {role_of(name) for name in measured} <= {role_of(name) for name in others}:
        return float("nan")
    return _order(role_means(measured, others), measured)
