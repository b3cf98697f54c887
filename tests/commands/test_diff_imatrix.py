"""`ggufscope diff --imatrix`: weighted figures, what they are not known of, another model's refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from support.importance_files import entry, write_importance

if TYPE_CHECKING:
    from support.command_line import RunCommand

STACK, OTHER = "blk.0.ffn_up_exps.weight", "blk.0.attn_q.weight"
SHAPE = (3, 64, 256)


@pytest.fixture
def pair(write_gguf: Any) -> tuple[Path, Path]:
    chance = np.random.default_rng(1)
    exact = {STACK: chance.standard_normal(SHAPE, np.float32), OTHER: chance.standard_normal((4, 256), np.float32)}
    rough = {name: each.astype(np.float16) for name, each in exact.items()}
    return write_gguf(exact, name="a.gguf"), write_gguf(rough, name="b.gguf")


@pytest.mark.parametrize("name", ["i.gguf", "i.dat"])
def test_errors_are_weighted(name: str, pair: tuple[Path, Path], tmp_path: Path, run_command: RunCommand) -> None:
    sums = entry(3, 256, 5, empty=[1])
    path = write_importance(tmp_path / name, {STACK: sums})
    code, text, error = run_command("diff", *pair, "--imatrix", path)
    assert (code, error) == (0, "")
    assert "weighted NMSE" in " ".join(text.split())
    assert f"weighted by {name} · 12 chunks" in text
    assert f"without importance: {OTHER}" in text
    document = json.loads(run_command("diff", *pair, "--imatrix", path, "--json")[1])
    figures = next(each for each in document["models"][0]["tensors"] if each["name"] == STACK)
    chance = np.random.default_rng(1)
    a = chance.standard_normal(SHAPE, np.float32)
    b = a.astype(np.float16).astype(np.float64)
    weights = np.nan_to_num(sums.means(), nan=0.0)[:, None, :]
    expected = (weights * (b - a) ** 2).sum() / (weights * a.astype(np.float64) ** 2).sum()
    # The older form holds the means as float32.
    assert figures["weighted_nmse"] == pytest.approx(expected, rel=1e-9 if name == "i.gguf" else 1e-6)


def test_that_of_another_model_is_refused(pair: tuple[Path, Path], tmp_path: Path, run_command: RunCommand) -> None:
    for number, sums in enumerate(({OTHER: entry(1, 32)}, {"blk.9.attn_q.weight": entry(1, 64)})):
        path = write_importance(tmp_path / f"{number}.gguf", sums)
        out = tmp_path / "diff.json"
        code, text, error = run_command("diff", *pair, "--imatrix", path, "-o", out)
        assert (code, text, error.count("\n"), out.exists()) == (3, "", 1, False)
        assert path.name in error
