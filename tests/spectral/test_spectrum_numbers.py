"""The steps from a matrix to its numbers, against NumPy and against the definitions written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from ggufscope.spectral import eigenvalues, gram
from ggufscope.spectral.eigenvalues import eigenvalues_of
from ggufscope.spectral.marchenko_pastur import bulk_measures, median_of_law
from ggufscope.spectral.measures import measures
from ggufscope.spectral.power_law import fit, power_law_of


class Held:
    """A matrix in memory, as `Weights` gives its rows."""

    factor = 1.0

    def __init__(self, matrix):
        self.matrix = np.asarray(matrix, np.float32)
        self.rows, self.columns = self.matrix.shape

    def tile(self, first, last):
        return self.matrix[first:last]


def nothing():
    pass


def planted(sigma, rows, columns, seed):
    """A float32 matrix of these singular values."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.standard_normal((rows, len(sigma))))[0]
    right = np.linalg.qr(rng.standard_normal((columns, len(sigma))))[0]
    return (left * sigma @ right.T).astype(np.float32)


@pytest.mark.parametrize("shape", [(90, 300), (300, 90), (128, 128)])
def test_gram_matrices_by_tiles_are_those_of_the_whole(monkeypatch, shape):
    monkeypatch.setattr(gram, "ROWS_AT_ONCE", 37)
    matrix = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    wide = matrix if shape[0] < shape[1] else matrix.T
    exact = wide.astype(np.float64) @ wide.T.astype(np.float64)
    made = gram.gram_of(Held(matrix))
    assert not made.single
    np.testing.assert_allclose(made.matrix, exact, atol=1e-11)
    monkeypatch.setattr(gram, "_LITTLE", 16)
    monkeypatch.setattr(gram, "_LONG", 1.0)
    made = gram.gram_of(Held(matrix))
    assert made.single
    assert np.abs(np.linalg.eigvalsh(made.matrix - exact)).max() < made.resolution * np.linalg.norm(exact, 2)
    assert (made.matrix != exact).any()


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_weights_whose_squares_float32_cannot_hold(monkeypatch, scale):
    monkeypatch.setattr(gram, "_LITTLE", 16)
    matrix = (np.random.default_rng(1).standard_normal((40, 120)) * scale).astype(np.float32)
    made = gram.gram_of(Held(matrix))
    expected = np.square(np.linalg.svd(matrix.astype(np.float64), compute_uv=False))
    np.testing.assert_allclose(eigenvalues_of(made.matrix, nothing), expected, rtol=1e-10)


@pytest.mark.parametrize(("single", "tolerance"), [(False, 1e-13), (True, 1e-6)])
@pytest.mark.parametrize("n", [66, 67, 193, 400])
def test_eigenvalues_through_a_band(monkeypatch, n, single, tolerance):
    monkeypatch.setattr(eigenvalues, "_SMALL", 0)
    rng = np.random.default_rng(n)
    for matrix in (
        rng.standard_normal((n, 2 * n)),
        rng.standard_normal((n, n // 3)),
        rng.standard_normal((n, n)) * np.geomspace(1, 1e-4, n)[:, None],
        np.eye(n),
    ):
        product = matrix @ matrix.T
        expected = np.linalg.eigvalsh(product)[::-1]
        found = eigenvalues_of(product.copy(), nothing, single=single)
        assert np.abs(found - np.maximum(expected, 0)).max() <= tolerance * expected[0]


@pytest.mark.parametrize("share", [1.0, 0.75])
def test_a_band_of_float32_keeps_eigenvalues_that_are_alike(monkeypatch, share):
    """Reflections that were orthogonal to float32 alone were off by 34 · 2⁻²³ here, and by 52 of them at 2100."""
    monkeypatch.setattr(eigenvalues, "_SMALL", 0)
    n = 600
    basis = np.linalg.qr(np.random.default_rng(7).standard_normal((n, int(share * n))))[0]
    found = eigenvalues_of(basis @ basis.T, nothing, single=True)
    assert np.abs(found - (np.arange(n) < share * n)).max() < 2.0**-19


@pytest.mark.parametrize("magnitude", [4e17, 1e15])
def test_sums_beyond_float32_are_taken_in_float64(monkeypatch, magnitude):
    """Products of each tile fit into float32, those of all do not, or what follows from them does not."""
    monkeypatch.setattr(gram, "_LITTLE", 16)
    monkeypatch.setattr(gram, "ROWS_AT_ONCE", 64)
    monkeypatch.setattr(eigenvalues, "_SMALL", 0)
    matrix = (np.random.default_rng(1).standard_normal((4000, 80)) * magnitude).astype(np.float32)
    made = gram.gram_of(Held(matrix))
    expected = np.square(np.linalg.svd(matrix.astype(np.float64), compute_uv=False))
    np.testing.assert_allclose(eigenvalues_of(made.matrix, nothing, single=made.single), expected, rtol=1e-5)


def test_a_zero_matrix_has_eigenvalues_of_zero(monkeypatch):
    monkeypatch.setattr(eigenvalues, "_SMALL", 0)
    assert not eigenvalues_of(np.zeros((80, 80)), nothing).any()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.01, 100), min_size=1, max_size=20),
    st.integers(20, 60),
    st.integers(20, 60),
    st.integers(0, 2**32 - 1),
)
def test_planted_spectra_are_recovered(sigma, rows, columns, seed):
    sigma = np.sort(sigma)[::-1]
    made = gram.gram_of(Held(planted(sigma, rows, columns, seed)))
    fields = measures(eigenvalues_of(made.matrix, nothing), max(rows, columns), made.resolution)
    shares = sigma**2 / (sigma**2).sum()
    assert fields["sigma_max"] == pytest.approx(sigma[0], rel=1e-6)
    assert fields["stable_rank"] == pytest.approx(1 / shares[0], rel=1e-5)
    assert fields["effective_rank"] == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-4)
    assert fields["participation_ratio"] == pytest.approx(1 / (shares**2).sum(), rel=1e-5)
    assert fields["energy_top_8"] == pytest.approx(shares[:8].sum(), rel=1e-5)
    assert fields["numerical_rank"] == len(sigma)
    np.testing.assert_allclose(fields["singular_values"][: min(8, len(sigma))], sigma[:8], rtol=0, atol=2e-6 * sigma[0])


