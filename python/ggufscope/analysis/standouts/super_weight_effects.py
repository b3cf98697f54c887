"""What super weights do to the answers: each counted as zero, beside another large weight of the same matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.arguments import thread_count
from ...models.weight_place import WeightPlace
from ...text.numbers import percent, short
from .source import openings_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...architecture.matrices import Matrix
    from ...runtime.ablating import Effect
    from .massive_products import MassiveProduct
    from .source import Weights

    Pair = tuple[MassiveProduct, Matrix]

AS_LARGE = 100  # the largest weights of a matrix, of which one is left out for comparison
_MOST = 4  # weights that are left out by themselves
_TILE = 1 << 22  # weights that are decoded at a time


@dataclass(frozen=True)
class WeightEffect:
    """The effect of a super weight.

    Attributes:
        evidence: its numbers, and those of the weight that it is compared with, by name.
        sentence: about them.
    """

    evidence: dict[str, float]
    sentence: str


def weight_effects(weights: Weights, found: Sequence[Pair]) -> list[WeightEffect]:
    """Of each product's weight; of those beyond the first few nothing by itself.

    Args:
        weights: the model; its openings and its probe are what it reads.
        found: products with the down projections that they are of.
    """
    from ...runtime.ablating import ablation_effects  # noqa: PLC0415 - engines only where they are needed

    pairs = list(found[:_MOST])
    if not pairs:
        return []
    taken = {(down.tensor.name, down.first + product.row, product.column) for product, down in found}
    places = [weight_place(down, product.row, product.column) for product, down in pairs]
    others = [_other_large(down, taken, weights.seed) for _, down in pairs]
    variants = [*([place] for place in places), *([place] for place in dict.fromkeys(others))]
    openings, probe = weights.openings, weights.probe
    assert not isinstance(openings, str)  # noqa: S101
    sets = {openings_in_words(openings): openings.tokens}
    if probe is not None:
        sets[probe.words] = list(probe.sequences)
    effects = []
    for words, sequences in sets.items():
        every = ablation_effects(
            weights.need_model(),
            sequences,
            variants,
            watched=[(product.layer, product.row) for product, _ in pairs],
            threads=thread_count(weights.threads),
            announce=weights.ablation.announce,
            progress=weights.share_of_run,
        )
        compared = dict(zip(dict.fromkeys(others), every[len(pairs) :], strict=True))
        effects.append((words, [(every[at], compared[other]) for at, other in enumerate(others)]))
    return [
        _effect([(words, *of_all[at]) for words, of_all in effects], product) for at, (product, _) in enumerate(pairs)
    ]


def weight_place(down: Matrix, row: int, column: int) -> WeightPlace:
    """The place of a matrix's weight in its tensor."""
    index = np.unravel_index(down.first + row, down.tensor.shape[:-1])
    return WeightPlace(down.tensor.name, (*(int(at) for at in index), column))


def _other_large(down: Matrix, taken: set[tuple[str, int, int]], seed: int) -> WeightPlace:
    """One of the largest weights of a matrix, drawn by the seed, that is none of those taken."""
    sizes = np.empty(0)
    places = np.empty(0, np.int64)
    step = max(1, _TILE // down.n_columns)
    for first in range(0, down.n_rows, step):
        tile = np.abs(down.decode(first, min(step, down.n_rows - first))).reshape(-1)
        largest = np.argsort(-tile, kind="stable")[:AS_LARGE]
        sizes = np.concatenate([sizes, tile[largest]])
        places = np.concatenate([places, first * down.n_columns + largest])
        kept = np.argsort(-sizes, kind="stable")[:AS_LARGE]
        sizes, places = sizes[kept], places[kept]
    rows, columns = np.divmod(places, down.n_columns)
    free = [
        (row, column)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if (down.tensor.name, down.first + row, column) not in taken
    ]
    row, column = free[int(np.random.default_rng(seed).integers(len(free)))]
    return weight_place(down, row, column)


def _effect(measured: list[tuple[str, Effect, Effect]], product: MassiveProduct) -> WeightEffect:
    """The evidence of all sets of sequences, and a sentence on the last."""
    evidence: dict[str, float] = {}
    for number, (_, own, other) in enumerate(measured):
        prefix = "" if number == 0 else "probe_"
        evidence |= {
            f"{prefix}kl_mean": own.kl_mean,
            f"{prefix}kl_end": own.kl_end,
            f"{prefix}same_top": own.same_top,
            f"{prefix}left": own.left.get((product.layer, product.row), 0.0),
            f"{prefix}other_kl_mean": other.kl_mean,
            f"{prefix}other_same_top": other.same_top,
        }
    words, own, other = measured[-1]
    left = own.left.get((product.layer, product.row), 0.0)
    sentence = (
        f"Counted as zero, it leaves {percent(round(left, 4))} % of the activation; on {words} the distribution of the"
        f" next token moves by a KL divergence of {short(own.kl_mean)} nats in the mean, {short(own.kl_end)} at the"
        f" end, and the likeliest token stays at {percent(round(own.same_top, 3))} % of the positions. Another of the"
        f" {AS_LARGE} largest weights of the matrix moves it by {short(other.kl_mean)}, and it stays at"
        f" {percent(round(other.same_top, 3))} %."
    )
    return WeightEffect(evidence, sentence)
