"""The report of a diff: page and Markdown say the same, charts and tables hold its numbers, names are text."""

from __future__ import annotations

import csv
import io
import json

import pytest

pytest.importorskip("altair", reason="pages need the extra report")

import ggufscope as gs
from ggufscope.report.charts import draw, svg
from ggufscope.report.content.blocks import Figures, TextTable
from ggufscope.report.content.results import ReportData
from ggufscope.report.content.sections import DIFF_PARTS, parts_of
from ggufscope.report.markdown.document import render_report_markdown
from ggufscope.report.page.document import render_page
from ggufscope.report.renderers import RENDERERS
from ggufscope.report.report import Report
from ggufscope.saving.marks import is_ours
from ggufscope.text.escape import escape
from support.browser import Visit, browser
from support.diffed_models import DAMAGED, HOSTILE_TENSOR, KINDS, decoded, floats, made, nmse
from support.report_texts import Read, cells, flat, read_markdown, shown, texts

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
CHARTS = {
    "quantized": ["error-map", "error-tensors"],
    "several": ["error-size", "error-map", "error-tensors"],
    "damaged": ["error-map", "error-tensors"],
    "same": [],
    "unlike": [],
    "hostile": ["error-map", "error-tensors"],
    "no layers": ["error-tensors"],
}


@pytest.fixture
def _quick_pictures(monkeypatch):
    monkeypatch.setattr(Report, "picture", lambda self, chart: PICTURE)


def report_of(kind):
    return Report(ReportData.of_diff(made(kind)))


@pytest.mark.usefixtures("_quick_pictures")
@pytest.mark.parametrize("kind", KINDS)
def test_page_and_markdown_say_the_same(kind):
    report = report_of(kind)
    blocks = [block for part in DIFF_PARTS for block in part.blocks(report.shown)]
    assert parts_of(report.shown) is DIFF_PARTS
    for read in (Read(render_page(report)), read_markdown(render_report_markdown(report.shown))):
        text, rows = flat(read.text), read.rows
        for block in blocks:
            for words in texts(block):
                assert shown(words) in text
            if isinstance(block, TextTable):
                assert cells(block) in rows
            if isinstance(block, Figures):
                assert {flat(chart.alt) for chart in block.charts} <= set(read.descriptions)
        assert not [attrs for tag, attrs, _ in read.elements if tag == "img" and attrs.get("src") == "x"]
        assert not set(read.text) & {"\x1b", "\u202e"}


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_parts_and_tables_are_unique(kind):
    report = report_of(kind)
    tables = [block.name for part in DIFF_PARTS for block in part.blocks(report.shown) if isinstance(block, TextTable)]
    assert len(set(tables)) == len(tables)


@pytest.mark.parametrize("kind", KINDS)
def test_charts_are_drawn_or_left_out_with_a_reason(kind):
    drawn = draw(ReportData.of_diff(made(kind)))
    assert [chart.name for chart in drawn.charts] == CHARTS[kind]
    assert set(drawn.left_out) == {"error-map", "error-tensors"} - set(CHARTS[kind])
    for chart in drawn.charts:
        assert svg(chart).count("<path") > 2


def test_names_of_stacks_are_short_in_pictures():
    """A picture with a label of 60 000 characters takes a minute to draw."""
    plain = json.loads(made("quantized").to_json())
    stacked = [tensor for tensor in plain["models"][0]["tensors"] if tensor["layer"] is not None][:3]
    for tensor, stack in zip(stacked, ("x" * 60_000, "x" * 60_001, "\x1b[2J"), strict=True):
        tensor["stack"] = stack
    (chart,) = (each for each in draw(ReportData.of_diff(gs.Diff.from_json(json.dumps(plain)))).charts
                if each.name == "error-map")  # fmt: skip
    pictured = json.dumps(chart.specification, ensure_ascii=False)
    assert "x" * 100 not in pictured
    assert "\\u001b" not in pictured
    assert pictured.count("x…") >= 2


def test_a_report_of_a_model_has_no_chart_of_a_diff(tmp_path, stories260k):
    drawn = draw(ReportData.of(gs.profile(stories260k, fast=True)))
    assert not [name for name in (*drawn.left_out, *(chart.name for chart in drawn.charts)) if name.startswith("error")]


