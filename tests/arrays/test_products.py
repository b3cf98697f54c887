"""Row products against NumPy in float64: every type, instruction set, number of threads and shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope import _core
from support.reference_formats import dequantize, finite_rows

TYPES = {qtype["name"]: qtype for qtype in _core.types()}
ISAS = _core.available_isas()
RNG = np.random.default_rng(11)
Floats = npt.NDArray[np.float64]


def blocks_of(name: str, rows: int, columns: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    return finite_rows(TYPES[name], rows, columns, seed)


def products(left: npt.NDArray[np.uint8], name: str, columns: int, x: Floats, y: Floats, **options: Any) -> Any:
    return _core.row_products(left.reshape(-1), TYPES[name]["id"], columns, x, y, **options)


def assert_close(found: Floats, left: Floats, right: Floats | None, vectors: Floats) -> None:
    """Within 1e-13 of the sum of magnitudes, far inside the 1e-6 that propagation asks for."""
    weights = left if right is None else left * right
    np.testing.assert_array_less(
        np.abs(found - vectors @ weights.T), 1e-13 * (np.abs(vectors) @ np.abs(weights).T) + 1e-300
    )


@pytest.mark.parametrize("name", TYPES)
def test_every_type_on_every_instruction_set(name: str) -> None:
    rows, columns = 7, 1280
    left = blocks_of(name, rows, columns)
    weights = dequantize(left.reshape(-1, TYPES[name]["bytes_per_block"]), name).reshape(rows, columns)
    weights = weights.astype(np.float64)
    x, y = RNG.standard_normal((2, columns)), RNG.random((3, columns))
    found = [products(left, name, columns, x, y, isa=isa) for isa in ISAS]
    assert_close(found[0][0], weights, None, x)
    assert_close(found[0][1], weights, weights, y)
    assert len({(linear.tobytes(), squares.tobytes()) for linear, squares in found}) == 1


@pytest.mark.parametrize("columns", [1, 15, 16, 17, 172, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("isa", ISAS)
def test_rows_of_any_length(columns: int, isa: str) -> None:
    weights = RNG.standard_normal((5, columns)).astype(np.float32)
    other = RNG.standard_normal((5, columns)).astype(np.float16)
    x, y = RNG.standard_normal((1, columns)), RNG.standard_normal((1, columns))
    raw = other.view(np.uint8).reshape(-1)
    linear, crossed = products(weights.view(np.uint8), "F32", columns, x, y, isa=isa, right=raw, right_type=1)
    assert_close(linear, weights.astype(np.float64), None, x)
    assert_close(crossed, weights.astype(np.float64), other.astype(np.float64), y)


def test_any_number_of_threads() -> None:
    rows, columns = 1500, 2048  # 12 MB of float32: three times what one thread keeps
    left, right = blocks_of("Q4_K", rows, columns), blocks_of("Q6_K", rows, columns, seed=1)
    x, y = RNG.standard_normal((2, columns)), RNG.random((1, columns))
    other = {"right": right.reshape(-1), "right_type": TYPES["Q6_K"]["id"]}
    found = [products(left, "Q4_K", columns, x, y, threads=threads, **other) for threads in (1, 2, 3, 7)]
    assert len({(linear.tobytes(), crossed.tobytes()) for linear, crossed in found}) == 1


def test_nothing_is_lost_between_large_and_small() -> None:
    """Float32 sums would lose the small weights next to the large one."""
    weights = np.full((1, 4096), 1e-4, np.float32)
    weights[0, 5] = 3e6
    found = gs.row_products(weights, np.ones(4096), squares=np.ones(4096))
    exact = weights.astype(np.float64)
    assert found.linear is not None
    assert found.squares is not None
    np.testing.assert_allclose(found.linear, exact.sum(axis=1), rtol=1e-14)
    np.testing.assert_allclose(found.squares, np.square(exact).sum(axis=1), rtol=1e-14)


def test_what_is_not_finite_stays_in_its_row() -> None:
    weights = np.ones((3, 40), np.float32)
    weights[1, 3] = np.nan
    weights[2, 3] = np.inf
    found = gs.row_products(weights, np.ones(40), squares=np.ones(40))
    for part in found:
        assert part is not None
        np.testing.assert_array_equal(part, [40, np.nan, np.inf])


def test_shapes_of_arguments_and_results() -> None:
    weights = RNG.standard_normal((2, 3, 8)).astype(np.float32)
    flat = weights.reshape(6, 8).astype(np.float64)
    found = gs.row_products(weights, np.arange(8))
    assert found.squares is None
    np.testing.assert_allclose(found.linear, flat @ np.arange(8))
    found = gs.row_products(weights, squares=np.ones((2, 8)), other=weights * 2)
    assert found.linear is None
    assert found.squares is not None
    np.testing.assert_allclose(found.squares, np.tile(2 * np.square(flat).sum(axis=1), (2, 1)))
    assert gs.row_products(np.zeros((0, 8), np.float32), np.ones(8)).linear == pytest.approx(np.zeros(0))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"x": np.ones(7)}, r"x must have the shape \(8,\) or \(k, 8\), not \(7,\)"),
    ({"squares": np.ones((1, 1, 8))}, r"squares must have the shape"),
    ({"x": np.ones(8) * 1j}, "x must be real numbers, not complex128"),
    ({"x": ["a"] * 8}, "x must be real numbers"),
    ({"x": np.ones(8), "threads": 0}, "threads must be a positive integer"),
    ({"squares": np.ones(8), "other": np.ones((4, 9), np.float32)}, "matrices of 8 and 9 columns"),
    ({"squares": np.ones(8), "other": np.ones((3, 8), np.float32)}, "differ in their number of rows"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gs.row_products(np.ones((4, 8), np.float32), **arguments)


def test_wrong_buffers() -> None:
    ones = np.ones((1, 8))
    with pytest.raises(ValueError, match="does not hold rows of 8 elements of F32"):
        products(np.zeros(33, np.uint8), "F32", 8, ones, ones)
    with pytest.raises(ValueError, match="does not hold rows of 8 elements of Q8_0"):
        products(np.zeros(34, np.uint8), "Q8_0", 8, ones, ones)
    with pytest.raises(ValueError, match=r"vectors must be an array of \(n, 8\)"):
        products(np.zeros(32, np.uint8), "F32", 8, np.ones((1, 7)), ones)
    with pytest.raises(ValueError, match="not a type this build decodes: 4"):
        _core.row_products(np.zeros(32, np.uint8), 4, 8, ones, ones)
    with pytest.raises(ValueError, match="no big-endian form"):
        products(np.zeros(176, np.uint8), "Q5_K", 256, np.ones((1, 256)), np.ones((0, 256)), swapped=True)


@pytest.mark.parametrize("endianess", [gguf.GGUFEndian.LITTLE, gguf.GGUFEndian.BIG])
def test_tensors(write_gguf: Callable[..., Path], endianess: gguf.GGUFEndian) -> None:
    weights = RNG.standard_normal((2, 6, 32)).astype(np.float32)
    other = RNG.standard_normal((2, 6, 32)).astype(np.float16)
    path = write_gguf({"blk.0.ffn_up_exps.weight": weights, "blk.0.ffn_gate_exps.weight": other}, endianess=endianess)
    x, y = RNG.standard_normal((3, 32)), RNG.random(32)
    flat, flat_other = weights.reshape(12, 32).astype(np.float64), other.reshape(12, 32).astype(np.float64)
    with gs.open(path) as model:
        up, gate = model.tensors["blk.0.ffn_up_exps.weight"], model.tensors["blk.0.ffn_gate_exps.weight"]
        whole = gs.row_products(up, x, squares=y, other=gate)
        second = up.row_products(x, squares=y, rows=slice(6, 12))
        with pytest.raises(ValueError, match="a tensor has its own type"):
            gs.row_products(up, x, qtype="F32")
    np.testing.assert_allclose(whole.linear, x @ flat.T, rtol=1e-12)
    np.testing.assert_allclose(whole.squares, (flat * flat_other) @ y, rtol=1e-12)
    np.testing.assert_allclose(second.linear, x @ flat[6:].T, rtol=1e-12)
    np.testing.assert_allclose(second.squares, np.square(flat[6:]) @ y, rtol=1e-12)


def test_blocks_with_their_type(random_blocks: Callable[..., npt.NDArray[np.uint8]]) -> None:
    blocks = random_blocks("Q8_0", 3, 64)
    blocks[:, 1::34] = 0x20  # scales of an ordinary size
    weights = gs.dequantize(blocks, "Q8_0").astype(np.float64)
    found = gs.row_products(blocks, np.ones(64), qtype="Q8_0")
    np.testing.assert_allclose(found.linear, weights.sum(axis=1), atol=1e-12 * np.abs(weights).sum())


def test_a_file_that_shrinks_is_an_error(write_gguf: Callable[..., Path]) -> None:
    path = write_gguf({"a.weight": np.ones((512, 4096), np.float32)})
    with gs.open(path) as model:
        tensor = model.tensors[0]
        with path.open("r+b") as file:
            file.truncate(4096)
        with pytest.raises(gs.GGUFError):
            tensor.row_products(np.ones(4096))
