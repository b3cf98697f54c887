"""Spectra of matrices that are taken as too large for a Gram matrix, against NumPy's SVD of the same matrices."""

import json

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.spectral import block_lanczos, computing, estimated
from ggufscope.spectral.density import Density
from ggufscope.spectral.gram_products import GramProducts
from ggufscope.spectral.marchenko_pastur import bulk_measures
from ggufscope.spectral.measures import measures
from ggufscope.spectral.places import Matrix
from ggufscope.spectral.quantizer_share import Noise, share_of
from ggufscope.synth.blocks.registry import quantize
from support.small_models import weights

EXACT = ("frobenius_norm", "sigma_max", "stable_rank", "energy_top_1")
SUMS = ("effective_rank", "normalized_entropy", "participation_ratio", "energy_top_8", "energy_top_64")
BULK = ("mp_variance", "mp_edge", "n_beyond_edge", "share_beyond_edge", "energy_beyond_edge")
ROUNDING = ("n_above", "share_below", "energy_below")
NAME = "blk.0.ffn_up.weight"


class Held:
    """A matrix in memory, as `Weights` gives its rows."""

    factor = 1.0

    def __init__(self, matrix):
        self.matrix = np.asarray(matrix, np.float32)
        self.rows, self.columns = self.matrix.shape
        self.short_side = min(self.matrix.shape)

    def tile(self, first, last):
        return self.matrix[first:last]


def planted(sigma, rows, columns):
    rng = np.random.default_rng(3)
    left = np.linalg.qr(rng.standard_normal((rows, len(sigma))))[0]
    right = np.linalg.qr(rng.standard_normal((columns, len(sigma))))[0]
    return left * sigma @ right.T


def noise(rows, columns):
    return np.random.default_rng(4).standard_normal((rows, columns))


MATRICES = {
    "wide noise": noise(500, 800),
    "tall noise": noise(800, 500),
    "square noise": noise(500, 500),
    "a slow decay": planted(1e-3 / np.arange(1, 501) ** 0.7, 500, 600),
    "a fast decay": planted(np.exp(-np.arange(500) / 40), 700, 500),
    "a clustered top": noise(500, 1500) + planted(np.r_[np.full(20, 300.0), np.linspace(100, 70, 30)], 500, 1500),
    "two levels": planted(np.repeat([3.0, 1.0], [150, 350]), 500, 600),
    "a crowd": planted(np.r_[np.linspace(6, 5, 10), np.linspace(3.00003, 3, 190), np.linspace(2, 1, 300)], 500, 600),
    "all alike": np.eye(500, 600),
    "one direction": noise(500, 600) + planted(np.array([1e4]), 500, 600),
}


@pytest.fixture
def short_runs(monkeypatch):
    """Bases that small matrices do not fit in."""
    monkeypatch.setattr(estimated, "COLUMNS", 16)
    monkeypatch.setattr(estimated, "STEPS", 16)


def errors_of(record, sigma, shape):
    """(field, estimate, truth, standard error) of all numbers that are estimated."""
    long_side = max(shape)
    truth = measures(sigma**2, long_side, 1e-13) | bulk_measures(sigma**2, long_side, 1e-13)
    rounding = Noise(record["quantizer"].noise_rms, record["quantizer"].noise_sigma)
    quantizer = share_of(rounding, 1.0, sigma**2, Matrix(None, 0, *shape))
    for field in (*EXACT[1:], *SUMS, *BULK):
        yield field, record[field], truth[field], record["errors"][field]
    for field in ROUNDING:
        values = (getattr(each, field) for each in (record["quantizer"], quantizer))
        yield field, *values, record["errors"][f"quantizer.{field}"]


