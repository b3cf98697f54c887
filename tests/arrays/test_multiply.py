"""Products with a few tokens at once: every type, instruction set, number of threads, rows and tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope import _core
from ggufscope.arrays.multiply import multiply_few
from support.reference_formats import dequantize, finite_rows

TYPES = {qtype["name"]: qtype for qtype in _core.types()}
ISAS = _core.available_isas()
Floats = npt.NDArray[np.float32]


def blocks_of(name: str, rows: int, columns: int) -> npt.NDArray[np.uint8]:
    return finite_rows(TYPES[name], rows, columns)


def vectors_of(n: int, columns: int) -> Floats:
    return np.random.default_rng(n).standard_normal((n, columns)).astype(np.float32)


def product(blocks: npt.NDArray[Any], name: str, columns: int, x: Floats, **options: Any) -> Floats:
    return _core.multiply_few(blocks.view(np.uint8).reshape(-1), TYPES[name]["id"], columns, x, **options)


def assert_close(found: Floats, weights: npt.NDArray[Any], x: Floats) -> None:
    """Within 16 lanes' worth of roundings of the sum of magnitudes, each of 2⁻²⁴."""
    exact, given = weights.astype(np.float64), x.astype(np.float64)
    most = (weights.shape[1] / 16 + 3) * 2**-24 * (np.abs(given) @ np.abs(exact).T)
    np.testing.assert_array_less(np.abs(found - given @ exact.T), most + 1e-40)


@pytest.mark.parametrize("name", TYPES)
def test_every_type_on_every_instruction_set(name: str) -> None:
    rows, columns = 13, 1280
    blocks = blocks_of(name, rows, columns)
    weights = dequantize(blocks.reshape(-1, TYPES[name]["bytes_per_block"]), name).reshape(rows, columns)
    x = vectors_of(5, columns)
    found = [product(blocks, name, columns, x, isa=isa) for isa in ISAS]
    assert_close(found[0], weights, x)
    assert len({each.tobytes() for each in found}) == 1


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("columns", [1, 15, 16, 17, 172, 1023, 1024, 1025, 5000])
def test_rows_of_any_length(columns: int, isa: str) -> None:
    weights = np.random.default_rng(columns).standard_normal((7, columns)).astype(np.float32)
    x = vectors_of(3, columns)
    assert_close(product(weights, "F32", columns, x, isa=isa), weights, x)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("rows", [0, 1, 5, 6, 7, 200])
def test_the_same_bits_for_any_rows_and_tokens(rows: int, isa: str) -> None:
    """Each product alone equals the one among many."""
    columns = 1100
    weights = np.random.default_rng(rows).standard_normal((rows, columns)).astype(np.float32)
    x = vectors_of(21, columns)
    whole = product(weights, "F32", columns, x, isa=isa)
    assert whole.shape == (21, rows)
    for tokens in (0, 1, 2, 4, 5, 20):
        np.testing.assert_array_equal(product(weights, "F32", columns, x[:tokens], isa=isa), whole[:tokens])
    for row in range(0, rows, 3):
        np.testing.assert_array_equal(product(weights[row], "F32", columns, x, isa=isa)[:, 0], whole[:, row])


def test_any_number_of_threads() -> None:
    rows, columns = 1500, 2048  # 12 MB of float32: three times what one thread keeps
    blocks, x = blocks_of("Q4_K", rows, columns), vectors_of(20, columns)
    found = [product(blocks, "Q4_K", columns, x, threads=threads) for threads in (1, 2, 3, 7)]  # memory of their own
    assert_close(found[0], dequantize(blocks.reshape(-1, 144), "Q4_K").reshape(rows, columns), x)
    assert len({each.tobytes() for each in found}) == 1


@pytest.mark.parametrize("isa", ISAS)
def test_what_is_not_finite_stays_in_its_row_and_token(isa: str) -> None:
    """Nor may what an earlier row left behind be multiplied with the zeros beyond the last column."""
    weights, x = np.ones((8, 2051), np.float32), np.ones((6, 2051), np.float32)
    weights[1, 3], weights[2, 2050], weights[6, 1024 + 7] = np.nan, np.inf, np.nan
    x[4, 2048] = np.nan
    found = product(weights, "F32", 2051, x, isa=isa)
    expected = np.full((6, 8), 2051, np.float32)
    expected[:, [1, 6]], expected[:, 2], expected[4] = np.nan, np.inf, np.nan
    np.testing.assert_array_equal(found, expected)


def test_big_endian_blocks() -> None:
    weights, x = vectors_of(9, 300), vectors_of(2, 300)
    found = product(weights.byteswap(), "F32", 300, x, swapped=True)
    np.testing.assert_array_equal(found, product(weights, "F32", 300, x))
    with pytest.raises(ValueError, match="Q5_K has no big-endian form"):
        product(np.zeros(176, np.uint8), "Q5_K", 256, vectors_of(1, 256), swapped=True)


def test_wrong_arguments() -> None:
    blocks, x = np.zeros(64, np.uint8), np.zeros((1, 8), np.float32)
    with pytest.raises(ValueError, match="does not hold rows of 7 elements of F32"):
        product(blocks, "F32", 7, x)
    for columns in (0, 2**48, 2**62):  # whose bytes would be none modulo 2^64
        with pytest.raises(ValueError, match=f"does not hold rows of {columns} elements of F32"):
            product(blocks, "F32", columns, x)
        with pytest.raises(ValueError, match=f"does not hold rows of {columns} elements of F32"):
            _core.row_products(blocks, TYPES["F32"]["id"], columns, np.ones((1, 8)), np.ones((0, 8)))
    with pytest.raises(ValueError, match=r"array of \(n, 16\)"):
        product(blocks, "F32", 16, x)
    with pytest.raises(ValueError, match="threads must be at least 1"):
        product(blocks, "F32", 8, x, threads=0)
    with pytest.raises(ValueError, match="not a type this build decodes: 99"):
        _core.multiply_few(blocks, 99, 8, x)


def test_a_file_that_shrinks_is_an_error(write_gguf: Callable[..., Path]) -> None:
    path = write_gguf({"a.weight": np.ones((512, 4096), np.float32)})
    with gs.open(path) as model:
        rows = model.tensors[0].block_rows()
        with path.open("r+b") as file:
            file.truncate(4096)
        with pytest.raises(gs.GGUFError):
            multiply_few(rows, vectors_of(2, 4096), 2)
