"""Factors of FP8 checkpoints, by rows and by blocks: how they are found, and that all reads weights with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from ml_dtypes import bfloat16, float8_e4m3fn, float8_e5m2

import ggufscope as gs
from ggufscope import _core
from ggufscope.architecture.matrices import Matrix
from ggufscope.arrays.equality import equal
from ggufscope.arrays.factor_grids import Grid, grid_over
from ggufscope.arrays.multiply import multiply_few
from ggufscope.models.model import Model
from support.format_registry import TYPES
from support.gguf_writer import Gguf, Key, Tensor

Floats = npt.NDArray[np.float32]
IDS = {qtype["name"]: qtype["id"] for qtype in TYPES}
DTYPES = {"F8_E4M3": float8_e4m3fn, "F8_E5M2": float8_e5m2, "F32": np.float32, "BF16": bfloat16, "U8": np.uint8}
NAME = "blk.0.ffn_up.weight"


def composed(**tensors: tuple[str, npt.NDArray[np.generic]]) -> Model:
    """A model of tensors by the last part of their name: their type, and their numbers."""
    rows = [
        Tensor(f"blk.0.ffn_up.{name}", array.shape, IDS[type_name], array.astype(DTYPES[type_name]).tobytes())
        for name, (type_name, array) in tensors.items()
    ]
    file = Gguf(keys=[Key("general.architecture", 8, "llama")], tensors=rows).build()
    start = len(file) - sum(-(-len(row.data) // 32) * 32 for row in rows)
    segments = [file[start:], _core.Zeros(0)] if len(file) > start else []
    return Model(_core.Model.composed(file[:start], segments[:1], [], "m"))


def numbers(shape: Sequence[int], seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def spread(factors: Floats, shape: Sequence[int], grid: Grid) -> Floats:
    """The factor of each weight of one matrix."""
    rows = np.repeat(factors, grid.rows, axis=0)[: shape[-2]]
    return np.repeat(rows, grid.columns, axis=1)[:, : shape[-1]]


@pytest.mark.parametrize(
    ("shape", "factors", "grid"),
    [
        ((300, 256), (3, 2), Grid(128, 128)),
        ((300, 256), (300,), Grid(1, 256)),
        ((300, 256), (300, 1), Grid(1, 256)),
        ((300, 256), (1, 2), Grid(300, 128)),
        ((512, 512), (8, 8), Grid(64, 64)),
        ((300, 250), (5, 8), Grid(64, 32)),
        ((300, 96), (3, 3), Grid(128, 32)),
        ((300, 90), (3, 9), Grid(128, 10)),
        ((4, 300, 256), (4, 3, 2), Grid(128, 128)),
        ((4, 300, 256), (4, 300), Grid(1, 256)),
        ((4, 300, 256), (4, 300, 1), Grid(1, 256)),
        ((300, 256), (7, 2), None),
        ((300, 256), (2, 3), None),
        ((300, 256), (3,), None),
        ((4, 300, 256), (3, 3, 2), None),
        ((300, 256), (0, 2), None),
    ],
)
def test_grids_by_shapes(shape: tuple[int, ...], factors: tuple[int, ...], grid: Grid | None) -> None:
    assert grid_over(shape, factors) == grid


@pytest.mark.parametrize("name", ["F8_E4M3", "F8_E5M2"])
@pytest.mark.parametrize(
    ("factors", "type_name"), [((), "F32"), ((1,), "BF16"), ((300,), "F32"), ((300, 1), "BF16"), ((3, 2), "F32")]
)
def test_one_matrix(factors: tuple[int, ...], type_name: str, name: str) -> None:
    """Weights, statistics and products are those of the numbers times the factors, rounded once."""
    shape = (300, 256)
    scale = numbers(factors, 1).astype(DTYPES[type_name])
    model = composed(weight=(name, 30 * numbers(shape)), scale=(type_name, scale))
    tensor = model.tensors[NAME]
    assert tensor.factor is not None
    assert model.tensors["blk.0.ffn_up.scale"].kind == "factor"
    decoded = (30 * numbers(shape)).astype(DTYPES[name]).astype(np.float32)
    grid = grid_over(shape, factors) if factors not in {(), (1,)} else Grid(*shape)
    assert grid is not None
    across = factors[-1] if len(factors) == 2 else 1
    weights = decoded * spread(scale.astype(np.float32).reshape(-1, across), shape, grid)
    assert equal(dict(tensor.statistics()), dict(gs.summarize(weights)))
    assert equal(dict(tensor.statistics(stored=True)), dict(gs.summarize(decoded)))
    assert np.array_equal(tensor.stored_numbers(), decoded)
    if tensor.factor.grid is None:
        assert np.array_equal(tensor.dequantize(), decoded)
        return
    assert np.array_equal(tensor.dequantize(), weights)
    x = numbers((2, 256), 2).astype(np.float64)
    for rows in (slice(None), slice(100, 290)):
        assert np.array_equal(tensor.dequantize(rows), weights[rows])
        assert tensor.row_products(x, squares=x, rows=rows) == gs.row_products(weights[rows], x, squares=x)
        part = Matrix(tensor, rows.indices(300)[0], len(weights[rows]))
        assert np.array_equal(part.decode(0, part.n_rows), weights[rows])
        few = multiply_few(part.blocks(), x.astype(np.float32), 1)
        expected = _core.multiply_few(weights[rows].view(np.uint8).reshape(-1), 0, 256, x.astype(np.float32))
        assert np.array_equal(few, expected)


def test_experts_have_a_grid_each() -> None:
    shape, scale = (3, 200, 256), np.abs(numbers((3, 2, 2), 1)) + 1
    model = composed(weight=("F8_E4M3", numbers(shape)), scale=("F32", scale))
    decoded = numbers(shape).astype(float8_e4m3fn).astype(np.float32)
    weights = np.stack([one * spread(each, shape, Grid(128, 128)) for one, each in zip(decoded, scale, strict=True)])
    tensor = model.tensors[NAME]
    assert np.array_equal(tensor.dequantize(), weights)
    assert np.array_equal(tensor.dequantize(slice(150, 450)), weights.reshape(-1, 256)[150:450])
    x = numbers((256,), 2).astype(np.float64)
    products = tensor.row_products(x, rows=slice(150, 450)).linear
    assert np.array_equal(products, gs.row_products(weights.reshape(-1, 256)[150:450], x).linear)
    assert tensor.statistics().l2_norm == pytest.approx(np.linalg.norm(weights.astype(np.float64)), rel=1e-12)


def test_a_profile_tells_the_ends_of_many_factors() -> None:
    scale = np.array([[1, -2], [0, np.inf], [4, np.nan]], np.float32)
    model = composed(weight=("F8_E4M3", numbers((300, 256))), scale=("F32", scale))
    row = gs.profile(model).tensors[NAME]
    assert row.factor is not None
    assert sorted(row.factor, key=str) == [-2.0, 4.0, None]
    assert gs.profile(model, stored=True).tensors[NAME].factor is None


def test_other_types_and_other_shapes_have_no_grid() -> None:
    """In GGUF files a `.scale` of another size is something else; so are integers beside a matrix."""
    for type_name, scale in (("BF16", ("F32", numbers((3, 2)))), ("F8_E4M3", ("U8", np.ones((3, 2)))),
                             ("F8_E4M3", ("F32", numbers((7, 2))))):  # fmt: skip
        assert composed(weight=(type_name, numbers((300, 256))), scale=scale).tensors[NAME].factor is None


def test_a_difference_is_of_weights_with_their_factors(tmp_path: Path) -> None:
    weight, scale = 30 * numbers((300, 256)), np.abs(numbers((3, 2), 1)) + 0.5
    exact = weight.astype(float8_e4m3fn).astype(np.float32) * spread(scale, weight.shape, Grid(128, 128))
    reference = composed(weight=("F8_E4M3", weight), scale=("F32", scale))
    path = tmp_path / "m.gguf"
    path.write_bytes(Gguf(tensors=[Tensor(NAME, exact.shape, 0, exact.tobytes())]).build())
    with gs.open(path) as model:
        pair = gs.diff(reference, model).models[0].tensors[0]
        assert pair.unchanged == 1.0
        assert gs.diff(reference, model, stored=True).models[0].tensors[0].unchanged < 1
