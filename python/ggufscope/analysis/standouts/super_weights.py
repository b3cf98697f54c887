"""Super weights: single weights of a down projection that make a massive activation.

They are found where a model, run on openings, makes one; what the weights alone say of the neuron stands beside it. Of
a model that is not run there are only candidates: neurons that are loud and write into one channel. The name is from
Yu et al. 2024, "The Super Weight in Large Language Models".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...architecture.parts import Mixture
from ...arrays.arguments import thread_count
from ...models.token_texts import TokenTexts
from ...runtime.standouts import Found, LayerSeries, Standout
from ...runtime.standouts.massive_activations import MASSIVE
from ...text.numbers import count_text, percent, rounded, short
from .massive_products import MOST, MassiveProduct, largest_additions, massive_products
from .neurons import loudness_of_layer
from .source import WEIGHTS, openings_in_words
from .super_weight_effects import WeightEffect, weight_effects, weight_place

if TYPE_CHECKING:
    from ...architecture.blueprint import Blueprint
    from ...architecture.matrices import Matrix
    from ...arrays.floats import Floats
    from .source import Weights

NAME = "super_weight"
LOUD = 10.0  # times the median of the layer, from when on a neuron alone is a candidate
ONE_CHANNEL = 0.9  # of its column's energy


@dataclass(frozen=True)
class _Column:
    """A neuron by its weights alone.

    Attributes:
        loudness: over the median of its FFN.
        row: that was asked for, or where the column is largest.
        energy_share: of Σ w² of the column, in that row.
        weight: there.
    """

    loudness: float
    row: int
    energy_share: float
    weight: float


@WEIGHTS.kind(
    NAME,
    "Super weights",
    "Single weights of the down projection whose product with their neuron makes, on most of the openings, at least"
    f" {MOST:g} of what the FFN adds to a channel that is massive behind the layer ({count_text(MASSIVE)} times the"
    f" median |x| of the stream), of which the FFN adds at least {MOST:g}; where the model is not run, candidates"
    f" alone: neurons with at least {LOUD:g} times the loudness of the layer's median, and at least {ONE_CHANNEL:g} of"
    " their column's energy in one channel.",
)
def find_super_weights(weights: Weights) -> Found:
    """The largest activation first."""
    weights.need_model()
    blueprint = weights.blueprint
    if all(blueprint.layer(number).feed_forward is None for number in range(blueprint.n_layers)):
        raise NotApplicableError("no layer has an FFN")
    openings = weights.openings
    if isinstance(openings, str):
        return _candidates(weights, openings)
    products = massive_products(blueprint, openings)
    items = [_standout(weights, product) for product in products]
    if weights.ablation.wanted:
        downs = [_down(blueprint, product.layer, product.expert) for product in products]
        effects = weight_effects(weights, list(zip(products, downs, strict=True)))
        items[: len(effects)] = map(_with_effect, items, effects)
    caption = "largest value that the FFN adds / median |x|"
    series = {"added": LayerSeries(caption, largest_additions(openings), logarithmic=True)}
    return Found(items, series, _summary(items), seen_on=openings_in_words(openings))


def _standout(weights: Weights, product: MassiveProduct) -> Standout:
    down, loudness = _down(weights.blueprint, product.layer, product.expert), _loudness(weights, product.layer)
    named = str(weight_place(down, product.row, product.column))
    column = _column(down, product.column, loudness[product.expert or 0], product.row)
    row = np.abs(down.decode(product.row, 1)[0])
    openings = weights.openings
    assert not isinstance(openings, str)  # noqa: S101
    evidence = {
        "weight": product.weight,
        "neuron": product.hidden,
        "share_of_channel": product.share,
        "added": product.added,
        "token": float(product.token),
        "openings": product.n_openings / len(openings.tokens),
        "rank_in_row": float(1 + (row > abs(product.weight)).sum()),
        "loudness": column.loudness,
        "energy_share": column.energy_share,
    }
    if product.growth is not None:
        evidence["growth"] = product.growth
    place = {"row": product.row, "column": product.column}
    if product.expert is not None:
        place = {"expert": product.expert} | place
    return Standout(
        kind=NAME,
        layer=product.layer,
        head=None,
        place=place,
        value=product.activation,
        compared=product.ratio,
        evidence=evidence,
        sentence=_sentence(product, named, evidence, _token(weights, product)),
    )


def _with_effect(item: Standout, effect: WeightEffect) -> Standout:
    return replace(item, evidence=item.evidence | effect.evidence, sentence=f"{item.sentence} {effect.sentence}")


def _sentence(product: MassiveProduct, place: str, evidence: dict[str, float], token: str) -> str:
    grown = "" if product.growth is None else f" and {rounded(product.growth)} times the largest value before"
    ratio = f"{rounded(product.ratio)} times the median{grown}"
    alone = f"its neuron is {evidence['loudness']:.3g} times as loud as the layer's median"
    if evidence["energy_share"] >= MOST:
        alone += f", {percent(round(evidence['energy_share'], 3))} % of its column's energy lie in that row"
    rank = int(evidence["rank_in_row"])
    alone += f", |w| is the {_ordinal(rank)} of its row"
    return (
        f"{place} = {product.weight:.4g} makes {percent(round(product.share, 3))} % of what the FFN of layer"
        f" {product.layer} adds to channel {product.row} on the token at position {product.token}{token}, which becomes"
        f" {rounded(product.activation)} there, {ratio}; {alone}."
    )


def _candidates(weights: Weights, reason: str) -> Found:
    """Loud neurons of one channel."""
    items = []
    for layer, loudest in enumerate(weights.neurons.loudest):
        if loudest is None or loudest < LOUD:
            continue
        for number, loudness in enumerate(_loudness(weights, layer)):
            expert = number if isinstance(weights.blueprint.layer(layer).feed_forward, Mixture) else None
            down = _down(weights.blueprint, layer, expert)
            for neuron in np.flatnonzero(loudness >= LOUD * np.nanmedian(loudness)).tolist():
                column = _column(down, neuron, loudness)
                if column.energy_share >= ONE_CHANNEL:
                    items.append(_candidate(layer, expert, neuron, column, str(weight_place(down, column.row, neuron))))
    items.sort(key=lambda item: -(item.compared or 0.0))
    return Found(items, summary=f"Candidates by their weights alone, for the model was not run ({reason}).")


def _candidate(layer: int, expert: int | None, neuron: int, column: _Column, place: str) -> Standout:
    own = {"row": column.row, "column": neuron}
    return Standout(
        kind=NAME,
        layer=layer,
        head=None,
        place=own if expert is None else {"expert": expert} | own,
        value=None,
        compared=column.loudness,
        evidence={"weight": column.weight, "loudness": column.loudness, "energy_share": column.energy_share},
        sentence=f"{place} = {column.weight:.4g} may be a super weight, by the weights alone: its neuron is"
        f" {column.loudness:.3g} times as loud as the layer's median, and {percent(round(column.energy_share, 3))} % of"
        " its column's energy lie in that row.",
    )


def _down(blueprint: Blueprint, layer: int, expert: int | None) -> Matrix:
    part = blueprint.layer(layer).feed_forward
    assert part is not None  # noqa: S101
    return part.experts[expert or 0].down if isinstance(part, Mixture) else part.expert.down


def _loudness(weights: Weights, layer: int) -> list[Floats]:
    return loudness_of_layer(weights.blueprint.layer(layer), thread_count(weights.threads), weights.seed)


def _column(down: Matrix, neuron: int, loudness: Floats, row: int | None = None) -> _Column:
    step = max(1, (1 << 22) // down.n_columns)
    parts = [down.decode(first, min(step, down.n_rows - first))[:, neuron] for first in range(0, down.n_rows, step)]
    squares = np.square(np.concatenate(parts))
    row = int(squares.argmax()) if row is None else row
    median, total = float(np.nanmedian(loudness)), float(squares.sum())
    return _Column(
        loudness=float(loudness[neuron] / median) if median > 0 else 0.0,
        row=row,
        energy_share=float(squares[row] / total) if total > 0 else 0.0,
        weight=float(np.concatenate(parts)[row]),
    )


def _token(weights: Weights, product: MassiveProduct) -> str:
    openings = weights.openings
    assert not isinstance(openings, str)  # noqa: S101
    ids = {int(tokens[product.token]) for tokens in openings.tokens}
    return f" ({TokenTexts(weights.need_model())(ids.pop())})" if len(ids) == 1 else ""


def _ordinal(rank: int) -> str:
    return {1: "largest", 2: "second largest", 3: "third largest"}.get(rank, f"{rank}th largest")


def _summary(items: list[Standout]) -> str | None:
    """The findings together, with what leaving them out does where that was tried."""
    effects = [item.evidence for item in items if "kl_mean" in item.evidence]
    if len(items) < 2 and not effects:
        return None
    layers = ", ".join(str(item.layer) for item in items)
    one = "1 weight makes a massive activation, in layer"
    made = f"{one if len(items) == 1 else f'{len(items)} weights make massive activations, in layers'} {layers}"
    if not effects:
        return f"{made}."
    moves = ", ".join(short(effect["kl_mean"]) for effect in effects)
    others = short(max(effect["other_kl_mean"] for effect in effects))
    moving = "it moves" if len(effects) == 1 else "each moves"
    return (
        f"{made}; counted as zero, {moving} the next token by a KL divergence of {moves} nats, others as large by"
        f" {others} at most."
    )