def test_charts_hold_the_numbers_of_numpy():
    charts = {chart.name: chart for chart in draw(ReportData.of_diff(made("quantized"))).charts}
    expected = {name: nmse(weights, decoded("Q4_0")[name]) for name, weights in floats().items()}
    of_tensors = {row[1]: row[4] for row in charts["error-tensors"].table.rows}
    assert of_tensors == pytest.approx(expected, rel=1e-9)
    cells_of_map = {(row[1], row[2]): row[3] for row in charts["error-map"].table.rows}
    assert cells_of_map["1", "attn_q"] == pytest.approx(expected["blk.1.attn_q.weight"], rel=1e-9)
    several = draw(ReportData.of_diff(made("several"))).charts[0]
    assert [row[0] for row in several.table.rows] == ["model-Q8_0.gguf", "model-Q4_0.gguf", "again.gguf"]
    assert [row[3] for row in several.table.rows] == [model.summary.nmse for model in made("several").models]


def test_tables_have_every_figure_and_no_formula():
    report = report_of("hostile")
    files = {name: content.decode() for name, content in RENDERERS["csv"].render(report)}
    assert set(files) == {"models.csv", "errors.csv"}
    rows = list(csv.DictReader(io.StringIO(files["errors.csv"], newline="")))
    (model,) = made("hostile").models
    assert [row["name"] for row in rows][-3:] == [escape(HOSTILE_TENSOR), "'=1+1", "a\\nb[bold]"]
    for row, tensor in zip(rows, model.tensors, strict=True):
        assert float(row["error_squares"]) == tensor.error_squares
        assert (float(row["nmse"]) if row["nmse"] else None) == tensor.nmse
    (totals,) = csv.DictReader(io.StringIO(files["models.csv"], newline=""))
    assert float(totals["cosine"]) == model.summary.cosine


def test_tables_are_ours(tmp_path):
    for name, content in RENDERERS["csv"].render(report_of("several")):
        (tmp_path / name).write_bytes(content)
        assert is_ours(tmp_path / name)


def test_parquet_has_the_columns_of_csv():
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet")
    report = report_of("several")
    for name, content in RENDERERS["parquet"].render(report):
        table = parquet.read_table(io.BytesIO(content))
        (csv_table,) = [each for each in report.tables if f"{each.name}.parquet" == name]
        assert table.column_names == csv_table.names
        assert table.num_rows == csv_table.n_rows


def test_damage_stands_in_the_summary_and_in_the_table_of_parts():
    text = read_markdown(made("damaged").to_markdown())
    assert f"{DAMAGED}: row 17 holds 100 % of its error" in flat(text.text)
    (table,) = [rows for rows in text.rows if rows[0][:3] == ["model", "tensor", "part"]]
    assert ["damaged.gguf", DAMAGED, "row 17", "100"] in [row[:4] for row in table]


def test_notebooks_show_a_table():
    read = Read(made("several")._repr_html_())
    assert [row[0] for row in read.rows[0]] == ["model", "model-Q8_0.gguf", "model-Q4_0.gguf", "again.gguf"]
    hostile = made("hostile")._repr_html_()
    assert "<img" not in hostile
    assert "\x1b" not in hostile


def test_a_saved_diff_gives_the_same_report(tmp_path):
    made("several").save(tmp_path / "d.json")
    assert json.loads((tmp_path / "d.json").read_text())["schema"] == "ggufscope.diff/1"
    again = gs.Diff.load(tmp_path / "d.json")
    assert again.to_markdown() == made("several").as_saved().to_markdown()


@pytest.fixture(scope="module")
def opened():
    with browser() as found:
        yield found


@pytest.mark.parametrize("kind", ["several", "hostile", "same"])
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_open_without_a_complaint_and_do_not_scroll_sideways(opened, tmp_path, kind, width):
    path = tmp_path / "report.html"
    path.write_text(render_page(report_of(kind)), encoding="utf-8")
    with Visit(opened, path, width=width) as visit:
        for details in visit.page.locator("details").all():
            details.evaluate("element => { element.open = true; }")
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visit.page.locator(".chart svg").count() == len(CHARTS[kind])
        assert visit.complaints == []
        assert visit.outside() == []
