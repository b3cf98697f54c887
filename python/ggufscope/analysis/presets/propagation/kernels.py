"""The numeric kernels, compiled by numba when they are first called and cached then.

Each takes and gives NumPy arrays and can be called on its own; none holds the GIL, and nothing is reassociated: the
same bits on every call. They are sums of scalar functions over neurons, keys or rows, written as loops;
tests/analysis has NumPy forms of each.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ....architecture.family import SWIGLU_OAI_LIMIT
from ....arrays.compiled import ahead, compiled_as_numpy
from .error_function import ERF_TABLE, put_erf

if TYPE_CHECKING:
    import numpy.typing as npt

    from ....arrays.floats import Floats

SILU, GELU, RELU, SWIGLU_OAI, RELU2 = 0, 1, 2, 3, 4
ACTIVATIONS = {"silu": SILU, "gelu": GELU, "relu": RELU, "swiglu_oai": SWIGLU_OAI, "relu2": RELU2}


@compiled_as_numpy
def activate(x: float, activation: int) -> float:
    """φ(x): SiLU, GELU in the tanh form (as ggml has it), ReLU, its square, or that of gpt-oss, clamped to 7."""
    if activation == SILU:
        return x / (1.0 + math.exp(-x))
    if activation == GELU:
        return 0.5 * x * (1.0 + math.tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)))
    if activation == SWIGLU_OAI:
        clamped = min(x, SWIGLU_OAI_LIMIT)
        return clamped / (1.0 + math.exp(-1.702 * clamped))
    above = max(x, 0.0)
    return above * above if activation == RELU2 else above


@ahead("float32[:, ::1], boolean[::1], float64[::1]")
@compiled_as_numpy
def add_columns(rows: npt.NDArray[np.float32], kept: npt.NDArray[np.bool_], shift: Floats) -> tuple[Floats, Floats]:
    """Σ (x − shift) and Σ (x − shift)² of each column over the rows that are kept.

    Args:
        rows: float32 (n, columns), C-contiguous.
        kept: bool (n,).
        shift: float64 (columns,), near the mean, so that the variance of a large mean keeps its digits.

    Returns:
        Two float64 arrays, (columns,).
    """
    total = np.zeros(shift.size)
    squares = np.zeros(shift.size)
    for i in range(rows.shape[0]):
        if kept[i]:
            for j in range(shift.size):
                x = rows[i, j] - shift[j]
                total[j] += x
                squares[j] += x * x
    return total, squares


@ahead("float64[:, ::1], int64, float64[::1], float64[::1]")
@compiled_as_numpy
def gated_moments(neurons: Floats, activation: int, nodes: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of h = φ(a) · b for jointly Gaussian a and b, per neuron.

    Given a = μ_a + s_a z, b is Gaussian with the mean μ_b + (c / s_a) z and the variance s_b² − (c / s_a)², so that
    E[h] and E[h²] are integrals over z alone.

    Args:
        neurons: float64 (5, n): mean and variance of a, mean and variance of b, their covariance c. Without a gate a is
            the up projection and b the constant 1.
        activation: one of ACTIVATIONS.
        nodes: of a quadrature for the standard normal density, as `gauss_hermite` gives them.
        weights: of that quadrature.

    Returns:
        E[h] and Var[h], float64 (n,).
    """
    mean = np.empty(neurons.shape[1])
    variance = np.empty(neurons.shape[1])
    for i in range(mean.size):
        std = math.sqrt(neurons[1, i])
        slope = neurons[4, i] / std if std > 0.0 else 0.0
        rest = max(neurons[3, i] - slope * slope, 0.0)
        first = 0.0
        second = 0.0
        for k in range(nodes.size):
            active = activate(neurons[0, i] + std * nodes[k], activation)
            up = neurons[2, i] + slope * nodes[k]
            first += weights[k] * active * up
            second += weights[k] * active * active * (up * up + rest)
        mean[i] = first
        variance[i] = max(second - first * first, 0.0)
    return mean, variance


