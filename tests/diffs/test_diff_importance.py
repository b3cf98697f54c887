"""Weighted errors: against NumPy in float64, by column and by expert, with what is not covered named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from support.importance_files import Entry, entry, write_importance

WriteGguf = Callable[..., Path]
Wide = npt.NDArray[np.float64]

MATRIX, STACK, OTHER = "blk.0.attn_q.weight", "blk.0.ffn_up_exps.weight", "blk.0.ffn_down.weight"
RNG = np.random.default_rng(12)
WEIGHTS = {
    name: RNG.standard_normal(shape).astype(np.float32)
    for name, shape in {MATRIX: (48, 96), STACK: (4, 64, 96), OTHER: (32, 64), "output_norm.weight": (96,)}.items()
}


@pytest.fixture
def pair(write_gguf: WriteGguf) -> tuple[Path, Path]:
    return write_gguf(WEIGHTS, name="a.gguf"), write_gguf({name: w.astype(np.float16) for name, w in WEIGHTS.items()})


def weighted(name: str, means: Wide) -> tuple[float, float]:
    """Sums of squared errors and of squares, of each column times its mean square."""
    base = WEIGHTS[name].astype(np.float64)
    error = WEIGHTS[name].astype(np.float16).astype(np.float64) - base
    weights = means.reshape(*means.shape[:-1], 1, means.shape[-1]) if base.ndim == 3 else means.reshape(-1)
    return float((weights * error**2).sum()), float((weights * base**2).sum())


@pytest.mark.parametrize("suffix", ["gguf", "dat"])
def test_columns_are_weighted(pair: tuple[Path, Path], tmp_path: Path, suffix: str) -> None:
    entries: dict[str, Entry] = {MATRIX: entry(1, 96, 1), STACK: entry(4, 96, 2, empty=[2])}
    path = write_importance(tmp_path / f"i.{suffix}", entries)
    diff = gs.diff(*pair, importance=path, lineage=False)
    tensors = {tensor.name: tensor for tensor in diff.models[0].tensors}
    sums = {name: weighted(name, np.nan_to_num(each.means())) for name, each in entries.items()}
    accuracy = 1e-9 if suffix == "gguf" else 1e-5  # that form holds means in float32
    for name, (error, square) in sums.items():
        assert tensors[name].weighted_error_squares == pytest.approx(error, rel=accuracy)
        assert tensors[name].weighted_nmse == pytest.approx(error / square, rel=accuracy)
    assert tensors[OTHER].weighted_nmse is tensors["output_norm.weight"].weighted_nmse is None
    error, square = np.sum(list(sums.values()), axis=0)
    summary = diff.models[0].summary
    assert summary.weighted_nmse == pytest.approx(error / square, rel=accuracy)
    covered = WEIGHTS[MATRIX].size + WEIGHTS[STACK].size
    assert summary.weighted_coverage == covered / sum(each.size for each in WEIGHTS.values())
    note = diff.document.importance
    assert note is not None
    assert (note.file, note.without, note.datasets[0]) == (f"i.{suffix}", [OTHER], "wiki.txt")
    if suffix == "gguf":
        assert note.experts_without_data == {STACK: [2]}
    assert gs.Diff.from_json(diff.to_json()) == diff


def test_equal_weights_are_the_plain_error(pair: tuple[Path, Path], tmp_path: Path) -> None:
    ones: Any = Entry(np.ones((1, 96), np.float32), np.ones(1, np.float32))
    diff = gs.diff(*pair, importance=write_importance(tmp_path / "i.gguf", {MATRIX: ones}), lineage=False)
    tensor = next(each for each in diff.models[0].tensors if each.name == MATRIX)
    assert tensor.weighted_nmse == pytest.approx(tensor.nmse, rel=1e-12)


def test_an_importance_of_another_model(pair: tuple[Path, Path], tmp_path: Path) -> None:
    narrow = write_importance(tmp_path / "narrow.gguf", {MATRIX: entry(1, 32)})
    with pytest.raises(ValueError, match="the importance matrix is of another model"):
        gs.diff(*pair, importance=narrow, lineage=False)
    foreign = write_importance(tmp_path / "foreign.gguf", {"blk.9.attn_q.weight": entry(1, 96)})
    with pytest.raises(
        gs.DiffError, match=r"foreign.gguf: the importance matrix has no tensor of those that are compared"
    ):
        gs.diff(*pair, importance=foreign, lineage=False)
