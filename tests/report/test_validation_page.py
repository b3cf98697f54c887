"""A validation on the page, in Markdown, on the terminal and in tables."""

from __future__ import annotations

import csv
import io
import itertools
import re
from dataclasses import replace

import pytest
from rich.console import Console

import ggufscope as gs
from ggufscope.analysis.score_words import in_words, score_words
from ggufscope.commands import app as cli
from ggufscope.report.markdown.document import render_report_markdown
from ggufscope.report.page.document import render_page
from ggufscope.report.report import Report
from ggufscope.report.tables.csv_text import csv_text
from ggufscope.report.tables.registry import tables
from ggufscope.saving.directories import is_ours
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.validation import render_validation
from ggufscope.text.escape import escape
from ggufscope.validation.wording import over_baseline
from support.pages import Page
from support.report_validations import KINDS, alone, analysis, data, validation

pytest.importorskip("altair", reason="pages need the extra report")

_KEPT = {}


def page(kind, *, beside=True):
    """The page of a validation, beside its analysis or alone."""
    if (kind, beside) not in _KEPT:
        _KEPT[kind, beside] = render_page(Report(data(kind) if beside else alone(kind)))
    return _KEPT[kind, beside]


def flat(text):
    return re.sub(r"\s+", " ", Page(text).text)


