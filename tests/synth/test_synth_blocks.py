"""Every type's quantizer: what it writes decodes to its weights, by our decoders and by the oracle of all tests."""

from __future__ import annotations

import numpy as np
import pytest

from ggufscope import _core
from ggufscope.synth import blocks
from ggufscope.synth.blocks.plain import INTEGER_STEP
from ggufscope.synth.weights import GROUP, pool
from support import reference_formats
from support.format_registry import WEIGHT_TYPES

RMS = 0.02
TYPES = {description["name"]: description for description in WEIGHT_TYPES}

# The least correlation of decoded weights with their source: what rounding to so few levels leaves.
LEAST_CORRELATION = {"Q1_0": 0.78, "TQ1_0": 0.86, "TQ2_0": 0.86, "Q2_0": 0.87, "IQ1_S": 0.87, "IQ1_M": 0.88}
# Shares of exact zeros that ggml's quantizers leave of a Gaussian
GAUSSIAN_ZEROS = {"Q4_0": 0.116, "Q5_0": 0.058, "Q6_K": 0.026, "Q8_0": 0.007, "Q4_K": 0.0001, "Q4_1": 0.0003}


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    return pool(512, np.random.default_rng(1)) * np.float32(RMS)


def decoded(weights: np.ndarray, name: str) -> np.ndarray:
    out = np.empty(weights.size, np.float32)
    _core.decode(blocks.quantize(weights, name), TYPES[name]["id"], out)
    return out * step(name)


def step(name: str) -> float:
    """What a weight of 1 counts for."""
    return INTEGER_STEP if name in {"I8", "I16", "I32", "I64"} else 1


def test_every_type_that_holds_weights_can_be_written() -> None:
    assert set(blocks.quantizable_types()) == set(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_blocks_have_the_size_of_the_type(weights: np.ndarray, name: str) -> None:
    n_blocks = weights.size // TYPES[name]["elements_per_block"]
    assert blocks.elements_per_block(name) == TYPES[name]["elements_per_block"]
    assert blocks.quantize(weights, name).shape == (n_blocks * TYPES[name]["bytes_per_block"],)


@pytest.mark.parametrize("name", TYPES)
def test_decoded_weights_are_finite_and_keep_their_size(weights: np.ndarray, name: str) -> None:
    found = decoded(weights, name).astype(np.float64)
    assert np.isfinite(found).all()
    assert np.sqrt(np.square(found).mean()) == pytest.approx(RMS, rel=0.02)
    assert np.corrcoef(found, weights)[0, 1] > LEAST_CORRELATION.get(name, 0.93)


@pytest.mark.parametrize("name", TYPES)
def test_the_oracle_reads_the_same(weights: np.ndarray, name: str) -> None:
    """The decoder that all tests share: the gguf package's, where that has one."""
    written = blocks.quantize(weights, name).reshape(-1, TYPES[name]["bytes_per_block"])
    theirs = reference_formats.dequantize(written, name).reshape(-1) * step(name)
    np.testing.assert_array_equal(theirs, decoded(weights, name))


@pytest.mark.parametrize("name", GAUSSIAN_ZEROS)
def test_zeros_are_as_frequent_as_ggml_leaves_them(weights: np.ndarray, name: str) -> None:
    share = (decoded(weights, name) == 0).mean()
    assert share == pytest.approx(GAUSSIAN_ZEROS[name], rel=0.1, abs=3e-4)


@pytest.mark.parametrize("name", TYPES)
def test_blocks_of_zeros_decode_to_zeros(name: str) -> None:
    assert not decoded(np.zeros(512, np.float32), name).any()


def test_a_pool_has_unit_rms_and_real_tails() -> None:
    weights = pool(512, np.random.default_rng(7)).astype(np.float64)
    variance = np.square(weights).mean()
    assert variance == pytest.approx(1, rel=1e-6)
    assert 0.3 < (weights**4).mean() / variance**2 - 3 < 0.7
    assert weights.size == 512 * GROUP
