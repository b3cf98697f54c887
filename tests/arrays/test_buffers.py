"""Decoding and statistics of buffers from other code."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope import _core

QUANTIZED = ["Q4_0", "Q8_0", "Q4_K", "Q6_K"]


@pytest.mark.parametrize("name", QUANTIZED)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_dequantize_as_gguf_does(random_blocks: Any, name: str, shape: tuple[int, ...]) -> None:
    blocks = random_blocks(name, math.prod(shape), 512).reshape(*shape, -1)
    number = gguf.GGMLQuantizationType[name]
    with np.errstate(all="ignore"):
        expected = gguf.quants.dequantize(blocks, number)
    for qtype in (name, name.lower(), int(number), np.int64(number), number):
        np.testing.assert_array_equal(gs.dequantize(blocks, qtype), expected)


def test_strided_blocks_are_copied(random_blocks: Any) -> None:
    blocks = random_blocks("Q8_0", 8, 64)
    np.testing.assert_array_equal(gs.dequantize(blocks[::2], "Q8_0"), gs.dequantize(blocks, "Q8_0")[::2])


def test_into_an_array(random_blocks: Any) -> None:
    blocks, out = random_blocks("Q4_K", 2, 256), np.empty((2, 256), np.float32)
    assert gs.dequantize(blocks, "Q4_K", out=out, threads=1) is out
    np.testing.assert_array_equal(out, gs.dequantize(blocks, "Q4_K"))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", ">f4", ">i2"])
def test_plain_types_take_arrays_and_bytes(dtype: str) -> None:
    values = np.arange(-6, 6).reshape(3, 4).astype(dtype)
    name = {"f2": "F16", "f4": "F32", "f8": "F64", "i1": "I8", "i2": "I16", "i4": "I32", "i8": "I64"}[dtype[-2:]]
    np.testing.assert_array_equal(gs.dequantize(values, name), values.astype(np.float32))
    native = values.astype(dtype[-2:])
    np.testing.assert_array_equal(gs.dequantize(native.view(np.uint8), name), values.astype(np.float32))


def test_bytes_are_a_row(random_blocks: Any) -> None:
    blocks = random_blocks("Q4_K", 2, 256)
    expected = gs.dequantize(blocks, "Q4_K")
    assert np.array_equal(gs.dequantize(blocks[1], "Q4_K"), expected[1])
    for buffer in (bytes(blocks), bytearray(blocks), memoryview(bytes(blocks)), memoryview(bytes(blocks)).cast("c")):
        assert np.array_equal(gs.dequantize(buffer, "Q4_K"), expected.reshape(-1))
        assert gs.summarize(buffer, "Q4_K").l2_norm == gs.summarize(blocks.reshape(-1), "Q4_K").l2_norm
    assert np.array_equal(gs.dequantize(memoryview(blocks), "Q4_K"), expected)
    x = np.ones(512)
    assert gs.row_products(bytes(blocks), x, qtype="Q4_K").linear.shape == (1,)
    with pytest.raises(ValueError, match="144 bytes"):
        gs.dequantize(bytes(100), "Q4_K")


def test_nothing_decodes_to_nothing() -> None:
    assert gs.dequantize(np.zeros((0, 34), np.uint8), "Q8_0").shape == (0, 32)
    assert gs.dequantize(np.zeros((5, 0), np.uint8), "Q8_0").shape == (5, 0)


@pytest.mark.parametrize(
    ("blocks", "qtype", "message"),
    [
        (np.zeros(33, np.uint8), "Q8_0", "33 bytes .* Q8_0 blocks of 34 bytes"),
        (np.zeros(34, np.int8), "Q8_0", "uint8, not int8"),
        (np.zeros(4, np.float64), "F32", "uint8, not float64"),
        (np.zeros(34, np.uint8), "Q9_9", "unknown type 'Q9_9'; known are F32, F16"),
        (np.zeros(34, np.uint8), 77, "unknown type 77"),
        (np.zeros(34, np.uint8), -1, "unknown type -1"),
        (np.zeros(34, np.uint8), 8.0, "a name, a number"),
        (np.zeros(34, np.uint8), None, "a name, a number"),
        (np.zeros(34, np.uint8), True, "a name, a number"),
    ],
)
def test_dequantize_refuses(blocks: Any, qtype: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gs.dequantize(blocks, qtype)


def test_wrong_out_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 32\)"):
        gs.dequantize(np.zeros((2, 34), np.uint8), "Q8_0", out=np.empty(64, np.float32))


def test_every_registered_type_decodes_through_its_name() -> None:
    for description in _core.types():
        blocks = np.zeros((2, description["bytes_per_block"]), np.uint8)
        assert gs.dequantize(blocks, description["name"]).shape == (2, description["elements_per_block"])


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", ">f8"])
def test_summarize_arrays(dtype: str) -> None:
    values = np.array([[3, 0, 1], [0, 1, 4]]).astype(dtype)
    found = gs.summarize(values)
    real = values.astype(np.float64)
    assert found.n_elements == 6
    assert found.shape == (2, 3)
    assert found.l2_norm == pytest.approx(np.linalg.norm(real), rel=1e-12)
    assert found.mean == pytest.approx(real.mean(), rel=1e-12)
    assert found.zero_fraction == pytest.approx(2 / 6)
    assert found.abs_max_index == np.unravel_index(np.argmax(real), real.shape)
    np.testing.assert_allclose(found.row_l2, np.linalg.norm(real, axis=1))


def test_summarize_blocks_is_summarize_of_what_they_decode_to(random_blocks: Any) -> None:
    blocks = random_blocks("Q8_0", 4, 64)
    blocks.reshape(-1, 34)[:, :2] = np.frombuffer(np.float16(0.01).tobytes(), np.uint8)
    of_blocks, of_values = gs.summarize(blocks, "Q8_0"), gs.summarize(gs.dequantize(blocks, "Q8_0"))
    for name in ("min", "max", "abs_max_index", "zero_fraction", "nan_count"):
        assert of_blocks[name] == of_values[name]
    for name in ("mean", "std", "l1_norm", "l2_norm"):
        assert of_blocks[name] == pytest.approx(of_values[name], rel=1e-9)
    assert (of_blocks.type, of_values.type) == ("Q8_0", "F32")
    assert (of_blocks.n_bytes, of_values.n_bytes) == (blocks.size, 4 * 256)
    assert "code_entropy" in of_blocks
    assert "code_entropy" not in of_values


def test_summarize_more_dimensions_and_none() -> None:
    cube = np.arange(24.0).reshape(2, 3, 4)
    assert gs.summarize(cube).abs_max_index == (1, 2, 3)
    assert gs.summarize(cube).row_l2.shape == (6,)
    single = gs.summarize(np.float32(-2.5))
    assert (single.n_elements, single.mean, single.skewness, single.hoyer) == (1, -2.5, None, None)
    empty = gs.summarize(np.zeros((0, 4)))
    assert (empty.n_elements, empty.mean, empty.abs_max_index) == (0, None, None)


def test_fast_and_threshold() -> None:
    values = np.array([0.0, 0.01, 0.1, 1.0])
    assert gs.summarize(values, sparsity_threshold=0.05).sparsity == 0.5
    assert "histogram" not in gs.summarize(values, fast=True)
    assert gs.summarize(values, fast=True).l2_norm == gs.summarize(values).l2_norm


@pytest.mark.parametrize("dtype", ["c8", "U1", "O", "M8[s]"])
def test_summarize_refuses_other_dtypes(dtype: str) -> None:
    with pytest.raises(ValueError, match="cannot summarize values of dtype"):
        gs.summarize(np.zeros(3).astype(dtype) if dtype != "O" else np.array([None]))


@pytest.mark.parametrize("threshold", [-1.0, math.inf, math.nan])
def test_summarize_refuses_thresholds(threshold: float) -> None:
    with pytest.raises(ValueError, match="sparsity_threshold"):
        gs.summarize(np.zeros(3), sparsity_threshold=threshold)


def test_statistics_are_attributes_and_a_mapping() -> None:
    found = gs.summarize(np.array([[1.0, -3.0]]))
    assert found.max == found["max"] == 1.0
    assert dict(found)["min"] == -3.0
    assert {"kurtosis", "histogram", "shape"} <= set(dir(found))
    with pytest.raises(AttributeError, match="no statistic 'kurtosys'"):
        _ = found.kurtosys
    assert repr(found).startswith("<TensorStatistics F64 1 × 2, n_elements=2, mean=-1, ")
    assert all(gs.TensorStatistics.meaning(info["name"]) for info in _core.fields())
    with pytest.raises(KeyError):
        gs.TensorStatistics.meaning("nope")


def test_statistics_can_be_copied_and_pickled() -> None:
    found = gs.summarize(np.array([[1.0, -3.0]]))
    for twin in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):  # noqa: S301
        assert twin.max == 1.0
        assert twin.shape == (1, 2)


def test_a_type_that_ggml_removed_is_named() -> None:
    with pytest.raises(gs.UnsupportedTypeError, match=r"type 4 \(Q4_2.*\) cannot be decoded"):
        gs.dequantize(np.zeros(18, dtype=np.uint8), 4)
    with pytest.raises(gs.UnsupportedTypeError, match=r"139 .*ik_llama"):
        gs.summarize(np.zeros(18, dtype=np.uint8), 139)
    with pytest.raises(ValueError, match="unknown type 77"):
        gs.dequantize(np.zeros(18, dtype=np.uint8), 77)
