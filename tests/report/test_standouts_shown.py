"""What stands out in a report: its sentences, tables and charts, from records alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("altair", reason="pages need the extra report")

from ggufscope.analysis.analysis_result import Analysis
from ggufscope.report.charts import draw
from ggufscope.report.content.blocks import Figures, TextTable
from ggufscope.report.content.chart import STANDOUTS
from ggufscope.report.content.results import ReportData
from ggufscope.report.content.sections import PARTS
from ggufscope.report.markdown.document import render_report_markdown
from ggufscope.report.page.document import render_page
from ggufscope.report.report import Report
from ggufscope.report.writing import write_report
from ggufscope.runtime.standout_document import LayerSeries, Standout, StandoutKind
from ggufscope.saving.directories import is_ours
from support.report_models import HOSTILE, results
from support.report_texts import Read, cells, flat, read_markdown, shown, texts

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


def item(sentence, layer=0, **place):
    return Standout("sink", layer, None, place, 0.98, 3.5, {"share": 0.5}, sentence)


def kind(name, *items, **facts):
    return StandoutKind(
        name, name.replace("_", " ").capitalize(), f"Definition of {name}.", list(items), len(items), **facts
    )


LOUD = kind(
    "massive_activation",
    item("Channel 507 reaches 24 220.", layer=11, channel=507),
    seen_on="4 openings",
    series={"peak": LayerSeries("largest |x|, times the median", [1.0, None, 10.0, 10_000.0], logarithmic=True)},
)
SINKS = kind(
    "sink",
    item("Head 1 looks away.", token=0),
    item("Head 2 looks away.", token=0),
    summary="Two heads look away.",
    series={"share": LayerSeries("attention on the first token", [[0.1, 0.2], [None, 0.9]])},
)
NONE = kind("dead_neuron", series={"quietest": LayerSeries("quietest", [0.1, 0.2])})
UNKNOWN = kind("induction_head", not_applicable="the model was not run")


@pytest.fixture
def with_kinds(write_gguf, monkeypatch):
    """Kinds → a report of the usual model that has found them."""
    monkeypatch.setattr(Report, "picture", lambda self, chart: PICTURE)

    def report(*kinds):
        data = results("usual", write_gguf)
        document = replace(data.analysis.document, standouts=list(kinds) if kinds else None)
        return Report(ReportData(data.profile, Analysis(document, data.profile)))

    return report


def test_a_sentence_for_every_kind_and_a_line_for_those_without(with_kinds):
    text = flat(render_report_markdown(with_kinds(LOUD, SINKS, NONE, UNKNOWN).shown))
    summary, _, details = text.partition("What stands out, kind by kind")
    assert summary.index("Is the file sound?") < summary.index("What stands out")
    assert summary.index("Channel 507 reaches 24 220") < summary.index("Two heads look away")
    assert "None of 1 other kind: dead neuron" in summary
    assert "Seen on 4 openings" in details
    assert "Head 2 looks away" in details
    assert "Not looked for: induction head (the model was not run)" in details


def test_nothing_found_is_a_line(with_kinds):
    text = flat(render_report_markdown(with_kinds(NONE, kind("dead_head")).shown))
    assert "None of 2 kinds was found (dead neuron, dead head)" in text


def test_reports_of_earlier_analyses_do_not_speak_of_it(with_kinds):
    report = with_kinds()
    assert "stands out" not in render_report_markdown(report.shown)
    assert "standouts" not in report.drawn.left_out
    assert "standouts" not in [table.name for table in report.tables]


def test_page_and_markdown_say_the_same(with_kinds):
    hostile = kind(HOSTILE, item(HOSTILE, neuron=3), item("=1+1", neuron=4), summary=None)
    report = with_kinds(LOUD, SINKS, replace(hostile, definition=HOSTILE), NONE, UNKNOWN)
    reads = Read(render_page(report)), read_markdown(render_report_markdown(report.shown))
    (part,) = (part for part in PARTS if part.name == "standouts")
    for read in reads:
        for block in part.blocks(report.shown):
            for words in texts(block):
                assert shown(words) in flat(read.text)
            if isinstance(block, TextTable):
                assert cells(block) in read.rows
            if isinstance(block, Figures):
                assert {flat(chart.alt) for chart in block.charts} <= set(read.descriptions)
        assert not set(read.text) & {"\x1b", "\u202e"}


def test_charts_of_the_kinds_that_were_found(with_kinds):
    report = with_kinds(LOUD, SINKS, NONE)
    drawn = {chart.name: chart for chart in draw(report.data).charts if chart.section == STANDOUTS}
    assert list(drawn) == ["standout-massive-activation", "standout-sink-share"]
    curve, map_of_heads = drawn.values()
    assert curve.table.rows == ((0, 1.0), (1, None), (2, 10.0), (3, 10_000.0))
    assert map_of_heads.table.rows == ((0, 0, 0.1), (0, 1, 0.2), (1, 0, None), (1, 1, 0.9))
    assert curve.sentence == "Channel 507 reaches 24 220."
    assert map_of_heads.sentence == "Two heads look away."


def test_a_table_has_a_row_for_every_finding(with_kinds):
    report = with_kinds(LOUD, SINKS, NONE)
    (table,) = (table for table in report.tables if table.name == "standouts")
    assert table.names[:3] == ["kind", "layer", "head"]
    columns = {column.name: column.values for column in table.columns}
    assert columns["place_channel"] == [507, None, None]
    assert columns["evidence_share"] == [0.5, 0.5, 0.5]
    assert columns["sentence"][0] == "Channel 507 reaches 24 220."


def test_a_table_of_ours_is_replaced(with_kinds, tmp_path):
    report = with_kinds(LOUD, SINKS)
    for _ in range(2):
        write_report(report.data, tmp_path, ["csv", "parquet"])
    assert is_ours(tmp_path / "standouts.csv")
    assert is_ours(tmp_path / "standouts.parquet")
