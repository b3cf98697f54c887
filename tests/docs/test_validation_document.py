"""docs/validation.md says what is so: its table is the registry's, its numbers are the code's, its Python runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ggufscope.validation.fit import ENOUGH, power
from ggufscope.validation.quantities import BASELINES, COMPARISONS
from ggufscope.validation.resampling import FEWEST_PROMPTS, RESAMPLES
from ggufscope.validation.sizes import FEWEST_FOR_VERDICT
from ggufscope.validation.validation_document import SCHEMA
from ggufscope.validation.validation_result import FILES
from ggufscope.validation.weights import PENALTY, PERMUTATIONS
from support.documents import document, run_python

if TYPE_CHECKING:
    import pytest

    from ggufscope.validation.quantities import Comparison

DOCUMENT = document("docs/validation.md")


def row(comparison: Comparison) -> str:
    predictions = [
        f"{source.name}: `{source.score}`{' (size)' if source.sized else ''}"
        for source in comparison.sources
        if source.name not in BASELINES
    ]
    baselines = [
        "depth" if source.name == "depth" else f"{source.name}: `{source.score}`"
        for source in comparison.sources
        if source.name in BASELINES
    ]
    figure = f"`{comparison.figure}`" if comparison.figure else "the index"
    cells = (
        f"`{comparison.name}`",
        comparison.per,
        figure,
        comparison.combined,
        ", ".join(predictions),
        ", ".join(baselines),
    )
    return f"| {' | '.join(cells)} |"


def test_quantities_are_those_of_the_registry() -> None:
    head = "| quantity | per | figure of the trace | over the prompts | predicted by | baselines |"
    assert "\n".join([head, "|---|---|---|---|---|---|", *map(row, COMPARISONS)]) in DOCUMENT


def test_numbers_are_those_of_the_code() -> None:
    assert f"{RESAMPLES} resamples" in DOCUMENT
    assert f"{PERMUTATIONS} shufflings" in DOCUMENT
    assert f"fewer than {ENOUGH} scored prompts" in DOCUMENT
    assert f"penalty {PENALTY:g} per prompt" in DOCUMENT
    assert (FEWEST_PROMPTS, FEWEST_FOR_VERDICT) == (5, 8)
    assert "five prompts" in DOCUMENT
    assert "fewer than eight points" in DOCUMENT
    assert (found := power(10, 10)) is not None
    assert f"about {found:.1f} for" in DOCUMENT
    assert SCHEMA in DOCUMENT
    assert all(f"`{name}`" in DOCUMENT for name in FILES)


def test_charts_are_named() -> None:
    from ggufscope.report.charts.registry import makers  # noqa: PLC0415  needs an extra

    report = document("docs/report.md")
    for name in makers():
        if name.startswith("validation-") and name != "validation-fit":
            stem = name.removeprefix("validation")
            assert f"`{name}`" in DOCUMENT or f"`{stem}`" in DOCUMENT
            assert f"`{name}`" in report or f"`…{stem}`" in report


def test_python_runs(stories260k: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.gguf").symlink_to(stories260k)
    monkeypatch.chdir(tmp_path)
    names = run_python("docs/validation.md")
    assert names["rho"].keys() == {"propagation", "probe", "norms"}
    assert all(value > 0.8 for value in names["rho"].values())
    assert names["verdicts"]["norms"] is None
    assert (tmp_path / "results" / "validation.json").is_file()
