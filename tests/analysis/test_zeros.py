"""The table of expected zeros, and what is made of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ggufscope import _core
from ggufscope.analysis.inputs.zeros import TABLE, bands, excess_zeros, expected_band, expected_zeros
from ggufscope.synth.blocks import elements_per_block, quantizable_types


def test_every_type_that_ggml_quantizes_to_is_in_it():
    types = {info["name"] for info in _core.types() if info["ggml"]}
    without_quantizer = {"Q8_1", "F64", "I8", "I16", "I32", "I64"}
    assert set(expected_zeros()) == types - without_quantizer


@pytest.mark.parametrize(
    ("name", "gaussian", "laplace"),
    [("Q4_0", 0.116, 0.22), ("Q5_0", 0.058, 0.117), ("Q6_K", 0.026, 0.051), ("Q8_0", 0.0074, 0.0157), ("F32", 0, 0)],
)
def test_shares_by_type(name, gaussian, laplace):
    assert expected_band(name) == pytest.approx((gaussian, laplace), rel=0.02)


def test_types_with_an_offset_make_hardly_any():
    assert all(expected_band(name)[1] < 0.002 for name in ("Q4_1", "Q5_1", "Q4_K", "Q5_K", "Q2_K"))


def test_the_table_says_where_it_comes_from():
    document = json.loads(TABLE.read_text())
    assert document["provenance"]["made_by"] == "tools/make_expected_zeros.py"
    assert document["provenance"]["ggml"]["version"]
    assert all(entry["weights"] >= 500_000 for entry in document["types"].values())


def decoder_zero_share(name, weights):
    from ggufscope import dequantize  # noqa: PLC0415
    from ggufscope.synth.blocks import quantize  # noqa: PLC0415

    return float((dequantize(quantize(weights, name), name) == 0).mean())


@pytest.mark.parametrize("name", ["Q4_0", "Q5_0", "Q8_0"])
def test_an_independent_quantizer_agrees(name):
    """The simple types have one obvious quantizer; the synthetic models' own is written independently."""
    assert name in quantizable_types()
    weights = np.random.default_rng(0).normal(0, 0.02, 4096 * elements_per_block(name)).astype(np.float32)
    assert decoder_zero_share(name, weights) == pytest.approx(expected_zeros()[name][0], rel=0.05)


def test_what_is_within_the_band_is_no_excess():
    types = ["Q6_K", "Q6_K", "Q6_K", "F32", "I8", None]
    low, high = expected_band("Q6_K")
    found = excess_zeros(np.array([low - 0.01, (low + high) / 2, high + 0.02, 0.1, 0.1, 0.1]), types)
    np.testing.assert_allclose(found[:4], [-0.01, 0, 0.02, 0.1], atol=1e-15)
    assert np.isnan(found[4:]).all()
    assert np.isnan(bands(["I8"])[0]).all()


def test_names_that_several_types_share_have_all_their_bands():
    assert expected_band("Q4_K/Q6_K") == (expected_band("Q4_K")[0], expected_band("Q6_K")[1])
    low, high = expected_band("4.5 bits")
    assert low == 0  # IQ4_NL
    assert high == expected_band("Q4_0")[1]
    assert expected_band("Q4_K/I8") is None
