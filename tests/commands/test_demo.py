"""The demo: a model made, profiled and shown; kept only where asked."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import ggufscope
from ggufscope.commands import app as cli

if TYPE_CHECKING:
    import pytest

MADE = {"analysis-report.json", "charts", "profile.json", "report.html", "report.md", "tiny.gguf"}


def test_the_demo_shows_profile_and_analysis_and_ends_with_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert cli.main(["demo"]) == 0
    out = capsys.readouterr().out
    assert "SYNTHETIC" in out
    assert "6.30 M parameters" in out
    assert "attn_v" in out
    assert "structural risk index (heuristic)" in out
    assert "H3 " in out
    (directory,) = tmp_path.iterdir()
    assert {path.name for path in directory.iterdir()} == MADE
    assert f"report: {directory}/report.html and " in out.splitlines()[-2]


def test_a_demo_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("ggufscope.commands.demo.analyze", fail)
    assert cli.main(["demo"]) == 130
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_the_demo_keeps_all_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "new" / "demo"
    assert cli.main(["demo", "-o", str(directory)]) == 0
    assert {path.name for path in directory.iterdir()} == MADE
    loaded = ggufscope.Profile.load(directory / "profile.json")
    assert loaded.model.synthetic
    assert loaded.coverage == 1.0
    assert loaded.model.n_elements == 6_295_808
    capsys.readouterr()
    assert cli.main(["demo", "-o", str(directory)]) == 0  # its own files may be replaced