def assert_estimates(record, sigma, shape):
    assert record["frobenius_norm"] == pytest.approx(np.linalg.norm(sigma), rel=1e-9)
    assert record["sigma_max"] == pytest.approx(sigma[0], rel=1e-6)
    wrong = [
        each for each in errors_of(record, sigma, shape) if not abs(each[1] - each[2]) <= 4 * each[3] + 1e-9 * each[2]
    ]
    assert not wrong
    shown = sigma[np.array(record["ranks"]) - 1]
    assert np.abs(record["singular_values"] - shown).max() <= record["errors"]["singular_values"] + 1e-9 * shown[0]
    if record["sigma_min"] > record["sigma_floor"]:
        assert record["sigma_min"] == pytest.approx(sigma[-1], abs=record["errors"]["sigma_min"])
    assert sigma[-1] <= max(record["sigma_min"] * (1 + 1e-6), record["sigma_floor"])


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.usefixtures("short_runs")
def test_estimates_are_right_within_their_errors(name):
    held = Held(MATRICES[name])
    sigma = np.linalg.svd(held.matrix.astype(np.float64), compute_uv=False)
    rounding = Noise(1e-3, float(np.median(sigma)))
    fields = estimated.lanczos_fields(
        GramProducts(held), Matrix(None, 0, held.rows, held.columns), 1.0, rounding, [1, 2]
    )
    assert_estimates(fields, sigma, held.matrix.shape)
    assert len(fields["ranks"]) < 48
    assert 0 <= fields["errors"]["effective_rank"] < 0.05 * fields["effective_rank"]
    assert fields["errors"]["energy_top_8"] < 0.01


def test_standard_errors_are_not_larger_than_they_have_to_be(monkeypatch):
    """Over many seeds, estimates of sums deviate by about as much as is said."""
    monkeypatch.setattr(estimated, "COLUMNS", 8)
    monkeypatch.setattr(estimated, "STEPS", 10)
    held = Held(noise(200, 320))
    sigma = np.linalg.svd(held.matrix.astype(np.float64), compute_uv=False)
    products, matrix = GramProducts(held), Matrix(None, 0, held.rows, held.columns)
    deviations = []
    for seed in range(12):
        fields = estimated.lanczos_fields(products, matrix, 1.0, Noise(1e-3, 20.0), [seed])
        by_field = {field: (v - truth) / e for field, v, truth, e in errors_of(fields, sigma, held.matrix.shape)}
        deviations.append([by_field[field] for field in SUMS[:3]])
    assert 0.5 < np.sqrt(np.square(deviations).mean()) < 1.7


def test_float32_resolves_what_is_said(monkeypatch, short_runs):
    monkeypatch.setattr("ggufscope.spectral.gram._LITTLE", 16)
    held = Held(MATRICES["a clustered top"])
    sigma = np.linalg.svd(held.matrix.astype(np.float64), compute_uv=False)
    products = GramProducts(held)
    assert products.single
    fields = estimated.lanczos_fields(products, Matrix(None, 0, 500, 1500), 1.0, Noise(1e-3, 30.0), [1])
    assert_estimates(fields, sigma, held.matrix.shape)
    assert not GramProducts(Held(1e-30 * held.matrix)).single


def test_a_rank_that_the_basis_holds_is_found():
    """Five directions of 300: the run ends when there is nothing more to see, and the rest is 0."""
    sigma = np.array([9.0, 9.0, 5.0, 1.0, 1e-2])
    held = Held(planted(sigma, 300, 400))
    fields = estimated.lanczos_fields(GramProducts(held), Matrix(None, 0, 300, 400), -2.0, None, [1])
    shares = sigma**2 / (sigma**2).sum()
    assert fields["ranks"] == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(fields["singular_values"], 2 * sigma, rtol=1e-4)
    assert fields["effective_rank"] == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-5)
    assert fields["participation_ratio"] == pytest.approx(1 / (shares**2).sum(), rel=1e-6)
    assert fields["sigma_min"] < fields["sigma_floor"] < 1e-4
    assert "quantizer" not in fields


def test_a_basis_of_the_whole_space_leaves_no_error(write_gguf):
    matrix = weights(5, 60, 90)
    exact, near = (gs.spectra(write_gguf({NAME: matrix}), longest_exact=limit).matrices[0] for limit in (60, 59))
    assert (exact.method, near.method) == ("gram", "lanczos")
    for field in (*EXACT, *SUMS, *BULK, "sigma_min"):
        assert getattr(near, field) == pytest.approx(getattr(exact, field), rel=1e-8)
    assert max(near.errors.values()) < 1e-6
    assert near.singular_values == pytest.approx(exact.singular_values)
    assert (near.numerical_rank, near.rank_tolerance, near.power_law.alpha) == (None, None, None)
    assert near.power_law.reason == "the eigenvalues are estimated, not known"


