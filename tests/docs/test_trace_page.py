"""docs/trace.md says what is so: its tables are the registries', its Python runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ggufscope as gs
from ggufscope.runtime.measuring.capture import POINTS
from ggufscope.runtime.measuring.experts import EXPERT_FIGURES
from ggufscope.runtime.measuring.figures import FIGURES, FIRST, band_figure
from ggufscope.runtime.trace_document import SCHEMA
from support.documents import document, run_python

if TYPE_CHECKING:
    import pytest

DOCUMENT = document("docs/trace.md")


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def test_figures_are_those_of_the_registry() -> None:
    rows = [
        f"| `{name}` | {'head' if figure.per_head else 'layer'} | {cell(figure.definition)} |"
        for name, figure in {**FIGURES, band_figure(0).name: band_figure(0)}.items()
        if not name.endswith(FIRST)
    ]
    assert "\n".join(["| figure | per | definition |", "|---|---|---|", *rows]) in DOCUMENT


def test_figures_of_experts_are_those_of_the_registry() -> None:
    rows = [f"| `{name}` | {cell(definition)} |" for name, definition in EXPERT_FIGURES.items()]
    assert "\n".join(["| figure of experts | definition |", "|---|---|", *rows]) in DOCUMENT


def test_points_are_those_of_the_registry() -> None:
    rows = [f"| `{name}` | {cell(text.split(' [')[0])} |" for name, text in POINTS.items()]
    assert "\n".join(["| point | what is captured |", "|---|---|", *rows]) in DOCUMENT


def test_the_schema_is_named() -> None:
    assert SCHEMA in DOCUMENT


def test_python_runs(stories260k: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.gguf").symlink_to(stories260k)
    monkeypatch.chdir(tmp_path)
    names = run_python("docs/trace.md")
    assert names["entropy"].shape == (8, 5, 8)
    assert names["ratio"].shape == (8, 5)
    assert isinstance(gs.Trace.load("trace.json"), gs.Trace)
