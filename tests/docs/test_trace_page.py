"""docs/trace.md says what is so: its table of experts is the registry's, its Python runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ggufscope as gs
from ggufscope.runtime.measuring.experts import EXPERT_FIGURES
from ggufscope.runtime.trace_document import SCHEMA
from support.documents import document, run_python

if TYPE_CHECKING:
    import pytest

DOCUMENT = document("docs/trace.md")


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def test_figures_of_experts_are_those_of_the_registry() -> None:
    rows = [f"| `{name}` | {cell(definition)} |" for name, definition in EXPERT_FIGURES.items()]
    assert "\n".join(["| figure of experts | definition |", "|---|---|", *rows]) in DOCUMENT


def test_the_schema_is_named() -> None:
    assert SCHEMA in DOCUMENT


def test_python_runs(stories260k: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.gguf").symlink_to(stories260k)
    monkeypatch.chdir(tmp_path)
    names = run_python("docs/trace.md")
    assert names["entropy"].shape == (8, 5, 8)
    assert names["ratio"].shape == (8, 5)
    assert isinstance(gs.Trace.load("trace.json"), gs.Trace)