def test_large_matrices_of_a_model_are_estimated(write_gguf, short_runs):
    """Parts of a tensor, factors of rounding, and matrices that have no numbers; saved and read again."""
    broken, stacked = weights(1, 300, 280), weights(2, 700, 300)
    broken[7, 8] = np.inf
    tensors = {
        "blk.0.attn_q.weight": broken,
        "blk.0.attn_k.weight": np.zeros((300, 260), np.float32),
        "blk.0.ffn_up.weight": stacked,
        "blk.0.ffn_down.weight": weights(3, 300, 350),
        "blk.1.ffn_down.weight": (quantize(weights(4, 320, 512), "Q4_0").reshape(320, -1), "Q4_0"),
    }
    path = write_gguf(tensors)
    told = []
    spectra = gs.spectra(path, longest_exact=250, threads=2, progress=lambda *done: told.append(done))
    told_last, total = told[-1]
    assert told_last == total
    records = {(each.name, each.part): each for each in spectra.matrices}
    assert records["blk.0.attn_q.weight", None].method is None
    assert records["blk.0.attn_q.weight", None].reason == "weights that are not finite"
    zero = records["blk.0.attn_k.weight", None]
    assert (zero.method, zero.reason, zero.sigma_max) == ("lanczos", "all weights are 0", 0)
    with gs.open(path) as model:
        quantized = model.tensors["blk.1.ffn_down.weight"].dequantize()
    for key, matrix in (
        (("blk.0.ffn_up.weight", "gate"), stacked[:350]),
        (("blk.0.ffn_up.weight", "up"), stacked[350:]),
        (("blk.1.ffn_down.weight", None), quantized),
    ):
        record = records[key]
        sigma = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
        assert record.method == "lanczos"
        assert record.sigma_max == pytest.approx(sigma[0], rel=1e-6)
        if record.quantizer is not None:
            assert_estimates(vars(record), sigma, matrix.shape)
            energy = quantized.size * record.quantizer.noise_rms**2 / (sigma**2).sum()
            assert record.quantizer.noise_energy == pytest.approx(energy)
    assert spectra.matrices == gs.spectra(path, longest_exact=250, threads=1).matrices
    saved = spectra.to_json()
    assert gs.Spectra.from_json(saved) == spectra
    assert json.loads(saved)["matrices"][-1]["errors"]["quantizer.n_above"] >= 0
    other = gs.spectra(path, longest_exact=250, seed=1).matrices[-1]
    assert other.effective_rank != spectra.matrices[-1].effective_rank


def test_a_long_run_is_given_up(write_gguf, monkeypatch):
    """Ctrl-C reaches a matrix between two tiles."""
    begun = []

    def endless(products, start, *_):
        begun.append(products)
        while True:
            products(start)

    def stop(done, total):
        if begun:
            raise KeyboardInterrupt

    monkeypatch.setattr(estimated, "ritz_of", endless)
    with pytest.raises(gs.SpectraInterrupted) as stopped:
        gs.spectra(write_gguf({NAME: weights(1, 300, 280)}), longest_exact=250, progress=stop)
    assert stopped.value.spectra.matrices == []


def test_room_is_bounded():
    """The basis of the largest matrices takes no more than what tasks may have."""
    for rows, columns in ((16384, 53248), (32768, 128256), (131072, 131072)):
        matrix = Matrix(None, 0, rows, columns)
        assert estimated.lanczos_room(matrix) < 1_500_000_000
        assert estimated.lanczos_size(matrix) < rows * rows * columns


def test_a_spectrum_that_is_known_in_full_is_counted():
    values = np.array([4.0, 3.0, 2.0, 1.0])
    density = Density(block_lanczos.Ritz(values, np.zeros(4), np.ones((2, 4))), 4, 10.0, 4)
    assert density.count_above(2.5) == (2, 0)
    assert density.sum_above(2.5) == (7, 0)
    assert density.median() == (2.5, 0)


@pytest.mark.real_model
def test_real_matrices_are_as_numpy_has_them(smollm2, short_runs):
    with gs.open(smollm2) as opened:
        settings = computing.SpectraSettings(False, False, 500, 20, 0.1, 0)
        for name in ("blk.7.attn_q.weight", "blk.7.ffn_down.weight"):
            tensor = opened.tensors[name]
            (matrix,) = computing.matrices_of(opened, tensor)
            record = computing.matrix_spectrum(matrix, settings, lambda: None)
            sigma = np.linalg.svd(tensor.dequantize().astype(np.float64), compute_uv=False)
            assert record.method == "lanczos"
            assert_estimates(vars(record), sigma, tensor.shape)
