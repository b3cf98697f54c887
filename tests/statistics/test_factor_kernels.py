"""Factors beside matrices: w = float32(decoded · factor), against the oracles of formats and statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ggufscope import _core
from support import pair_reference, reference_formats
from support.gguf_writer import Gguf, Tensor
from support.observing import assert_close, assert_histogram_fields
from support.reference import EXPECTED, Sample

Floats = npt.NDArray[np.float32]
TYPES = _core.types()
ISAS = _core.available_isas()
ROWS, COLUMNS = 24, 1280
EXPERTS = 3
AS_STORED = ("code_saturation", "code_entropy", "block_scale_min", "block_scale_max", "block_scale_mean")


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
