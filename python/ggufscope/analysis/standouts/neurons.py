"""One pass over the FFNs of a model: how loud every neuron can be, and which neurons are equal.

A neuron reads the residual stream by a row of the gate and a row of the up projection, behind the gains g of a norm,
and writes by a column of the down projection. Its loudness is ‖g·gate‖ · ‖g·up‖ · ‖down‖; biases count with their rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...architecture.parts import Mixture
from ...arrays.multiply import multiply
from ...runtime.standout_document import MOST_ITEMS
from ..inputs.gauge_from_model import DEFAULT_LIMITS, add_column_squares
from .alike import LEAST_COSINE, SIGNATURE, alike_groups, cosines, random_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from ...architecture.blueprint import Blueprint
    from ...architecture.layer import Layer
    from ...architecture.matrices import Matrix
    from ...architecture.parts import Expert, Norm
    from ...arrays.floats import Floats

DEAD = 1e-3  # of the median


@dataclass(frozen=True)
class DeadNeuron:
    """A neuron that can say nothing.

    Attributes:
        expert: its number; None in a dense FFN.
        loudness: its own, against `median`, that of the FFN's neurons.
        norms: of its rows and its column, by `"gate"`, `"up"`, `"down"`.
    """

    layer: int
    expert: int | None
    neuron: int
    loudness: float
    median: float
    norms: dict[str, float]


@dataclass(frozen=True)
class EqualNeurons:
    """Neurons of one FFN that compute the same.

    Attributes:
        expert: their number; None in a dense FFN.
        cosine: the least, of gate or up rows, of one with the first.
    """

    layer: int
    expert: int | None
    neurons: list[int]
    cosine: float


@dataclass(frozen=True)
class NeuronSearch:
    """Findings of the pass.

    Attributes:
        n_neurons: that were looked at.
        dead: the quietest first; of each FFN at most MOST_ITEMS.
        n_dead: the number of all of them.
        equal: the largest groups first.
        quietest, loudest: of every layer, against the median of its FFN; None where a layer has none.
    """

    n_neurons: int
    dead: list[DeadNeuron]
    n_dead: int
    equal: list[EqualNeurons]
    quietest: list[float | None]
    loudest: list[float | None]


@dataclass(frozen=True)
class _Neurons:
    """The neurons of one FFN: its matrices, norms and signatures."""

    layer: int
    number: int | None
    expert: Expert
    gain: Floats
    norms: dict[str, Floats]
    signatures: Floats

    @property
    def loudness(self) -> Floats:
        return finite_product(list(self.norms.values()))


def search_neurons(
    blueprint: Blueprint, threads: int, seed: int, report: Callable[[int, int], object] | None
) -> NeuronSearch:
    """Look at every FFN, one at a time.

    Args:
        blueprint: of the model.
        threads: at most so many.
        seed: of the random vectors.
        report: called as `report(done_layers, n_layers)`; may raise to cancel.

    Raises:
        NotApplicableError: A layer has no formulas, or no layer has an FFN.
    """
    quietest: list[float | None] = []
    loudest: list[float | None] = []
    dead: list[DeadNeuron] = []
    equal: list[EqualNeurons] = []
    n_neurons = n_dead = 0
    for number in range(blueprint.n_layers):
        ratios = []
        for neurons in _of_layer(blueprint.layer(number), threads, seed):
            loudness = neurons.loudness
            n_neurons += loudness.size
            median = known_median(loudness)
            quiet = np.flatnonzero((loudness == 0) | (loudness < DEAD * median))
            n_dead += len(quiet)
            dead += _dead(neurons, loudness, median, quiet)
            equal += _equal(neurons)
            if median > 0:
                ratios += [float(np.nanmin(loudness)) / median, float(np.nanmax(loudness)) / median]
        quietest.append(min(ratios, default=None))
        loudest.append(max(ratios, default=None))
        if report is not None:
            report(number + 1, blueprint.n_layers)
    if n_neurons == 0:
        raise NotApplicableError("no layer has an FFN")
    dead.sort(key=lambda neuron: (neuron.loudness / neuron.median if neuron.median else 0.0, neuron.layer))
    equal.sort(key=lambda group: (-len(group.neurons), group.layer))
    return NeuronSearch(n_neurons, dead, n_dead, equal, quietest, loudest)


def _of_layer(layer: Layer, threads: int, seed: int) -> Iterator[_Neurons]:
    """The FFNs of a layer: one, or those of its experts."""
    part = layer.feed_forward
    if part is None:
        return
    before = layer.feed_forward_norms.before
    if not isinstance(part, Mixture):
        yield _read(layer.number, None, part.expert, before, threads, seed)
        return
    routed = before if part.norms is None else part.norms.before
    for number, expert in enumerate(part.experts):
        yield _read(layer.number, number, expert, routed, threads, seed)


def _read(  # noqa: PLR0917
    layer: int, number: int | None, expert: Expert, norm: Norm | None, threads: int, seed: int
) -> _Neurons:
    gain = np.ones(expert.up.n_columns) if norm is None else norm.gain
    vectors = random_vectors(expert.up.n_columns, seed) * gain
    norms, signatures = {}, []
    for name, matrix in (("gate", expert.gate), ("up", expert.up)):
        if matrix is not None:
            norms[name], signature = _rows(matrix, gain, vectors, None if norm is None else norm.bias, threads)
            signatures.append(signature)
    norms["down"] = column_norms(expert.down, threads)
    return _Neurons(layer, number, expert, gain, norms, np.concatenate(signatures, axis=1))


def _rows(matrix: Matrix, gain: Floats, vectors: Floats, bias: Floats | None, threads: int) -> tuple[Floats, Floats]:
    """Norms of the rows behind the gains, with what biases add, and their signatures."""
    inputs = vectors if bias is None else np.concatenate([vectors, bias[None]])
    linear, squares = multiply(matrix.blocks(), inputs, np.square(gain), None, threads).both()
    with np.errstate(divide="ignore", invalid="ignore"):
        signatures = (linear[:SIGNATURE] / np.sqrt(squares)).T
    constant = np.zeros_like(squares) if bias is None else linear[SIGNATURE] * matrix.scale
    constant = constant if matrix.bias is None else constant + matrix.bias
    return np.sqrt(squares * matrix.scale**2 + np.square(constant)), signatures


def finite_product(norms: Sequence[Floats]) -> Floats:
    """The product of norms; NaN where weights that are not finite leave none."""
    with np.errstate(invalid="ignore", over="ignore"):
        product = np.prod(norms, axis=0)
    known: Floats = np.where(np.isfinite(product), product, np.nan)
    return known


def known_median(loudness: Floats) -> float:
    """The median of those that are known; NaN where none is."""
    known = loudness[np.isfinite(loudness)]
    return float(np.median(known)) if known.size else np.nan


def column_norms(matrix: Matrix, threads: int) -> Floats:
    """Norms of the columns."""
    sums = np.zeros(matrix.n_columns)
    step = max(1, DEFAULT_LIMITS.tile_elements // max(1, matrix.n_columns))
    for start in range(matrix.first, matrix.first + matrix.n_rows, step):
        rows = slice(start, min(start + step, matrix.first + matrix.n_rows))
        weights = matrix.tensor.dequantize(rows=rows, threads=threads)
        add_column_squares(weights.reshape(rows.stop - rows.start, -1), sums)
    return np.sqrt(sums) * abs(matrix.scale)


def _dead(neurons: _Neurons, loudness: Floats, median: float, quiet: npt.NDArray[np.int64]) -> list[DeadNeuron]:
    """The quietest of some neurons."""
    order = quiet[np.argsort(loudness[quiet], kind="stable")[:MOST_ITEMS]]
    return [
        DeadNeuron(
            neurons.layer,
            neurons.number,
            int(neuron),
            float(loudness[neuron]),
            median,
            {name: float(norms[neuron]) for name, norms in neurons.norms.items()},
        )
        for neuron in order
    ]


def _equal(neurons: _Neurons) -> list[EqualNeurons]:
    """Groups of neurons whose rows of both projections are the same."""
    groups = alike_groups(neurons.signatures, partial(_same, neurons))
    return [
        EqualNeurons(neurons.layer, neurons.number, group, float(_least_cosines(neurons, group[0], group[1:]).min()))
        for group in groups
    ]


def _same(neurons: _Neurons, first: int, others: Sequence[int]) -> list[bool]:
    flags: list[bool] = (_least_cosines(neurons, first, others) >= LEAST_COSINE).tolist()
    return flags


def _least_cosines(neurons: _Neurons, first: int, others: Sequence[int]) -> Floats:
    """Of each neuron the lesser cosine of its gate and up rows, behind the gains, with those of a first one."""
    least = np.full(len(others), np.inf)
    for matrix in (neurons.expert.gate, neurons.expert.up):
        if matrix is not None:
            stored_alike = matrix.tensor.rows_equal(matrix.first + first, matrix.first + np.array(others, np.int64))
            least[stored_alike] = np.minimum(least[stored_alike], 1.0)
            if stored_alike.all():
                continue
            row = matrix.decode(first, 1)[0] * neurons.gain
            for place in np.flatnonzero(~stored_alike).tolist():
                least[place] = min(least[place], cosines(row, matrix.decode(others[place], 1) * neurons.gain)[0])
    return least


def loudness_of_layer(layer: Layer, threads: int, seed: int) -> list[Floats]:
    """The loudness of every neuron of a layer, (neurons,) for its FFN or for each expert; biases count.

    NaN where the weights of a neuron are not finite.
    """
    return [neurons.loudness for neurons in _of_layer(layer, threads, seed)]