def near_zero_shares(neurons: Floats, activation: int, threshold: float, points: Floats, masses: Floats) -> Floats:
    """P(|φ(a) · b| < threshold) per neuron: over cells of z, the probability that the Gaussian b given a is small.

    Args:
        neurons: as for `gated_moments`.
        activation: one of ACTIVATIONS.
        threshold: above 0.
        points: of cells of the standard normal distribution, as `normal_cells` gives them.
        masses: of those cells.

    Returns:
        float64 (n,).
    """
    shares = np.empty(neurons.shape[1])
    _near_zero_shares(neurons, activation, threshold, points, masses, ERF_TABLE, np.empty((3, points.size)), shares)
    return shares


@ahead("float64[:, ::1], int64, float64, float64[::1], float64[::1], float64[:, ::1], float64[:, ::1], float64[::1]")
@compiled_as_numpy
def _near_zero_shares(  # noqa: PLR0917  compiled functions take no keywords
    neurons: Floats,
    activation: int,
    threshold: float,
    points: Floats,
    masses: Floats,
    erf_table: Floats,
    work: Floats,
    shares: Floats,
) -> None:
    """See `near_zero_shares`; `work`, (3, cells), has what of a neuron goes through the error function at once."""
    active, ends = work[0], work[1:].reshape(-1)
    n = points.size
    for i in range(shares.size):
        std = math.sqrt(neurons[1, i])
        slope = neurons[4, i] / std if std > 0.0 else 0.0
        rest = math.sqrt(2.0 * max(neurons[3, i] - slope * slope, 0.0))
        for k in range(n):
            active[k] = activate(neurons[0, i] + std * points[k], activation)
        share = 0.0
        if rest > 0.0:
            for k in range(n):
                bound = threshold / abs(active[k])
                up = neurons[2, i] + slope * points[k]
                ends[k] = (bound - up) / rest
                ends[n + k] = (bound + up) / rest
            put_erf(ends, erf_table)
            for k in range(n):
                share += masses[k] * 0.5 * (ends[k] + ends[n + k])
        else:
            for k in range(n):
                if abs(neurons[2, i] + slope * points[k]) < threshold / abs(active[k]):
                    share += masses[k]
        shares[i] = share


@compiled_as_numpy
def attention_statistics(scores: Floats, scale: float, soft_cap: float, sinks: Floats) -> tuple[Floats, Floats, Floats]:
    """Entropy, Σ α² and Σ α of softmax attention, per row of scores.

    Args:
        scores: q · k, float64 (queries, keys).
        scale: their factor.
        soft_cap: above 0, scaled scores s become soft_cap · tanh(s / soft_cap).
        sinks: float64 (queries,), the score of a key that takes its share and counts no further; −∞: none.

    Returns:
        Entropies in nats, Σ α² and Σ α, which only a sink makes less than 1, float64 (queries,).
    """
    entropies = np.empty(scores.shape[0])
    collisions = np.empty(scores.shape[0])
    masses = np.empty(scores.shape[0])
    row = np.empty(scores.shape[1])
    for i in range(scores.shape[0]):
        highest = sinks[i]
        for j in range(row.size):
            score = scores[i, j] * scale
            if soft_cap > 0.0:
                score = soft_cap * math.tanh(score / soft_cap)
            row[j] = score
            highest = max(highest, score)
        total = 0.0
        weighted = 0.0
        squares = 0.0
        for j in range(row.size):
            shifted = row[j] - highest
            share = math.exp(shifted)
            total += share
            weighted += share * shifted
            squares += share * share
        every = total + math.exp(sinks[i] - highest)
        masses[i] = total / every
        entropies[i] = masses[i] * math.log(every) - weighted / every
        collisions[i] = squares / (every * every)
    return entropies, collisions, masses


def gauss_hermite(n_nodes: int = 64) -> tuple[Floats, Floats]:
    """Nodes and weights that integrate against the standard normal density: two float64 arrays, (n_nodes,)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    return nodes, weights / weights.sum()


def normal_cells(n_cells: int, reach: float = 6.0) -> tuple[Floats, Floats]:
    """Midpoints of equal cells over ±reach and their exact probabilities: two float64 arrays, (n_cells,)."""
    edges = np.linspace(-reach, reach, n_cells + 1)
    below = np.array([0.5 * math.erfc(-edge / math.sqrt(2)) for edge in edges])
    return (edges[1:] + edges[:-1]) / 2, np.diff(below)
