"""The cost of matrices, and every simpler guess, beside the damage that was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

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
from support.rival_costs import Rivals, rivals

if TYPE_CHECKING:
    from ggufscope.architecture.matrices import RowSource
    from ggufscope.diffs.costs import Costs

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
        orders: Spearman's correlation of each guess, by its title; empty where none were made.
    """

    measured: Damage
    predicted: Damage
    cost: Comparison
    role_order: float
    added: float
    rescued: list[str]
    orders: dict[str, float]


def compare(model: str, path: Path, types: Sequence[str]) -> dict[str, Compared]:
    """By type, a model's costs on the neutral text, all from one reading, and its damages on others.

    The simpler guesses are made for the first type alone.
    """
    everything = {kind: mean_damages(model, kind) for kind in types}
    candidates: dict[str, dict[str, RowSource]] = {}
    with gs.open(path) as opened:
        for kind, damage in everything.items():
            for name in damage:
                candidates.setdefault(name, {})[kind] = QuantizedRows(opened.tensors[name], kind)
        costs = measure(opened, candidates)
        tokens, _ = neutral_tokens(opened, N_TOKENS)
    guesses = rivals(path, types[0], tokens.tolist(), in_layers(everything[types[0]]).keys())
    return {
        kind: _compared(model, kind, damage, costs, guesses if kind == types[0] else None)
        for kind, damage in everything.items()
    }


def _compared(model: str, kind: str, damage: Damage, costs: Costs, guesses: Rivals | None) -> Compared:
    measured = in_layers(damage)
    predicted = {name: costs.of(name, kind) for name in damage}
    cost = Comparison.of(predicted, measured)
    own_roles = _order(role_means(measured, measured), measured)
    orders = {} if guesses is None else _orders(model, kind, measured, cost.order, own_roles, guesses)
    rescued = [name for name, type_name in costs.rescued if type_name == kind]
    added = sum(measured.values()) / damage_at_once(model, kind)
    return Compared(measured, predicted, cost, own_roles, added, rescued, orders)


def _orders(
    model: str, kind: str, measured: Damage, of_costs: float, of_roles: float, guesses: Rivals
) -> dict[str, float]:
    """Spearman's correlation of each guess, by its title."""
    return {
        "**the cost**": of_costs,
        "measured, one text by another": _between_texts(model, kind),
        "role means of what was measured": of_roles,
        "role means of the other model": _other_roles(model, kind, measured),
        "output error ‖(Ŵ−W)x‖² / ‖Wx‖²": _order(guesses.output, measured),
        "error weighted by E[x²], relative": _order(guesses.weighted, measured),
        "error weighted by E[x²], absolute": _order(guesses.weighted_absolute, measured),
        "squared error of the weights, relative": _order(guesses.nmse, measured),
        "number of weights": _order(guesses.size, measured),
    }


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
