"""Each step of propagation against samples of what it describes. Error bounds are five standard errors or as stated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.analysis.presets.propagation.moments import Moments, normed
from ggufscope.analysis.presets.propagation.routing import RouterWeights, router_weights, weighted
from ggufscope.analysis.presets.propagation.sampling import Draws, covariance_factor
from ggufscope.architecture.limits import NotApplicableError
from ggufscope.architecture.matrices import Matrix
from ggufscope.architecture.parts import Norm, Router
from ggufscope.architecture.rotation import Rotation, Yarn, pair_order, phases, rotate
from ggufscope.architecture.routing import choose
from support.forward import Network
from support.forward import rope as reference_rope
from support.routers import router_of

RNG = np.random.default_rng(9)
Floats = npt.NDArray[np.float64]
SAMPLES = 20_000


@pytest.fixture(autouse=True)
def fresh_draws() -> None:
    """The same draws whichever tests ran before in this process."""
    global RNG  # noqa: PLW0603
    RNG = np.random.default_rng(9)


def random_moments(n: int) -> Moments:
    return Moments(RNG.normal(size=n), RNG.uniform(0.2, 2, n))


def draw(moments: Moments, n: int = SAMPLES) -> Floats:
    return moments.mean + np.sqrt(moments.variance) * RNG.standard_normal((n, moments.mean.size))


@pytest.mark.parametrize("centred", [False, True])
def test_norms(centred: bool) -> None:
    """Of 512 channels: the mean square fluctuates by 7 % (std), which moves moments by less than 2 %."""
    moments = random_moments(512)
    gain, bias = RNG.normal(1, 0.3, 512), RNG.normal(size=512)
    x = draw(moments)
    if centred:
        x = x - x.mean(axis=1, keepdims=True)
    expected = x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 0.5) * gain + bias
    found = normed(Norm(gain, bias, 0.5, centred), moments)
    error = expected.std(axis=0) / np.sqrt(SAMPLES)
    np.testing.assert_array_less(np.abs(found.mean - expected.mean(axis=0)), 5 * error + 0.02 * np.abs(gain))
    np.testing.assert_allclose(found.variance, expected.var(axis=0), rtol=0.02 + 5 * np.sqrt(2 / SAMPLES))


def test_a_centred_norm_of_few_channels_counts_the_mean_it_takes_away() -> None:
    """Exact for the variances in front of the division; eight channels make the terms of order 1/d visible."""
    moments = Moments(np.zeros(8), np.arange(1.0, 9.0))
    x = draw(moments, 400_000)
    centred = x - x.mean(axis=1, keepdims=True)
    found = normed(Norm(np.ones(8), None, 0.0, centred=True), moments)
    np.testing.assert_allclose(
        found.variance / found.variance.sum(), centred.var(axis=0) / centred.var(axis=0).sum(), rtol=0.01
    )
    assert found.rms == pytest.approx(1)


def test_std_and_rms_are_over_channels_and_tokens() -> None:
    moments = random_moments(64)
    x = draw(moments, 100_000)
    assert moments.std == pytest.approx(x.std(), rel=0.01)
    assert moments.rms == pytest.approx(np.sqrt(np.mean(x**2)), rel=0.01)


def router(write_gguf: Callable[..., Path], **changes: Any) -> tuple[Router, Floats]:
    """A router of eight experts for 40 channels, and its matrix."""
    rows = 1.5 * RNG.standard_normal((8, 40)).astype(np.float32) / 40**0.5
    model = gs.open(write_gguf({"router.weight": rows}))
    matrix = Matrix(model.tensors[0], 0, 8, bias=np.linspace(-1, 1, 8))
    return router_of(matrix, **{"normalized": True, **changes}), rows.astype(np.float64)


@pytest.mark.parametrize(
    "changes", [{}, {"normalized": False, "scale": 2.0}, {"scoring": "sigmoid"}, {"scoring": "softmax of chosen"}]
)
def test_weights_of_a_router(write_gguf: Callable[..., Path], changes: dict[str, Any]) -> None:
    """Against tokens whose channels are drawn."""
    inputs = random_moments(40)
    facts, rows = router(write_gguf, **changes)
    choice = choose(facts, draw(inputs, 100_000) @ rows.T + np.linspace(-1, 1, 8))
    weights = np.zeros((100_000, 8))
    np.put_along_axis(weights, choice.experts, choice.weights, axis=1)
    predicted = router_weights(facts, inputs, 0)
    np.testing.assert_allclose(predicted.mean, weights.mean(axis=0), atol=0.03 * weights.sum(axis=1).mean())
    np.testing.assert_allclose(predicted.second, weights.T @ weights / 100_000, atol=0.03 * np.square(weights).max())


@pytest.mark.parametrize("n_used", [1, 2, 3, 8])
def test_outputs_by_their_weights(n_used: int) -> None:
    """Experts of different means and variances, k of 8 at a time, of different weights."""
    outputs = [random_moments(6) for _ in range(8)]
    drawn = np.stack([draw(output, 50_000) for output in outputs])
    weights = (RNG.random((8, 50_000)).argsort(axis=0) < n_used) * RNG.random((8, 50_000))
    mixed = (drawn * weights[..., None]).sum(axis=0)
    predicted = weighted(outputs, RouterWeights(weights.mean(axis=1), weights @ weights.T / 50_000))
    np.testing.assert_allclose(predicted.mean, mixed.mean(axis=0), atol=5 * np.sqrt(mixed.var(axis=0).max() / 50_000))
    np.testing.assert_allclose(predicted.variance, mixed.var(axis=0), rtol=0.05)


def test_covariance_factors() -> None:
    rows = RNG.standard_normal((6, 40))
    factor = covariance_factor(rows)
    np.testing.assert_allclose(factor @ factor.T, rows @ rows.T, rtol=1e-6, atol=1e-6)
    for lower_rank in (np.ones((6, 40)), np.zeros((6, 40)), np.tile(rows[:2], (3, 1))):
        factor = covariance_factor(lower_rank)
        np.testing.assert_allclose(factor @ factor.T, lower_rank @ lower_rank.T, atol=1e-6)
    with pytest.raises(NotApplicableError, match="not finite"):
        covariance_factor(np.full((2, 2), np.inf))


@pytest.mark.parametrize("pairs", ["norm", "neox"])
@pytest.mark.parametrize("n_dims", [8, 4])
def test_rotation_gives_the_scores_of_rope(pairs: str, n_dims: int) -> None:
    """The order of components differs from the reference, no product of a query and a key does."""
    n, size = 10, 8
    factors = np.linspace(1, 3, n_dims // 2)
    network = Network({}, 1, 1, 1, size, pairs=pairs, n_rotated=n_dims, base=lambda _: 500.0, factors=factors)
    q, k = RNG.standard_normal((2, 1, n, 1, size))
    expected = reference_rope(q, network, 0)[0, :, 0] @ reference_rope(k, network, 0)[0, :, 0].T
    rotation = Rotation(pairs, n_dims, 500.0)  # type: ignore[arg-type]
    turned = phases(rotation, n, factors)
    order = pair_order(rotation, size)
    q, k = (np.ascontiguousarray(part[0, :, 0][:, order]) for part in (q, k))
    rotate(q, turned)
    rotate(k, turned)
    np.testing.assert_allclose(q @ k.T, expected, atol=1e-12)


def ggml_yarn(position: int, pair: int, rotation: Rotation, original: int) -> complex:
    """`rope_yarn` and `ggml_rope_yarn_corr_dims` of ggml, transcribed."""

    def corr_dim(beta: float) -> float:
        return rotation.n_dims * np.log(original / (beta * 2 * np.pi)) / (2 * np.log(rotation.base))

    start, end = max(0.0, np.floor(corr_dim(32))), min(rotation.n_dims - 1.0, np.ceil(corr_dim(1)))
    extrapolated = position * rotation.base ** (-2 * pair / rotation.n_dims)
    interpolated = rotation.scale * extrapolated
    mix = 1 - min(1.0, max(0.0, (pair - start) / max(0.001, end - start)))
    theta = interpolated * (1 - mix) + extrapolated * mix
    magnitude = rotation.magnitude * (1 + 0.1 * np.log(1 / rotation.scale))
    return complex(magnitude * np.cos(theta), magnitude * np.sin(theta))


def test_yarn_is_that_of_ggml() -> None:
    rotation = Rotation("neox", 64, 1e6, scale=1 / 4, yarn=Yarn(2048))
    found = phases(rotation, 5, None)
    expected = [[ggml_yarn(position, pair, rotation, 2048) for pair in range(32)] for position in range(5)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert not np.allclose(found, phases(Rotation("neox", 64, 1e6, scale=1 / 4), 5, None))


def test_linear_scaling_stretches_positions() -> None:
    stretched = phases(Rotation("norm", 8, 1e4, scale=1 / 4), 9, None)
    np.testing.assert_allclose(stretched[8], phases(Rotation("norm", 8, 1e4), 9, None)[2])


@pytest.mark.parametrize(("queries", "contexts"), [(48, 12), (1, 1), (10, 10), (22, 11), (47, 1)])
def test_queries_are_shared_out_among_sets_of_keys(queries: int, contexts: int) -> None:
    q, k = Draws(queries, 7, 0, None).normals(4)
    assert q.shape == (contexts, queries // contexts, 4)
    assert k.shape == (contexts, 7, 4)
