"""Each step of propagation against samples of what it describes. Error bounds are five standard errors or as stated."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ggufscope.analysis.presets.propagation.feed_forward import routed
from ggufscope.analysis.presets.propagation.moments import Moments, normed
from ggufscope.analysis.presets.propagation.sampling import Draws, covariance_factor
from ggufscope.architecture.limits import NotApplicableError
from ggufscope.architecture.parts import Norm
from ggufscope.architecture.rotation import Rotation, Yarn, pair_order, phases, rotate
from support.forward import Network
from support.forward import rope as reference_rope

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


@pytest.mark.parametrize("n_used", [1, 2, 3, 8])
def test_a_uniform_router(n_used: int) -> None:
    """Experts of different means and variances, k of 8 at a time."""
    outputs = [random_moments(6) for _ in range(8)]
    drawn = np.stack([draw(output, 50_000) for output in outputs])
    chosen = RNG.random((8, 50_000)).argsort(axis=0) < n_used
    mixed = (drawn * chosen[..., None]).sum(axis=0) / n_used
    found = routed(outputs, n_used)
    np.testing.assert_allclose(found.mean, mixed.mean(axis=0), atol=5 * np.sqrt(mixed.var(axis=0).max() / 50_000))
    np.testing.assert_allclose(found.variance, mixed.var(axis=0), rtol=0.05)


def test_one_expert_is_itself() -> None:
    output = random_moments(5)
    assert routed([output], 1) is output


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
