"""The report of a trace: charts, tables and sections hold its figures, alone and beside the analysis of the model."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("altair", reason="pages need the extra report")

import ggufscope as gs
from ggufscope.report.charts import draw, svg
from ggufscope.report.content.method import what_was_read
from ggufscope.report.content.reading import read_report_data
from ggufscope.report.content.results import ReportData
from ggufscope.report.content.shown import Shown
from ggufscope.report.page.document import render_page
from ggufscope.report.renderers import RENDERERS
from ggufscope.report.report import Report
from ggufscope.runtime import Trace
from support import small_models
from support.comparisons import N_HEADS, N_LAYERS, make_trace
from support.report_texts import Read, shown, texts

VERDICTS = ["correct", "wrong", None, "correct", "unscored", "wrong"]
HOSTILE = "<script>alert(1)</script>\x1b\u202e"


@pytest.fixture(scope="module")
def trace():
    rng = np.random.default_rng(1)
    peaks = rng.uniform(10, 1000, (6, N_LAYERS))
    return make_trace({"residual_peak": peaks}, verdicts=VERDICTS)


@pytest.fixture(scope="module")
def report(trace):
    return Report(ReportData.of_trace(trace))


def column(chart, name):
    position = [each.name for each in chart.table.columns].index(name)
    return [row[position] for row in chart.table.rows]


def test_charts_hold_the_medians_over_the_prompts(trace, report):
    assert report.drawn.left_out == {}
    charts = {chart.name: chart for chart in report.drawn.charts}
    assert list(charts) == ["trace-heads", "trace-layers", "trace-answers"]
    first = np.median(trace.head_figure("first_token_share"), axis=0)
    heads = charts["trace-heads"]
    assert column(heads, "first_token_share") == pytest.approx(first.ravel())
    assert column(heads, "layer") == [layer for layer in range(N_LAYERS) for _ in range(N_HEADS)]
    layer, head = np.unravel_index(first.argmax(), first.shape)
    assert heads.sentence.startswith(f"Head {head} of layer {layer} gives most of its attention to the first token, ")
    layers = charts["trace-layers"]
    for name in ("residual_peak", "residual_peak_first", "gated_top_energy_share"):
        assert column(layers, name) == pytest.approx(np.median(trace.layer_figure(name), axis=0))
    answers = charts["trace-answers"]
    assert answers.sentence == "Of 5 answers: 2 correct, 2 wrong, 1 unscored."
    drawn = answers.specification["datasets"]["rows"]
    assert sum(row["answers"] for row in drawn) == 5
    assert column(answers, "verdict") == VERDICTS


def test_tables_hold_every_figure(trace, report):
    tables = {name.removesuffix(".csv"): content for name, content in RENDERERS["csv"].render(report)}
    assert set(tables) == {"prompts", "traced_layers", "traced_heads"}
    layers = list(csv.DictReader(io.StringIO(tables["traced_layers"].decode())))
    heads = list(csv.DictReader(io.StringIO(tables["traced_heads"].decode())))
    assert len(layers) == N_LAYERS
    assert len(heads) == N_LAYERS * N_HEADS
    for name, figure in trace.document.figures.items():
        values = np.median(trace.head_figure(name) if figure.per_head else trace.layer_figure(name), axis=0)
        if figure.per_head:
            assert [float(row[name]) for row in heads] == pytest.approx(values.ravel())
            values = values.mean(axis=1)
            assert float(layers[0][name]) == pytest.approx(np.median(trace.head_figure(name).mean(axis=2), axis=0)[0])
        else:
            assert [float(row[name]) for row in layers] == pytest.approx(values)
    prompts = list(csv.DictReader(io.StringIO(tables["prompts"].decode())))
    assert [row["verdict"] for row in prompts] == [verdict or "" for verdict in VERDICTS]


def test_the_page_tells_what_was_read_and_answered(report):
    page = Read(render_page(report))
    (markdown,) = (text for name, text in RENDERERS["md"].render(report) if name == "report.md")
    for text in (page.text, markdown.decode()):
        plain = re.sub(r"[*\\]", "", text)
        assert "While the model reads" in plain
        assert "6 prompts of the set set, 18 tokens, read by the engine streamed 1." in " ".join(plain.split())
        assert "Of 5 answers: 2 correct, 2 wrong, 1 unscored." in plain
        assert "analysis" not in plain.partition("Method and limits")[2]


def test_a_saved_trace_is_drawn_as_in_memory(trace, tmp_path):
    path = tmp_path / "mine.json"
    trace.save(path)
    drawn = draw(read_report_data(path))
    assert [chart.sentence for chart in drawn.charts] == [
        chart.sentence for chart in draw(ReportData.of_trace(trace.as_saved())).charts
    ]


def test_text_of_a_trace_is_data(trace):
    prompts = [
        replace(prompt, id=f"{prompt.id}{HOSTILE}", category=HOSTILE, prompt=HOSTILE)
        for prompt in trace.document.prompts
    ]
    report = Report(ReportData.of_trace(Trace(replace(trace.document, prompts=prompts, warnings=[HOSTILE]))))
    page = render_page(report)
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    for chart in report.drawn.charts:
        assert "\u202e" not in svg(chart, "light")


def test_a_trace_without_numbers_says_so(trace):
    figures = trace.document.figures
    shape = (6, N_LAYERS)
    empty = make_trace(
        {name: np.full(shape, np.nan) for name in figures if not figures[name].per_head},
        {name: np.full((*shape, N_HEADS), np.nan) for name in figures if figures[name].per_head},
    )
    drawn = draw(ReportData.of_trace(empty))
    assert drawn.charts == []
    assert drawn.left_out == {"trace-heads": "no head was measured", "trace-layers": "no layer was measured"}


def test_a_trace_that_cannot_be_used_is_told(trace, write_gguf, tmp_path):
    gs.analyze(write_gguf(**small_models.llama()), preset="heuristic", threads=1).save(tmp_path)
    assert read_report_data(tmp_path).why_no_trace is None
    trace.save(tmp_path / "trace.json")
    data = read_report_data(tmp_path)
    assert data.trace is None
    assert data.why_no_trace == "the trace.json beside the analysis is of another model"
    told = " ".join(" ".join(map(shown, texts(block))) for block in what_was_read(Shown(data)))
    assert "No trace: the trace.json beside the analysis is of another model." in told
    (tmp_path / "trace.json").write_text("{}")
    assert "cannot be used: " in read_report_data(tmp_path).why_no_trace