def test_a_page_without_a_validation_does_not_speak_of_one():
    text = render_page(Report(replace(data("fitted"), validation=None)))
    assert "redicted against measured" not in text
    assert "No validation" not in text
    assert "Only a runtime validation can say" in flat(text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beside", [True, False])
def test_the_section_says_what_came_out(kind, beside):
    text, document = page(kind, beside=beside), validation(kind).document
    shown = flat(text)
    for line in (document.statement, *document.findings, *document.notes, *map(in_words, document.warnings)):
        assert re.sub(r"\s+", " ", escape(line)) in shown
    found = Page(text)
    assert "#validation" in [a.get("href") for a, _ in found.all("a")]
    ids = [attributes["id"] for _, attributes, _ in found.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    levels = [int(tag[1]) for tag, _, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert not {"nan", "NaN", "None", "", "undefined"} & {content for _, content in found.all("td")}
    assert not set(text) & {"\x1b", "\u202e"}
    assert "Still untested" in shown
    assert f"Orders and sizes of {len(document.quantities)} quantities" in shown
    assert not [a for a, _ in found.all("img") if not a["src"].startswith("data:image/svg+xml;base64,")]


def test_a_fit_is_told_whole():
    shown, fit = flat(page("fitted")), validation("fitted").document.fit
    assert f"{fit.n_correct} correct, {fit.n_wrong} wrong, 0 unscored, 0 with an undefined feature" in shown
    assert "Exploratory: fewer than 100 scored prompts." in shown
    assert fit.verdict in shown
    assert f"97.5 % below {fit.null.high:.2f} (999 shuffles)" in shown
    for feature in fit.features:
        assert f"{feature.weight:.3f}" in shown
    for fold in fit.folds:
        assert ", ".join(f"{score_words(name)} {weight:.2f}" for name, weight in fold.weights.items()) in shown
    assert "Not fitted: no answers were generated" in flat(page("without answers"))


def test_orders_and_sizes_are_all_there():
    cells = [content for _, content in Page(page("fitted")).all("td")]
    for quantity in validation("fitted").document.quantities:
        for entry in quantity.predictors:
            if entry.spearman is not None:
                assert f"{entry.spearman.value:+.2f}" in cells
            if entry.strongest is not None:
                assert over_baseline(entry.strongest) in cells


def test_another_analysis_than_the_one_compared_is_told():
    document = analysis().document
    other = gs.Analysis(replace(document, settings=replace(document.settings, norm="rms")))
    report = Report(replace(data("fitted"), analysis=other))
    assert "not quite the analysis of this report: norm mean, here rms." in flat(render_page(report))
    assert "not quite the analysis of this report: norm mean, here rms." in render_report_markdown(report.shown)


def test_a_reason_stands_where_a_validation_cannot_be_shown():
    report = Report(replace(data("fitted"), validation=None, why_no_validation="it is <b>broken</b>"))
    assert "No validation: it is <b>broken</b>." in flat(render_page(report))
    assert "No validation: it is &lt;b&gt;broken&lt;/b&gt;." in render_report_markdown(report.shown)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beside", [True, False])
def test_markdown_has_section_and_charts(kind, beside):
    report = Report(data(kind) if beside else alone(kind))
    text = render_report_markdown(report.shown)
    assert text.count("## Predicted against measured\n") == 1
    section = text[text.index("## Predicted against measured\n") :]
    assert text.startswith("<!-- ggufscope ")
    names = [chart.name for chart in report.drawn.charts if chart.section == "validation"]
    assert re.findall(r"\]\(charts/(validation-.+)\.svg\)", section) == names
    assert "<img" not in text
    assert "</script" not in text
    assert not set(text) & {"\x1b", "\u202e"}


def test_the_table_has_every_point():
    (table,) = (table for table in tables(data("fitted")) if table.name == "validation")
    rows = [(q, p) for q in validation("fitted").document.quantities for p in q.points]
    columns = {column.name: column.values for column in table.columns}
    assert columns["quantity"] == [quantity.name for quantity, _ in rows]
    assert columns["measured"] == [point.measured for _, point in rows]
    assert columns["measured_high"] == [point.high for _, point in rows]
    assert columns["head"] == [point.head for _, point in rows]
    for name in ("heuristic", "propagation", "probe", "norms", "depth"):
        assert columns[f"predicted_{name}"] == [point.predicted.get(name) for _, point in rows]
    assert not [table for table in tables(replace(data("fitted"), validation=None)) if table.name == "validation"]


def test_no_header_of_a_table_is_a_formula():
    header = next(csv.reader(io.StringIO(csv_text(["=cmd()", "x|=cmd()", "x\x1b[2J"], []))))
    assert header[:2] == ["'=cmd()", "x|'=cmd()"]
    assert all(name.isprintable() for name in header)


def test_hostile_texts_do_not_reach_a_terminal():
    out = io.StringIO()
    render_validation(TerminalScreen(Console(file=out, width=200, color_system=None)), validation("hostile").document)
    assert not set(out.getvalue()) & {"\x1b", "\u202e"}
    assert "onerror" in out.getvalue()


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.mark.parametrize("beside", [True, False])
def test_report_writes_and_shows_it(run, tmp_path, beside):
    if beside:
        analysis().save(tmp_path)
    validation("fitted").save(tmp_path)
    code, _, err = run("report", tmp_path, "-o", tmp_path / "out", "--format", "html,md,svg,csv,parquet")
    assert (code, err) == (0, "")
    names = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {"report.html", "report.md", "validation.csv", "validation.parquet", "validation-orders.svg"} <= names
    assert ("risk.svg" in names) == beside
    assert is_ours(tmp_path / "out" / "validation.csv")
    code, shown, err = run("report", tmp_path)
    assert (code, err) == (0, "")
    assert "Spearman's rank correlation" in shown
    assert ("structural risk index" in shown) == beside
    (tmp_path / "validation.json").unlink()
    if beside:
        assert run("report", tmp_path, "-o", tmp_path / "out", "--format", "html,md,svg,csv,parquet")[0] == 0
        assert not [path for path in (tmp_path / "out").rglob("validation*") if path.is_file()]


def test_what_cannot_be_shown_is_told_on_the_terminal(run, tmp_path):
    analysis().save(tmp_path)
    (tmp_path / "validation.json").write_text("{}")
    code, shown, err = run("report", tmp_path)
    assert (code, err) == (0, "")
    assert "no validation: the validation.json beside the analysis cannot be used: " in " ".join(shown.split())


def test_a_foreign_table_is_not_replaced(run, tmp_path):
    validation("fitted").save(tmp_path)
    (tmp_path / "validation.csv").write_text("mine\n")
    code, _, err = run("report", tmp_path, "-o", tmp_path, "--format", "csv")
    assert code == 4
    assert "validation.csv: exists and is not from ggufscope" in err


def test_metadata_of_a_validation_alone_say_what_it_is_of():
    about = Report(alone("fitted")).about["model"]
    model = validation("fitted").document.model
    assert (about["identity"], about["synthetic"]) == (model.identity, model.synthetic)
    assert about["identity"]
