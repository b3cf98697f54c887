"""The noise of rounding that is read off the blocks, against the errors that quantizers really make."""

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.spectral.places import Matrix
from ggufscope.spectral.quantizer_share import CODES, noise_of
from ggufscope.synth.blocks.registry import quantize
from support.model_files import write_model

ROWS, COLUMNS = 192, 512


def nothing():
    pass


@pytest.mark.parametrize("type_name", sorted(set(CODES) - {"Q8_1", "Q8_K"}))
def test_noise_is_that_of_rounding(tmp_path, type_name):
    """Rows and columns differ in size, as those of real matrices do."""
    rng = np.random.default_rng(11)
    exact = rng.standard_normal((ROWS, COLUMNS)) * rng.uniform(0.5, 2, (ROWS, 1)) * rng.uniform(0.5, 2, (1, COLUMNS))
    exact = exact.astype(np.float32)
    blocks = quantize(exact, type_name).reshape(ROWS, -1)
    path = write_model(tmp_path / "m.gguf", {"blk.0.ffn_up.weight": (blocks, type_name)})
    with gs.open(path) as model:
        tensor = model.tensors["blk.0.ffn_up.weight"]
        error = tensor.dequantize().astype(np.float64) - exact
        noise = noise_of(Matrix(tensor, 0, ROWS, COLUMNS), nothing)
        half = noise_of(Matrix(tensor, ROWS // 2, ROWS // 2, COLUMNS), nothing)
    true = np.sqrt(np.square(error).mean())
    largest = np.linalg.norm(error, 2)
    assert noise.rms == pytest.approx(true, rel=0.15)
    assert 1 < noise.sigma / largest < 1.5
    assert half.rms == pytest.approx(noise.rms, rel=0.3)


def test_rank_of_noise_is_none(write_gguf):
    """A matrix of rank 5 has more singular values once it is quantized; above the floor there are still five."""
    rng = np.random.default_rng(2)
    exact = (rng.standard_normal((256, 5)) @ rng.standard_normal((5, 512))).astype(np.float32)
    blocks = quantize(exact, "Q4_0").reshape(256, -1)
    (record,) = gs.spectra(write_gguf({"blk.0.ffn_up.weight": (blocks, "Q4_0")})).matrices
    assert record.numerical_rank == 256
    assert record.quantizer.n_above == 5
    assert record.quantizer.share_below == pytest.approx(251 / 256)
    assert record.quantizer.noise_energy == pytest.approx(record.quantizer.energy_below, rel=0.2)


def test_floats_have_no_steps(write_gguf):
    (record,) = gs.spectra(write_gguf({"blk.0.ffn_up.weight": np.eye(40, dtype=np.float32)})).matrices
    assert record.quantizer is None
