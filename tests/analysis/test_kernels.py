"""The compiled kernels against NumPy, against sampled Gaussians and against what is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

from ggufscope.analysis.presets.propagation.error_function import ERF_TABLE, put_erf
from ggufscope.analysis.presets.propagation.kernels import (
    ACTIVATIONS,
    activate,
    add_columns,
    attention_statistics,
    gated_moments,
    gauss_hermite,
    near_zero_shares,
    normal_cells,
)
from support.forward import activate as reference_activation

RNG = np.random.default_rng(3)
Floats = npt.NDArray[np.float64]


@pytest.fixture(autouse=True)
def fresh_draws() -> None:
    """The same draws whichever tests ran before in this process."""
    global RNG  # noqa: PLW0603
    RNG = np.random.default_rng(3)


def neurons(n: int) -> Floats:
    """Random moments of pre-activations, correlations from −1 to 1."""
    a, b = RNG.uniform(0.1, 2, n), RNG.uniform(0.1, 2, n)
    correlation = np.linspace(-1, 1, n)
    return np.stack([RNG.normal(size=n), a**2, RNG.normal(size=n), b**2, correlation * a * b])


def draws(moments: Floats, n: int) -> tuple[Floats, Floats]:
    """Samples of a and b, (n, neurons)."""
    z = RNG.standard_normal((2, n, moments.shape[1]))
    slope = moments[4] / np.sqrt(moments[1])
    rest = np.sqrt(np.maximum(moments[3] - slope**2, 0))
    return moments[0] + np.sqrt(moments[1]) * z[0], moments[2] + slope * z[0] + rest * z[1]


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activations(kind: str) -> None:
    x = np.linspace(-40, 40, 401)
    found = [activate(value, ACTIVATIONS[kind]) for value in x]
    np.testing.assert_allclose(found, reference_activation(x, kind), atol=1e-14)
    assert np.isfinite([activate(value, ACTIVATIONS[kind]) for value in (-1e6, 1e6)]).all()


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_gated_moments_in_numpy(kind: str) -> None:
    moments = neurons(40)
    nodes, weights = gauss_hermite()
    slope = moments[4] / np.sqrt(moments[1])
    active = reference_activation(moments[0][:, None] + np.sqrt(moments[1])[:, None] * nodes, kind)
    up = moments[2][:, None] + slope[:, None] * nodes
    rest = np.maximum(moments[3] - slope**2, 0)[:, None]
    mean, second = (active * up) @ weights, (active**2 * (up**2 + rest)) @ weights
    found = gated_moments(moments, ACTIVATIONS[kind], nodes, weights)
    np.testing.assert_allclose(found[0], mean, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found[1], second - mean**2, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_gated_moments_of_samples(kind: str) -> None:
    """Within five standard errors of a million samples, and half a percent for ReLU's kink between the nodes."""
    moments, n = neurons(12), 1_000_000
    a, b = draws(moments, n)
    h = reference_activation(a, kind) * b
    mean, variance = gated_moments(moments, ACTIVATIONS[kind], *gauss_hermite())
    error = h.std(axis=0) / np.sqrt(n)
    fourth = ((h - h.mean(axis=0)) ** 4).mean(axis=0)
    np.testing.assert_array_less(np.abs(mean - h.mean(axis=0)), 5 * error + 0.005 * h.std(axis=0))
    np.testing.assert_array_less(
        np.abs(variance - h.var(axis=0)), 5 * np.sqrt((fourth - h.var(axis=0) ** 2) / n) + 0.005 * h.var(axis=0)
    )


def test_without_a_gate_it_is_the_activation() -> None:
    """E[SiLU] and Var[SiLU] by adaptive integration."""
    mean, std = 0.3, 1.7
    moments = np.array([[mean], [std**2], [1.0], [0.0], [0.0]])

    def integral(power: int) -> float:
        return float(
            scipy.integrate.quad(
                lambda z: reference_activation(mean + std * z, "silu") ** power * scipy.stats.norm.pdf(z), -12, 12
            )[0]
        )

    found = gated_moments(moments, ACTIVATIONS["silu"], *gauss_hermite())
    assert found[0][0] == pytest.approx(integral(1), rel=1e-8)
    assert found[1][0] == pytest.approx(integral(2) - integral(1) ** 2, rel=1e-8)