@pytest.mark.parametrize("ratio", [0.07, 0.5, 1.0])
def test_the_median_of_the_law_halves_it(ratio):
    low, high = (1 - ratio**0.5) ** 2, (1 + ratio**0.5) ** 2

    def density(x):
        return np.sqrt((high - x) * (x - low)) / (2 * np.pi * ratio * x)

    assert integrate.quad(density, median_of_law(ratio), high)[0] == pytest.approx(0.5, abs=1e-6)


def test_what_is_planted_in_noise_lies_beyond_the_edge():
    rng = np.random.default_rng(5)
    n, long = 300, 900
    noise = 0.02 * rng.standard_normal((n, long))
    signal = planted([4.0, 3.0, 2.5], n, long, 6)
    squares = np.square(np.linalg.svd(noise + signal, compute_uv=False))
    fields = bulk_measures(squares, long, 1e-13)
    assert fields["mp_variance"] == pytest.approx(0.02**2, rel=0.03)
    assert fields["mp_edge"] == pytest.approx(0.02 * (n**0.5 + long**0.5), rel=0.015)
    assert fields["n_beyond_edge"] in {3, 4}  # the largest of the noise may be a little beyond
    assert fields["energy_beyond_edge"] == pytest.approx(squares[: fields["n_beyond_edge"]].sum() / squares.sum())


@pytest.mark.parametrize("rank", [1, 8])
def test_rounding_is_not_beyond_the_edge(rank):
    """Where more than half of the directions are missing, the median is rounding, and so is much above it."""
    rng = np.random.default_rng(2)
    matrix = rng.integers(-99, 99, (300, rank)) @ rng.integers(-99, 99, (rank, 400))
    made = gram.gram_of(Held(matrix))
    fields = bulk_measures(eigenvalues_of(made.matrix, nothing), 400, made.resolution)
    assert (fields["n_beyond_edge"], fields["mp_variance"], fields["mp_edge"]) == (rank, 0, 0)
    assert fields["energy_beyond_edge"] == pytest.approx(1)


def mixed(seed, n):
    """A power law of exponent 2.2 + seed above a body of another law."""
    rng = np.random.default_rng(seed)
    return np.sort(np.concatenate([rng.random(n // 2) * 2, 1.5 * (1 - rng.random(n - n // 2)) ** (-1 / (1.2 + seed))]))


def fit_by_definition(values):
    """Exponent, λ_min and distance of the best fit: every λ_min in turn."""
    fits = []
    for first in range(len(values) - 1):
        tail = values[first:]
        exponent = 1 + len(tail) / np.log(tail / tail[0]).sum()
        law = 1 - (tail / tail[0]) ** (1 - exponent)
        fits.append((np.abs(law - np.arange(len(tail)) / len(tail)).max(), exponent, tail[0]))
    return min(fits)


@pytest.mark.parametrize(("seed", "n"), [(0, 300), (1, 200), (2, 500), (3, 60), (4, 9)])
def test_power_laws_are_fitted_as_defined(seed, n):
    values = mixed(seed, n)
    made = fit(values)
    distance, exponent, least = fit_by_definition(values)
    assert made.distance == pytest.approx(distance, rel=1e-12)
    assert made.exponent == pytest.approx(exponent, rel=1e-12)
    assert values[made.first] == least


def test_power_laws_are_fitted_as_by_the_package_powerlaw():
    """Numbers of powerlaw 2.0.0, `Fit(values)`, for exponents of 1 to 3, the range that it looks in unasked."""
    values = mixed(0, 300)
    made = fit(values)
    assert made.exponent == pytest.approx(2.089724859822936, rel=1e-12)
    assert values[made.first] == pytest.approx(1.9494314482168336, rel=1e-12)
    assert made.distance == pytest.approx(0.035594202926479745, rel=1e-9)


def law_of(values, **options):
    return power_law_of(np.sort(values)[::-1], 1e-12, **({"draws": 100, "significance": 0.1, "seed": [7]} | options))


def test_a_power_law_is_accepted_and_others_are_not():
    rng = np.random.default_rng(3)
    law = law_of((1 - rng.random(600)) ** (-1 / 1.5))
    assert law.reason is None
    assert law.alpha_low < 2.5 < law.alpha_high
    assert law.alpha == law.exponent
    assert law.exponent_error == pytest.approx((law.exponent - 1) / law.n_tail**0.5)
    steps = law_of(np.repeat(np.arange(1.0, 7.0), 100) + 1e-3 * rng.random(600))
    assert steps.alpha is None
    assert steps.alpha_low is None
    assert "no power law" in steps.reason or "fewer than" in steps.reason
    assert law_of(np.ones(100)).reason.startswith("100 eigenvalues")
    assert law_of(np.ones(100)).exponent is None


def test_tests_of_power_laws_repeat():
    values = (1 - np.random.default_rng(4).random(300)) ** (-1 / 1.2)
    assert law_of(values) == law_of(values)
    assert law_of(values, draws=5).n_draws <= 5
