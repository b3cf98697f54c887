"""Factors beside matrices: w = float32(decoded · factor), against the oracles of formats and statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ggufscope import _core
from support import pair_reference, reference_formats
from support.format_registry import GGML_TYPES, WEIGHT_TYPES
from support.gguf_writer import Gguf, Tensor
from support.observing import assert_close, assert_histogram_fields
from support.reference import EXPECTED, Sample

Floats = npt.NDArray[np.float32]
TYPES = GGML_TYPES
ISAS = _core.available_isas()
ROWS, COLUMNS = 24, 1280
EXPERTS = 3
AS_STORED = ("code_saturation", "code_entropy", "block_scale_min", "block_scale_max")


def model_of(path: Path, qtype: _core.TypeDescription, blocks: npt.NDArray[np.uint8], *shape: int) -> _core.Model:
    """A file of one tensor."""
    path.write_bytes(Gguf(tensors=[Tensor("blk.0.ffn_up.weight", shape, qtype["id"], blocks.tobytes())]).build())
    return _core.Model(path)


def finite_blocks(qtype: _core.TypeDescription, rows: int = ROWS) -> tuple[npt.NDArray[np.uint8], Floats]:
    blocks = reference_formats.finite_rows(qtype, rows, COLUMNS)
    flat = blocks.reshape(-1, qtype["bytes_per_block"])
    with np.errstate(over="ignore"):
        return blocks, reference_formats.dequantize(flat, qtype["name"]).astype(np.float32).reshape(rows, COLUMNS)


def times(weights: Floats, factor: float) -> Floats:
    with np.errstate(over="ignore"):
        return np.multiply(weights, np.float32(factor), dtype=np.float32)


def assert_are_of(weights: Floats, found: dict[str, Any]) -> None:
    sample = Sample(weights)
    for name, expected in EXPECTED.items():
        assert_close(name, found[name], expected(sample), sample)
    assert_histogram_fields(sample, found)


@pytest.mark.parametrize("factor", [np.float32(1e-3), -2.5])
@pytest.mark.parametrize("qtype", TYPES, ids=lambda qtype: qtype["name"])
def test_every_statistic_of_every_type(qtype: _core.TypeDescription, factor: float, tmp_path: Path) -> None:
    """Those of the weights; codes and block scales stay those of the blocks. Any instruction set, any threads."""
    blocks, decoded = finite_blocks(qtype)
    model = model_of(tmp_path / "m.gguf", qtype, blocks, ROWS, COLUMNS)
    factors = {0: [float(factor)]}
    (part,) = _core.observe_model(model, [0], [0], 1, factors=factors)
    found = part.statistics.fields()
    assert_are_of(times(decoded, factor), found)
    (as_stored,) = _core.observe_model(model, [0], [0], 1)
    stored = as_stored.statistics.fields()
    assert [found.get(name) for name in AS_STORED] == [stored.get(name) for name in AS_STORED]
    # Scales of MXFP4 are summed in another order, and no float64 holds all of 2^-128 to 2^127.
    means = [fields.get("block_scale_mean", 0.0) for fields in (found, stored)]
    assert means[0] == pytest.approx(means[1], rel=1e-14 if qtype["name"] == "MXFP4" else 0, abs=0)
    for isa in ISAS:
        (again,) = _core.observe_model(model, [0], [0], 2, factors=factors, isa=isa)
        assert again == part


@pytest.mark.parametrize("name", ["NVFP4", "Q4_K", "Q8_0", "TQ2_0", "F16"])
def test_experts_have_a_factor_each(name: str, isa: str, tmp_path: Path) -> None:
    """A part each where they are large enough, or rows of one matrix where they are tiny."""
    (qtype,) = (qtype for qtype in TYPES if qtype["name"] == name)
    factors = [1e-3, 1.0, -3e4]
    for rows, n_parts in ((ROWS, EXPERTS), (2, 1)):
        blocks, decoded = finite_blocks(qtype, EXPERTS * rows)
        model = model_of(tmp_path / f"{rows}.gguf", qtype, blocks, EXPERTS, rows, COLUMNS)
        weights = np.concatenate([times(part, f) for part, f in zip(np.split(decoded, EXPERTS), factors, strict=True)])
        parts = _core.observe_model(model, [0], [0], 2, factors={0: factors}, isa=isa)
        assert len(parts) == n_parts
        for part, of_part in zip(parts, np.split(weights, n_parts), strict=True):
            fields = part.statistics.fields()
            fields["abs_max_index"] -= part.index * of_part.size
            assert_are_of(of_part, fields)


@pytest.mark.parametrize("fast", [False, True])
def test_a_factor_of_one_changes_no_bit(fast: bool, tmp_path: Path) -> None:
    """Fused types keep their sums of integers, whose last bits are their own."""
    for qtype in TYPES:
        blocks, _ = finite_blocks(qtype)
        model = model_of(tmp_path / f"{qtype['name']}.gguf", qtype, blocks, ROWS, COLUMNS)
        plain, same = (_core.observe_model(model, [0], [8], 1, fast, factors=f)[0] for f in ({}, {0: [1.0]}))
        assert plain == same


@pytest.mark.parametrize(
    ("factor", "of_weights"),
    [
        (float("nan"), {"nan_count": ROWS * COLUMNS, "rms": None}),
        (0.0, {"zero_fraction": 1.0, "rms": 0.0, "abs_max": 0.0}),
        (-0.0, {"zero_fraction": 1.0, "min": 0.0}),
        (float("inf"), {"inf_count": ROWS * COLUMNS - 2, "nan_count": 2, "rms": None}),
        (1e-45, {"zero_fraction": 1.0}),
    ],
)
def test_factors_that_leave_nothing(factor: float, of_weights: dict[str, Any], isa: str, tmp_path: Path) -> None:
    weights = np.full((ROWS, COLUMNS), 0.25, np.float32)
    weights[3, :2] = 0
    model = model_of(tmp_path / "m.gguf", TYPES[0], weights.view(np.uint8), ROWS, COLUMNS)
    (part,) = _core.observe_model(model, [0], [0], 1, factors={0: [factor]}, isa=isa)
    fields = part.statistics.fields()
    assert {name: fields[name] for name in of_weights} == of_weights


def test_a_double_beyond_float32_times_zero(tmp_path: Path) -> None:
    """It is Inf when it is multiplied, and NaN then."""
    (qtype,) = (qtype for qtype in TYPES if qtype["name"] == "F64")
    model = model_of(tmp_path / "m.gguf", qtype, np.full((2, 8), 1e300).view(np.uint8), 2, 8)
    (part,) = _core.observe_model(model, [0], [0], 1, factors={0: [0.0]})
    fields = part.statistics.fields()
    assert (fields["nan_count"], fields["inf_count"], "beyond_float32_count" in fields) == (16, 0, False)


def spread(grid: Floats, rows: int, columns: int, of_rows: int, of_columns: int) -> Floats:
    """The factor of every element."""
    return np.repeat(np.repeat(grid, of_rows, axis=0)[:rows], of_columns, axis=1)[:, :columns]


@pytest.mark.parametrize(
    ("of_rows", "of_columns"),
    [(128, 128), (5, 100), (1, COLUMNS), (1, 10**6), (7, 1), (10**6, 33), (10**6, 10**6), (2, 2**63)],
)
@pytest.mark.parametrize("name", ["Q4_K", "BF16", "F64"])
def test_factors_in_a_grid(name: str, of_rows: int, of_columns: int, isa: str, tmp_path: Path) -> None:
    """The last row and column of the grid may be of fewer; heads, and any threads."""
    (qtype,) = (qtype for qtype in TYPES if qtype["name"] == name)
    blocks, decoded = finite_blocks(qtype)
    shape = -(-ROWS // of_rows), -(-COLUMNS // of_columns)
    grid = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    grid[0, 0] = 0 if grid.size > 1 else 0.75
    weights = decoded * np.repeat(np.repeat(grid, min(of_rows, ROWS), 0), min(of_columns, COLUMNS), 1)[:ROWS, :COLUMNS]
    model = model_of(tmp_path / "m.gguf", qtype, blocks, ROWS, COLUMNS)
    factors = {0: (of_rows, of_columns, grid.ravel().tolist())}
    (part,) = _core.observe_model(model, [0], [8], 1, factors=factors, isa=isa)
    assert_are_of(weights, part.statistics.fields())
    assert [head.n_elements for head in part.heads] == [8 * COLUMNS] * 3
    assert part.heads[1].fields()["abs_max"] == np.abs(weights[8:16]).max()
    assert _core.observe_model(model, [0], [8], 3, factors=factors) == [part]
    reference = model_of(tmp_path / "r.gguf", TYPES[0], weights.view(np.uint8), ROWS, COLUMNS)
    (pair,) = _core.observe_pairs(reference, model, [(0, 0)], 2, isa=isa, model_factors=factors)
    assert pair.statistics.fields()["unchanged"] == 1.0
    (same,) = _core.observe_pairs(model, model, [(0, 0)], 2, isa=isa, reference_factors=factors, model_factors=factors)
    assert same.identical
    other = {0: (of_rows, of_columns, (2 * grid).ravel().tolist())}
    (pair,) = _core.observe_pairs(model, model, [(0, 0)], 2, isa=isa, reference_factors=factors, model_factors=other)
    assert not pair.identical


@pytest.mark.parametrize("rows", [20, 2])
def test_experts_have_a_grid_each(rows: int, isa: str, tmp_path: Path) -> None:
    """Of experts that are too small for parts of their own, too: the ends of a grid are those of its expert."""
    (qtype,) = (qtype for qtype in TYPES if qtype["name"] == "F16")
    blocks, decoded = finite_blocks(qtype, EXPERTS * rows)
    n_parts = EXPERTS if rows == 20 else 1
    grids = np.random.default_rng(3).normal(size=(EXPERTS, -(-rows // 3), -(-COLUMNS // 100))).astype(np.float32)
    weights = decoded * np.concatenate([spread(grid, rows, COLUMNS, 3, 100) for grid in grids])
    model = model_of(tmp_path / "m.gguf", qtype, blocks, EXPERTS, rows, COLUMNS)
    parts = _core.observe_model(model, [0], [0], 2, factors={0: (3, 100, grids.ravel().tolist())}, isa=isa)
    assert len(parts) == n_parts
    for part, of_part in zip(parts, np.split(weights, n_parts), strict=True):
        fields = part.statistics.fields()
        fields["abs_max_index"] -= part.index * of_part.size
        assert_are_of(of_part, fields)


@pytest.mark.parametrize("name", [qtype["name"] for qtype in WEIGHT_TYPES if qtype["elements_per_block"] == 1])
def test_products_are_of_weights_with_their_factors(name: str, isa: str) -> None:
    (qtype,) = (qtype for qtype in WEIGHT_TYPES if qtype["name"] == name)
    blocks, decoded = finite_blocks(qtype)
    chance = np.random.default_rng(5)
    grid = chance.normal(size=(3, 13)).astype(np.float32)
    factors = (9, 100, grid.ravel().tolist())
    weights = np.ascontiguousarray(decoded * spread(grid, ROWS, COLUMNS, 9, 100))
    vectors = chance.normal(size=(2, COLUMNS))
    stored, plain = blocks.reshape(-1), weights.view(np.uint8).reshape(-1)
    products = _core.row_products(
        stored, qtype["id"], COLUMNS, vectors, vectors, isa=isa, threads=2, left_factors=factors
    )
    expected = _core.row_products(plain, 0, COLUMNS, vectors, vectors, isa=isa)
    assert all(map(np.array_equal, products, expected))
    products = _core.row_products(
        plain, 0, COLUMNS, vectors, vectors, stored, qtype["id"], isa=isa, right_factors=factors
    )
    assert all(map(np.array_equal, products, expected))
    few = vectors.astype(np.float32)
    assert np.array_equal(
        _core.multiply_few(stored, qtype["id"], COLUMNS, few, 2, isa=isa, factors=factors),
        _core.multiply_few(plain, 0, COLUMNS, few, isa=isa),
    )


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ((0, 4, [1.0]), "one row and one column at least"),
        ((4, 0, [1.0]), "one row and one column at least"),
        ((4, 4, []), "a grid of 0 factors is not of 1 matrices with 2 each"),
        ((4, 3, [1.0, 2.0]), "a grid of 2 factors is not of 1 matrices with 4 each"),
        ((2**63, 2**63, [1.0, 2.0]), "a grid of 2 factors is not of 1 matrices with 1 each"),
    ],
)
def test_a_grid_must_fit(factors: tuple[int, int, list[float]], message: str, tmp_path: Path) -> None:
    weights = np.ones((7, 4), np.float32).view(np.uint8)
    model = model_of(tmp_path / "m.gguf", TYPES[0], weights, 7, 4)
    with pytest.raises(ValueError, match=message):
        _core.observe_model(model, [0], [0], 1, factors={0: factors})
    with pytest.raises(ValueError, match=message):
        _core.multiply_few(weights.reshape(-1), 0, 4, np.ones((1, 4), np.float32), factors=factors)


def test_factors_must_divide_the_rows(tmp_path: Path) -> None:
    model = model_of(tmp_path / "m.gguf", TYPES[0], np.ones((7, 4), np.float32).view(np.uint8), 7, 4)
    for factors in ([1.0, 2.0], []):
        with pytest.raises(ValueError, match="factors do not divide the rows"):
            _core.observe_model(model, [0], [0], 1, factors={0: factors})


def test_pairs_are_of_weights_with_their_factors(isa: str, tmp_path: Path) -> None:
    """Files that share sizes between blocks and factor in two ways are the same model."""
    (qtype,) = (qtype for qtype in TYPES if qtype["name"] == "NVFP4")
    blocks, decoded = finite_blocks(qtype, EXPERTS * ROWS)
    factors = [0.5, 2.0, 0.125]
    weights = np.concatenate([times(part, f) for part, f in zip(np.split(decoded, EXPERTS), factors, strict=True)])
    model = model_of(tmp_path / "m.gguf", qtype, blocks, EXPERTS, ROWS, COLUMNS)
    twice = model_of(tmp_path / "r.gguf", TYPES[0], (2 * weights).view(np.uint8), EXPERTS, ROWS, COLUMNS)
    parts = _core.observe_pairs(
        twice, model, [(0, 0)], 2, isa=isa, reference_factors={0: [0.5]}, model_factors={0: factors}
    )
    assert [part.statistics.fields()["unchanged"] for part in parts] == [1.0] * EXPERTS
    parts = _core.observe_pairs(twice, model, [(0, 0)], 2, isa=isa, model_factors={0: factors})
    for part, of_part in zip(parts, np.split(weights, EXPERTS), strict=True):
        fields = part.statistics.fields()
        fields["max_abs_error_index"] -= part.index * of_part.size
        pair_reference.assert_matches_reference(2 * of_part, of_part, fields)
