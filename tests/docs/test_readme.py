"""The README says what is so: its Python runs, its files exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from support.documents import ROOT, document, run_python

README = document("README.md")


def test_it_is_read_in_two_minutes() -> None:
    assert len(README.splitlines()) < 200


def test_python_runs(
    write_gguf: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = np.random.default_rng(0).standard_normal((64, 32)).astype(np.float32)
    path = write_gguf({"blk.0.attn_v.weight": weights}, name="model.gguf")
    monkeypatch.chdir(path.parent)
    run_python("README.md")
    kurtosis, norm, rms = capsys.readouterr().out.splitlines()
    assert float(kurtosis) == pytest.approx(scipy.stats.kurtosis(weights.astype(np.float64), axis=None), abs=1e-6)
    assert float(norm) == pytest.approx(np.linalg.norm(weights.astype(np.float64)), rel=1e-9)
    expected = np.sqrt(np.mean(weights.astype(np.float64) ** 2))
    assert [float(x) for x in re.findall(r"[\d.]+", rms)] == pytest.approx([expected, expected], rel=1e-9)
    assert (path.parent / "profile.json").is_file()


DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target
