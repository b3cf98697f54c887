"""Products of one weight and one neuron that make a massive activation, from openings that a model read exactly.

    residual stream behind a layer, token t, channel c:   x ≥ 1000 medians
      └─ most of it from the FFN of that layer:                 W_down[c] · h  ≥ half of x
           └─ most of that from one product:                    W_down[c, j] · h[j]  ≥ half of the sum

Nothing is searched in the weights: one row of W_down is decoded for each channel that is massive.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.parts import Mixture
from ...arrays.floats import widened
from ...runtime.measuring.experts import FIRST
from ...runtime.standouts.massive_activations import MASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...architecture.blueprint import Blueprint
    from ...architecture.layer import Layer
    from ...architecture.matrices import Matrix
    from ...runtime.openings import Openings
    from ...runtime.shape import Array

MOST = 0.5  # of an activation, and of what an FFN adds to a channel


@dataclass(frozen=True)
class MassiveProduct:
    """A product that makes a massive activation.

    Attributes:
        layer: its layer.
        expert: number of the expert; None in a dense FFN.
        row, column: of the weight in the down projection: channel and neuron.
        weight: W[row, column], with the factor of its matrix.
        hidden: h[column], on the token that it is largest on.
        share: W[row, column] · h[column] of what the FFN makes of the channel, in front of a norm behind it.
        added: what the FFN adds to the channel.
        activation: the channel behind the layer.
        ratio: |activation| over the median of the stream; the median of the openings in which it makes most of it.
        growth: |activation| over the largest value of any channel and token in front of the layer, likewise; None in
            the first layer of a model that adds to the rows of its embedding.
        token: position.
        opening: number of the opening it is largest in.
        n_openings: in which the product makes most of it.
    """

    layer: int
    expert: int | None
    row: int
    column: int
    weight: float
    hidden: float
    share: float
    added: float
    activation: float
    ratio: float
    growth: float | None
    token: int
    opening: int
    n_openings: int


def massive_products(blueprint: Blueprint, openings: Openings) -> list[MassiveProduct]:
    """Those of more than half of the openings, the largest first, in medians of the stream."""
    products: list[MassiveProduct] = []
    for number in range(openings.shape.n_layers):
        if openings.has(number, "ffn_output"):
            products += _of_layer(blueprint, number, openings)
    return sorted(products, key=lambda product: -product.ratio)


def largest_additions(openings: Openings) -> list[float | None]:
    """The most that a layer's FFN adds to a channel, over the median of the stream behind it; median of openings."""
    series: list[float | None] = []
    for layer in range(openings.shape.n_layers):
        if not openings.has(layer, "ffn_output"):
            series.append(None)
            continue
        pairs = zip(openings.at(layer, "ffn_output"), openings.at(layer, "residual"), strict=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = [np.abs(widened(added)).max() / np.median(np.abs(widened(stream))) for added, stream in pairs]
            ratio = float(np.median(ratios))
        series.append(ratio if np.isfinite(ratio) else None)
    return series


def _of_layer(blueprint: Blueprint, number: int, openings: Openings) -> Iterator[MassiveProduct]:
    layer = blueprint.layer(number)
    by_place: dict[tuple[int | None, int, int], list[MassiveProduct]] = {}
    for opening in range(len(openings.tokens)):
        own: dict[tuple[int | None, int, int], MassiveProduct] = {}
        for product in _of_opening(layer, openings, opening, _largest_before(blueprint, number, openings, opening)):
            place = product.expert, product.row, product.column
            if place not in own or abs(own[place].activation) < abs(product.activation):
                own[place] = product
        for place, product in own.items():
            by_place.setdefault(place, []).append(product)
    for products in by_place.values():
        if 2 * len(products) > len(openings.tokens):
            yield _over_openings(products)


def _over_openings(products: list[MassiveProduct]) -> MassiveProduct:
    """A product of several openings: where it is largest, with medians of what depends on the rest of the opening.

    The first token is the same in all of them, so that the last bits of BLAS decide in which it is largest.
    """
    largest = max(products, key=lambda product: abs(product.activation))
    growths = [product.growth for product in products if product.growth is not None]
    return replace(
        largest,
        n_openings=len(products),
        ratio=float(np.median([product.ratio for product in products])),
        growth=float(np.median(growths)) if growths else None,
    )


def _largest_before(blueprint: Blueprint, number: int, openings: Openings, opening: int) -> float | None:
    """The largest |x| of the stream in front of a layer; None in front of the first where not only rows are read."""
    if number > 0:
        return float(np.abs(openings.at(number - 1, "residual")[opening]).max())
    embedding = blueprint.embedding()
    if embedding.positions is not None or embedding.types is not None or embedding.norm is not None:
        return None
    tokens = np.unique(openings.tokens[opening]).tolist()
    return abs(embedding.scale) * max(float(np.abs(embedding.tokens.decode(token, 1)).max()) for token in tokens)


def _of_opening(layer: Layer, openings: Openings, opening: int, before: float | None) -> Iterator[MassiveProduct]:
    stream = widened(openings.at(layer.number, "residual")[opening])
    added = widened(openings.at(layer.number, "ffn_output")[opening]) * layer.output_scale
    median = float(np.median(np.abs(stream)))
    if not median > 0 or not np.isfinite(stream).all():
        return
    made = (np.abs(stream) >= MASSIVE * median) & (added * np.sign(stream) >= MOST * np.abs(stream))
    for token, channel in np.argwhere(made).tolist():
        if isinstance(layer.feed_forward, Mixture) and token >= FIRST:
            continue  # its experts are not known
        expert, column, weight, hidden, share = _largest_product(layer, openings, opening, token, channel)
        if share >= MOST:
            activation = float(stream[token, channel])
            yield MassiveProduct(
                layer=layer.number,
                expert=expert,
                row=channel,
                column=column,
                weight=weight,
                hidden=hidden,
                share=share,
                added=float(added[token, channel]),
                activation=activation,
                ratio=abs(activation) / median,
                growth=abs(activation) / before if before else None,
                token=token,
                opening=opening,
                n_openings=1,
            )


def _largest_product(
    layer: Layer, openings: Openings, opening: int, token: int, channel: int
) -> tuple[int | None, int, float, float, float]:
    """Expert, column, W[channel, column], h[column], and their product's share of the FFN's channel."""
    part = layer.feed_forward
    assert part is not None  # noqa: S101
    gated = openings.at(layer.number, "gated")[opening][token]
    if not isinstance(part, Mixture):
        column, weight, hidden, product, total = _in_row(part.expert.down, channel, gated)
        return None, column, weight, hidden, product / total if total else 0.0
    use = openings.recorder.experts
    assert use is not None  # noqa: S101
    experts, weights = (of_tokens[token] for of_tokens in use.first_choices[opening, layer.number])
    rows = [
        (int(expert), *_in_row(part.experts[expert].down, channel, hidden), float(weight))
        for expert, weight, hidden in zip(experts, weights, np.split(gated, len(experts)), strict=True)
    ]
    expert, column, weight, hidden, product, _, factor = max(rows, key=lambda row: abs(row[4] * row[6]))
    total = sum(row[5] * row[6] for row in rows)
    return expert, column, weight, hidden, factor * product / total if total else 0.0


def _in_row(down: Matrix, channel: int, hidden: Array) -> tuple[int, float, float, float, float]:
    """Column, weight, h, and product of the largest product in a row, and the sum of all, its bias included."""
    row = down.decode(channel, 1)[0]
    products = row * widened(hidden)  # of float32 they may overflow
    column = int(np.abs(products).argmax())
    bias = 0.0 if down.bias is None else float(down.bias[channel])
    return column, float(row[column]), float(hidden[column]), float(products[column]), float(products.sum() + bias)
