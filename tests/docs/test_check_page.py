"""docs/check.md says what is so: its Python runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from support.documents import run_python

if TYPE_CHECKING:
    import pytest


def test_python_runs(
    write_gguf: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = np.random.default_rng(0).standard_normal((64, 32)).astype(np.float32)
    weights[5, 3] = np.nan
    path = write_gguf({"blk.0.attn_v.weight": weights}, name="model.gguf", architecture="new")
    monkeypatch.chdir(path.parent)
    run_python("docs/check.md")
    first, finding = capsys.readouterr().out.splitlines()
    assert first == "False {'error': 1, 'warning': 0, 'note': 0}"
    assert finding.startswith("error nan 1 NaN in blk.0.attn_v.weight, first at [5, 3] ")
