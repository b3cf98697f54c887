"""Coarser types behind finer ones: pairs of types, nothing where there is none, and the edge of tolerances."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ggufscope as gs
from ggufscope.diffs.lineage.lattices import FIT, LATTICES, MISFIT, UNDECIDED, fits
from ggufscope.diffs.lineage.requantized import coarser_type
from ggufscope.synth.blocks import quantize

ROWS, COLUMNS = 64, 512
COARSE = ("TQ2_0", "Q2_K", "Q3_K", "MXFP4", "Q4_0", "IQ4_NL", "IQ4_XS", "Q4_1", "Q4_K", "Q5_0", "Q5_1", "Q5_K")


def gaussian(seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((ROWS, COLUMNS)) * 0.02).astype(np.float32)


def through(weights: np.ndarray, type_name: str) -> np.ndarray:
    """The weights as a type decodes them."""
    return gs.dequantize(quantize(weights, type_name), type_name).reshape(weights.shape)


def held_in(weights: np.ndarray, type_name: str, path: Path) -> gs.Tensor:
    """A matrix of a file that holds the weights in a type, by gguf's quantizer."""
    writer = gguf.GGUFWriter(path, "llama")
    kind = gguf.GGMLQuantizationType[type_name]
    writer.add_tensor("blk.0.ffn_up.weight", gguf.quants.quantize(weights, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return gs.open(path).tensors["blk.0.ffn_up.weight"]


@pytest.mark.parametrize("coarse", COARSE)
@pytest.mark.parametrize("holder", ["Q8_0", "F16", "BF16", "F32"])
def test_coarser_types_show_in_finer_ones(coarse: str, holder: str, tmp_path: Path) -> None:
    tensor = held_in(through(gaussian(), coarse), holder, tmp_path / "m.gguf")
    coarser = coarser_type(tensor)
    assert coarser is not None
    assert coarse in coarser.types
    assert coarser.fitting == coarser.decided >= ROWS * COLUMNS // 64


@pytest.mark.parametrize(("coarse", "holder"), [("Q4_0", "Q5_0"), ("Q4_0", "Q5_1"), ("Q8_0", "F16"), ("Q6_K", "F32")])
def test_close_types_show_where_their_levels_can_be_told(coarse: str, holder: str, tmp_path: Path) -> None:
    coarser = coarser_type(held_in(through(gaussian(), coarse), holder, tmp_path / "m.gguf"))
    assert coarser is not None
    assert coarse in coarser.types


@pytest.mark.parametrize("holder", ["Q8_0", "Q5_0", "Q5_1", "F16", "BF16", "F32", "Q4_0", "Q4_1"])
@pytest.mark.parametrize("shape", ["gaussian", "heavy tails", "uniform"])
def test_weights_of_no_coarser_type_have_none(holder: str, shape: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    weights = {
        "gaussian": rng.standard_normal((ROWS, COLUMNS)),
        "heavy tails": rng.standard_t(3, (ROWS, COLUMNS)),
        "uniform": rng.uniform(-1, 1, (ROWS, COLUMNS)),
    }[shape]
    assert coarser_type(held_in((weights * 0.02).astype(np.float32), holder, tmp_path / "m.gguf")) is None


def test_a_fine_tune_of_a_coarser_type_is_on_no_levels(tmp_path: Path) -> None:
    moved = through(gaussian(), "Q4_0") + 1e-4 * gaussian(1) / 0.02
    assert coarser_type(held_in(moved.astype(np.float32), "F16", tmp_path / "m.gguf")) is None


@pytest.mark.parametrize("lattice", LATTICES, ids=lambda lattice: "+".join(lattice.types))
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_weights_within_tolerance_of_levels_fit_and_one_outside_does_not(lattice: object, seed: int) -> None:
    rng = np.random.default_rng(seed)
    levels = np.array(lattice.levels, float)  # type: ignore[attr-defined]
    step = rng.uniform(0.5, 2.0) * rng.choice([-1, 1])
    offset = rng.uniform(-50, 50) if lattice.has_offset else 0.0  # type: ignore[attr-defined]
    width = 0.002 * abs(step) * np.diff(levels).min()
    run = np.concatenate([[levels[0], levels[-1]], rng.choice(levels, lattice.run - 2)])  # type: ignore[attr-defined]
    weights = (step * run + offset + rng.uniform(-1, 1, run.size) * width)[np.newaxis]
    widths = np.full_like(weights, width)
    assert fits(weights, widths, lattice).tolist() == [FIT]  # type: ignore[arg-type]
    if levels.size <= 64:
        between = weights.copy()
        between[0, 5] = step * (levels[2] + 0.5 * np.diff(levels).min()) + offset
        assert fits(between, widths, lattice).tolist() == [MISFIT]  # type: ignore[arg-type]


def test_runs_that_cannot_tell_are_undecided() -> None:
    lattice = next(each for each in LATTICES if each.types == ("Q4_0",))
    runs = np.zeros((4, 32))
    runs[1] = 0.5  # one value
    runs[2] = np.linspace(-1, 1, 32)
    runs[3] = np.linspace(-1, 1, 32)
    runs[3, 7] = np.nan
    widths = np.full_like(runs, 0.1)  # as wide as the levels are apart
    assert fits(runs, widths, lattice).tolist() == [UNDECIDED] * 4


def test_other_tensors_are_not_looked_at(tmp_path: Path) -> None:
    narrow = gaussian()[:, :24]
    assert coarser_type(held_in(narrow, "F32", tmp_path / "narrow.gguf")) is None
    assert coarser_type(held_in(gaussian()[0], "F32", tmp_path / "vector.gguf")) is None
