"""The demo: a study of the model that comes along, kept only where asked; docs/example is its report."""

from __future__ import annotations

import hashlib
import re
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ggufscope as gs
from ggufscope.errors import Interrupted

if TYPE_CHECKING:
    from support.command_line import RunCommand

ROOT = Path(__file__).parents[2]
RESULTS = {
    "analysis-report.json",
    "check.json",
    "probe.json",
    "profile.json",
    "report.md",
    "study.json",
    "trace.json",
    "validation.json",
    "validation.md",
}
PAGE = {"charts", "report.html"}


def test_the_model_is_the_one_that_its_origin_names() -> None:
    path = gs.demo_model()
    assert path.stat().st_size == 1_185_376
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest == "270cba1bd5109f42d03350f60406024560464db173c0e387d91f0426d3bd256d"
    assert digest in path.with_suffix(".md").read_text(encoding="utf-8")


def test_its_license_comes_along() -> None:
    text = gs.demo_model().with_suffix(".LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n\nCopyright (c) 2023 Andrej\n")
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["license-files"]
    assert text in [(ROOT / name).read_text(encoding="utf-8") for name in named]


def test_the_demo_shows_weights_and_study_and_its_report_is_the_example_of_the_docs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_command: RunCommand
) -> None:
    pytest.importorskip("altair", reason="charts need the extra report")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code, out, err = run_command("demo")
    assert (code, err) == (0, "")
    assert out.startswith("stories260K: a small trained model")
    assert "SYNTHETIC" not in out
    assert "292 800 parameters" in out
    assert "attn_v" in out
    assert "structural risk index (heuristic)" in out
    assert "20 prompts, 1154 tokens" in out
    (directory,) = tmp_path.iterdir()
    assert {path.name for path in directory.iterdir()} == RESULTS | PAGE
    example = ROOT / "docs" / "example"
    assert {path.stem for path in (example / "charts").iterdir()} == {path.stem for path in directory.glob("charts/*")}
    assert charts_in(example / "report.md") == charts_in(directory / "report.md")
    report, model, _ = out.splitlines()[-3:]
    assert report.startswith(f"report: {directory}/report.html and ")
    assert model.endswith(str(gs.demo_model()))


def charts_in(report: Path) -> list[str]:
    return re.findall(r"\]\(charts/(.+)\.svg\)", report.read_text(encoding="utf-8"))


def test_a_demo_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_command: RunCommand
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Interrupted(message="what is finished is kept")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("ggufscope.commands.demo.study", fail)
    assert run_command("demo") == (130, "", "ggufscope: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("few_charts")
def test_the_demo_keeps_all_it_made(tmp_path: Path, run_command: RunCommand) -> None:
    directory = tmp_path / "new" / "demo"
    assert run_command("demo", "-o", directory)[0] == 0
    assert {path.name for path in directory.iterdir()} == RESULTS
    study = gs.Study.load(directory)
    assert study.profile is not None
    assert (study.profile.coverage, study.profile.model.n_elements) == (1.0, 292_800)
    assert study.trace is not None
    assert len(study.trace.document.prompts) == 20
    code, out, _ = run_command("demo", "-o", directory)  # its own files are kept
    assert code == 0
    assert "trace       kept" in out
