"""The report of a diff whose models read a text: charts, tables and sections hold the figures of the run."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("altair", reason="pages need the extra report")

import ggufscope as gs
from ggufscope.report.charts import draw, svg
from ggufscope.report.content.reading import read_report_data
from ggufscope.report.content.results import ReportData
from ggufscope.report.page.document import render_page
from ggufscope.report.renderers import RENDERERS
from ggufscope.report.report import Report
from ggufscope.saving.marks import is_ours
from support.edited_models import float32_copy
from support.report_texts import Read

if TYPE_CHECKING:
    from pathlib import Path

    from ggufscope.diffs.run_record import RunRecord

CHARTS = ["run-drift", "run-attention", "run-matrices", "run-text"]
DISTURBED = "blk.2.ffn_down.weight"
TEXT = "Once upon a time there was a \x1b little girl. She liked to play outside in the sun."


def noisy(model: Path, directory: Path, share: float) -> Path:
    """A copy with noise on one matrix."""

    def disturb(weights: Any) -> None:
        noise = np.random.default_rng(1).standard_normal(weights.shape).astype(np.float32)
        weights += share * weights.std() * noise

    return float32_copy(model, directory / f"noisy-{share}.gguf", [DISTURBED], {DISTURBED: disturb})


@pytest.fixture(scope="module")
def several(stories260k: Path, tmp_path_factory: pytest.TempPathFactory) -> gs.Diff:
    """Two models held against the one that they were made from; all read a text. As it is saved."""
    directory = tmp_path_factory.mktemp("runs")
    text = directory / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    models = [noisy(stories260k, directory, share) for share in (0.1, 0.5)]
    return gs.diff(stories260k, *models, run=gs.RunChoice(text=text), threads=1).as_saved()


@pytest.fixture(scope="module")
def alone(several: gs.Diff) -> gs.Diff:
    return gs.Diff(replace(several.document, models=several.models[:1]))


def runs(diff: gs.Diff) -> list[RunRecord]:
    found = [model.run for model in diff.models]
    assert None not in found
    return [run for run in found if run is not None]


@pytest.mark.parametrize("kind", ["alone", "several"])
def test_charts_hold_the_figures_of_the_run(kind: str, request: pytest.FixtureRequest) -> None:
    diff = request.getfixturevalue(kind)
    drawn = draw(ReportData.of_diff(diff))
    charts = {chart.name: chart for chart in drawn.charts}
    assert [name for name in charts if name.startswith("run-")] == CHARTS
    expected = {
        "run-drift": [(each.layer, each.drift, each.drift_total) for run in runs(diff) for each in run.layers],
        "run-matrices": [(each.name, each.part, each.role) for run in runs(diff) for each in run.matrices],
        "run-text": [(position + 1, kl) for run in runs(diff) for position, kl in enumerate(run.sequences[0].kl[1:])],
    }
    for name, rows in expected.items():
        assert [row[1 : 1 + len(rows[0])] for row in charts[name].table.rows] == rows
    assert DISTURBED in charts["run-matrices"].sentence
    for chart in charts.values():
        assert svg(chart).count("<path") > 2


def test_divergence_by_position_is_what_the_figures_are_of(several: gs.Diff) -> None:
    for run in runs(several):
        (sequence,) = run.sequences
        assert len(sequence.kl) == run.n_tokens
        assert np.mean(sequence.kl[1:]) == pytest.approx(run.output.kl_mean, rel=1e-9)
        assert max(sequence.kl[1:]) == run.output.kl_max == run.worst[0].kl
        assert sequence.kl[0] == run.output.kl_first
        assert sequence.kl[run.worst[0].position] == run.worst[0].kl


def test_tables_hold_all_of_the_run(several: gs.Diff, tmp_path: Path) -> None:
    contents = dict(RENDERERS["csv"].render(Report(ReportData.of_diff(several))))
    tables = {
        name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(content.decode(), newline="")))
        for name, content in contents.items()
    }
    labels = [str(model.subject.file) for model in several.models]
    assert set(tables) == {"models", "errors", "drifts", "output_errors", "output_error_parts", "positions"}
    assert [float(row["kl_99"]) for row in tables["models"]] == [run.output.kl_99 for run in runs(several)]
    for label, run in zip(labels, runs(several), strict=True):
        own = {name: [row for row in rows if row["model"] == label] for name, rows in tables.items()}
        assert [float(row["drift"]) for row in own["drifts"]] == [each.drift for each in run.layers]
        assert [float(row["error"]) for row in own["output_errors"]] == [each.error for each in run.matrices]
        heads = [error for each in run.matrices for error in each.heads]
        assert [float(row["error"]) for row in own["output_error_parts"]] == heads
        assert [float(row["kl"]) for row in own["positions"]] == run.sequences[0].kl
        tops = {int(row["position"]): row["model_top"] for row in own["positions"] if row["model_share"]}
        assert len(tops) == len(run.worst)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert is_ours(tmp_path / name)


def test_pages_have_charts_and_tables(several: gs.Diff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Report, "picture", lambda self, chart: '<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    page = render_page(Report(ReportData.of_diff(several)))
    assert page.count("mean over heads and queries; output error:") == 1  # the definitions stand once for all models
    ids = [attributes["id"] for _, attributes, _ in Read(page).elements if attributes.get("id")]
    assert len(set(ids)) == len(ids)
    assert {*CHARTS, "table-drifts", "table-output_errors", "table-positions"} <= set(ids)
    assert "\x1b" not in page


def test_a_diff_saved_without_positions_has_the_worst(alone: gs.Diff, tmp_path: Path) -> None:
    plain = json.loads(alone.to_json())
    del plain["models"][0]["run"]["sequences"]
    (tmp_path / "diff.json").write_text(json.dumps(plain), encoding="utf-8")
    data = read_report_data(tmp_path / "diff.json")
    assert draw(data).left_out["run-text"] == "the diff was saved without it"
    (positions,) = [table for table in Report(data).tables if table.name == "positions"]
    assert positions.n_rows == len(runs(alone)[0].worst)
