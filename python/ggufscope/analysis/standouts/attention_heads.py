"""One pass over the attention matrices of a model: which heads can say nothing, and which are equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...architecture.mixers.attention import AttentionWeights
from ...arrays.multiply import multiply
from .alike import LEAST_COSINE, SIGNATURE, alike_groups, cosines, random_vectors
from .neurons import DEAD, column_norms, finite_product, known_median

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...architecture.blueprint import Blueprint
    from ...architecture.layer import Layer
    from ...architecture.matrices import Matrix
    from ...architecture.parts import Norm
    from ...arrays.floats import Floats


@dataclass(frozen=True)
class DeadHead:
    """A query head that can write nothing.

    Attributes:
        loudness: ‖g·W_v‖ · ‖W_o‖ of the head, against `median`, that of its layer.
        norms: of its parts, by `"v"` and `"o"`.
    """

    layer: int
    head: int
    loudness: float
    median: float
    norms: dict[str, float]


@dataclass(frozen=True)
class EqualHeads:
    """Query heads with the same queries, keys and values, or, with `of_keys`, key heads with the same keys and values.

    Attributes:
        cosine: the least, of one with the first.
    """

    layer: int
    heads: list[int]
    cosine: float
    of_keys: bool


@dataclass(frozen=True)
class HeadSearch:
    """Findings of the pass; `n_heads` query heads were looked at."""

    n_heads: int
    dead: list[DeadHead]
    equal: list[EqualHeads]


@dataclass(frozen=True)
class _Rows:
    """The heads of one projection: rows behind the gains, by head.

    Attributes:
        squares: ‖g·W‖² of each head, biases included.
        signatures: products of each head, as one unit vector, with random vectors.
    """

    matrix: Matrix
    gain: Floats
    n_heads: int
    squares: Floats
    signatures: Floats

    def least_cosines(self, first: int, others: Sequence[int]) -> Floats:
        head = self._decode(first)
        return np.array([cosines(head, self._decode(other)[None])[0] for other in others])

    def _decode(self, head: int) -> Floats:
        size = self.matrix.n_rows // self.n_heads
        return (self.matrix.decode(head * size, size) * self.gain).reshape(-1)


def search_heads(blueprint: Blueprint, threads: int, seed: int) -> HeadSearch:
    """Look at every layer with softmax attention.

    Raises:
        NotApplicableError: A layer has no formulas, or none has such attention.
    """
    n_heads, dead, equal = 0, list[DeadHead](), list[EqualHeads]()
    for number in range(blueprint.n_layers):
        layer = blueprint.layer(number)
        if isinstance(layer.mixer, AttentionWeights):
            n_heads += layer.mixer.shape.n_heads
            rows = _rows_of(layer, layer.mixer, threads, seed)
            dead += _dead(number, layer.mixer, rows["v"], threads)
            equal += _equal(number, layer.mixer, rows)
    if n_heads == 0:
        raise NotApplicableError("no layer has softmax attention with projections of its own")
    return HeadSearch(n_heads, dead, equal)


def _rows_of(layer: Layer, weights: AttentionWeights, threads: int, seed: int) -> dict[str, _Rows]:
    shape = weights.shape
    sides = {"q": (weights.q, shape.n_heads), "k": (weights.k, shape.n_kv_heads), "v": (weights.v, shape.n_kv_heads)}
    return {
        name: _rows(matrix, n_heads, layer.mixer_norms.before, threads, seed)
        for name, (matrix, n_heads) in sides.items()
    }


def _rows(matrix: Matrix, n_heads: int, norm: Norm | None, threads: int, seed: int) -> _Rows:
    gain = np.ones(matrix.n_columns) if norm is None else norm.gain
    inputs = random_vectors(matrix.n_columns, seed) * gain
    if norm is not None and norm.bias is not None:
        inputs = np.concatenate([inputs, norm.bias[None]])
    linear, squares = multiply(matrix.blocks(), inputs, np.square(gain), None, threads).both()
    lengths = np.sqrt(squares.reshape(n_heads, -1).sum(axis=1) * SIGNATURE)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_head = linear[:SIGNATURE].reshape(SIGNATURE, n_heads, -1).transpose(1, 0, 2).reshape(n_heads, -1)
        signatures = by_head / lengths[:, None]
    constant = linear[SIGNATURE] * matrix.scale if len(inputs) > SIGNATURE else np.zeros_like(squares)
    constant = constant if matrix.bias is None else constant + matrix.bias
    total = squares * matrix.scale**2 + np.square(constant)
    return _Rows(matrix, gain, n_heads, total.reshape(n_heads, -1).sum(axis=1), signatures)


def _dead(number: int, weights: AttentionWeights, values: _Rows, threads: int) -> list[DeadHead]:
    shape = weights.shape
    columns = np.square(column_norms(weights.output, threads))
    output = np.sqrt(columns.reshape(shape.n_heads, -1).sum(axis=1))
    value = np.sqrt(np.repeat(values.squares, shape.n_heads // shape.n_kv_heads))
    loudness = finite_product([value, output])
    median = known_median(loudness)
    return [
        DeadHead(number, int(head), float(loudness[head]), median, {"v": float(value[head]), "o": float(output[head])})
        for head in np.flatnonzero((loudness == 0) | (loudness < DEAD * median))
    ]


def _equal(number: int, weights: AttentionWeights, rows: dict[str, _Rows]) -> list[EqualHeads]:
    def of_keys(first: int, others: Sequence[int]) -> Floats:
        return np.minimum(rows["k"].least_cosines(first, others), rows["v"].least_cosines(first, others))

    share = weights.shape.n_heads // weights.shape.n_kv_heads

    def of_queries(first: int, others: Sequence[int]) -> Floats:
        cosine = rows["q"].least_cosines(first, others)
        group, groups = first // share, [other // share for other in others]
        apart = [place for place, other in enumerate(groups) if other != group]
        if apart:
            cosine[apart] = np.minimum(cosine[apart], of_keys(group, [groups[place] for place in apart]))
        return cosine

    keys = np.concatenate([rows["k"].signatures, rows["v"].signatures], axis=1)
    return [
        *_groups(number, rows["q"].signatures, of_queries, is_of_keys=False),
        *_groups(number, keys, of_keys, is_of_keys=True),
    ]


def _groups(
    number: int, signatures: Floats, cosine: Callable[[int, Sequence[int]], Floats], *, is_of_keys: bool
) -> list[EqualHeads]:
    def same(first: int, others: Sequence[int]) -> list[bool]:
        flags: list[bool] = (cosine(first, others) >= LEAST_COSINE).tolist()
        return flags

    groups = alike_groups(signatures, same)
    return [EqualHeads(number, group, float(cosine(group[0], group[1:]).min()), is_of_keys) for group in groups]