@pytest.mark.parametrize("kind", ["silu", "gelu"])
@pytest.mark.parametrize("gated", [True, False])
def test_near_zero_shares_of_samples(kind: str, gated: bool) -> None:
    """Within 0.01 for single neurons, of which a layer's share is the mean (that is right to 0.0002)."""
    moments = neurons(13)[:, 1:-1]
    if not gated:
        moments[2:] = np.array([1.0, 0.0, 0.0])[:, None]
    a, b = draws(moments, 200_000)
    h = reference_activation(a, kind) * b
    cells = normal_cells(256 if gated else 1024)
    for threshold in (0.05, 0.1, 1.0):
        shares = near_zero_shares(moments, ACTIVATIONS[kind], threshold, *cells)
        np.testing.assert_allclose(shares, (np.abs(h) < threshold).mean(axis=0), atol=0.01)


def test_neurons_that_do_not_move() -> None:
    still = np.array([[2.0], [0.0], [3.0], [0.0], [0.0]])
    mean, variance = gated_moments(still, ACTIVATIONS["relu"], *gauss_hermite())
    assert mean[0] == pytest.approx(6)
    assert variance[0] == pytest.approx(0, abs=1e-12)
    assert near_zero_shares(still, ACTIVATIONS["relu"], 5.9, *normal_cells(256))[0] == 0
    assert near_zero_shares(still, ACTIVATIONS["relu"], 6.1, *normal_cells(256))[0] == pytest.approx(1)
    dead = np.array([[-2.0], [0.0], [3.0], [1.0], [0.0]])  # ReLU gives 0: h is 0, whatever b does
    assert near_zero_shares(dead, ACTIVATIONS["relu"], 1e-9, *normal_cells(256))[0] == pytest.approx(1)


@pytest.mark.parametrize("sink", [-np.inf, 1.5])
@pytest.mark.parametrize("soft_cap", [0.0, 2.0])
def test_attention_statistics_in_numpy(soft_cap: float, sink: float) -> None:
    scores = 30 * RNG.standard_normal((20, 37))
    capped = 0.3 * scores if soft_cap == 0 else soft_cap * np.tanh(0.3 * scores / soft_cap)
    sinks = sink * np.linspace(1, 5, 20)
    alpha = scipy.special.softmax(np.concatenate([capped, sinks[:, None]], axis=1), axis=1)[:, :-1]
    entropies, collisions, masses = attention_statistics(scores, 0.3, soft_cap, sinks)
    np.testing.assert_allclose(entropies, scipy.special.entr(alpha).sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(collisions, (alpha**2).sum(axis=1))
    np.testing.assert_allclose(masses, alpha.sum(axis=1))


def test_attention_at_its_ends() -> None:
    rows = np.stack([np.zeros(64), 1e4 * np.eye(64)[5]])
    even, sharp, masses = attention_statistics(rows, 1.0, 0.0, np.full(2, -np.inf))
    assert masses.tolist() == [1, 1]
    np.testing.assert_allclose(even, [np.log(64), 0], atol=1e-12)
    np.testing.assert_allclose(sharp, [1 / 64, 1])


def test_columns_are_summed_around_a_shift() -> None:
    rows = (1000 + RNG.standard_normal((50, 7))).astype(np.float32)
    kept = RNG.random(50) < 0.5
    shift = np.full(7, 1000.0)
    total, squares = add_columns(rows, kept, shift)
    moved = rows[kept].astype(np.float64) - 1000
    np.testing.assert_allclose(total, moved.sum(axis=0))
    np.testing.assert_allclose(squares, np.square(moved).sum(axis=0))


def test_quadratures_integrate_the_normal_density() -> None:
    nodes, weights = gauss_hermite()
    assert (weights @ nodes**2, weights @ nodes**8) == (pytest.approx(1), pytest.approx(105))
    points, masses = normal_cells(256)
    assert masses.sum() == pytest.approx(1)
    assert masses @ points**2 == pytest.approx(1, rel=1e-3)


def test_the_error_function_of_many_numbers_is_that_of_one() -> None:
    x = np.concatenate([np.linspace(-6.5, 6.5, 200_003), [0.0, -0.0, 1e-300, 1e300, np.inf, -np.inf, np.nan]])
    values = x.copy()
    put_erf(values, ERF_TABLE)
    np.testing.assert_allclose(values, scipy.special.erf(x), rtol=0, atol=4e-16)
    small = np.abs(x) < 1e-3
    np.testing.assert_allclose(values[small], scipy.special.erf(x[small]), rtol=1e-14)
    assert np.signbit(values[x == 0]).tolist() == np.signbit(x[x == 0]).tolist()
