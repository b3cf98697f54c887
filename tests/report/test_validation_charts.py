"""Charts of predicted against measured: they show the document's numbers, in its words, or say why they do not."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

import ggufscope as gs
from ggufscope.report.charts import draw_apart as draw
from ggufscope.report.charts import png, svg, themed
from ggufscope.report.charts.registry import makers
from ggufscope.report.charts.validation_points import MANY, SHOWN
from ggufscope.validation.compare import BETTER, WORSE
from ggufscope.validation.estimates import UNDECIDED
from ggufscope.validation.wording import verdict_text
from support.report_validations import HOSTILE, KINDS, alone, data, validation
from support.specifications import strings

altair = pytest.importorskip("altair", reason="charts need the extra report")


def charts_of(kind):
    return {entry.name: entry for entry in draw(alone(kind)).charts}


def column(chart, name):
    position = [entry.name for entry in chart.table.columns].index(name)
    return [row[position] for row in chart.table.rows]


def quantities(kind):
    return validation(kind).quantities


@pytest.fixture(params=KINDS)
def drawn(request):
    return draw(alone(request.param))


def test_every_chart_of_a_validation_is_drawn_or_its_absence_explained(drawn):
    wanted = {name for name in makers() if name.startswith("validation-")}
    found = {entry.name for entry in drawn.charts}
    assert found | {"validation-fit"} >= wanted - set(drawn.left_out)
    assert set(drawn.left_out) <= wanted
    assert all(reason and reason == reason.strip() for reason in drawn.left_out.values())
    assert {entry.section for entry in drawn.charts} == {"validation"}


def test_beside_an_analysis_the_other_charts_stay_as_they_were():
    with_it, without = draw(data("fitted")), draw(replace(data("fitted"), validation=None))
    assert [entry for entry in with_it.charts if entry.section != "validation"] == without.charts
    assert {**without.left_out, **draw(alone("fitted")).left_out} == with_it.left_out
    assert "validation" not in {entry.section for entry in without.charts}


def test_words_are_there_and_end(drawn):
    for entry in drawn.charts:
        assert entry.title
        for text in (entry.sentence, entry.definition, entry.alt):
            assert text.endswith(".")
            assert not re.search(r"\b(?:None|nan)\b|  |\.\.", text), text


def test_specifications_are_vega_lite_of_their_own_data_and_draw(drawn, capfd):
    vl_convert = pytest.importorskip("vl_convert", reason="charts need the extra report")
    for entry in drawn.charts:
        altair.Chart.from_dict(entry.specification, validate=True)
        assert all(re.fullmatch("[a-z_]+", key) for row in entry.specification["datasets"]["rows"] for key in row)
        vl_convert.vegalite_to_vega(themed(entry, "light"), vl_version="6.4", show_warnings=True)
        assert capfd.readouterr() == ("", ""), entry.name
        for width in (720, 360):
            picture = svg(entry, "dark", width)
            assert "NaN" not in picture
            found = float(re.match(r'<svg[^>]* width="([\d.]+)"', picture)[1])
            assert width - 24 <= found <= width + 24, entry.name


def test_orders_are_those_of_the_document():
    found = charts_of("fitted")["validation-orders"]
    entries = [(each, entry) for each in quantities("fitted").values() for entry in each.predictors]
    known = [(each, entry) for each, entry in entries if any(other.spearman for other in each.predictors)]
    assert column(found, "by") == [entry.name for _, entry in known]
    assert column(found, "spearman") == [entry.spearman and entry.spearman.value for _, entry in known]
    assert column(found, "spearman_low") == [entry.spearman and entry.spearman.low for _, entry in known]
    assert column(found, "spearman_high") == [entry.spearman and entry.spearman.high for _, entry in known]
    assert column(found, "kendall") == [entry.kendall and entry.kendall.value for _, entry in known]
    assert column(found, "verdict") == [entry.verdict for _, entry in known]
    rows = found.specification["datasets"]["rows"]
    drawn = [entry for _, entry in known if entry.spearman]
    assert [row["rho"] for row in rows] == [entry.spearman.value for entry in drawn]
    for row, entry in zip(rows, drawn, strict=True):
        if entry.verdict is None:
            continue
        baseline = entry.spearman.value - entry.strongest.difference.value
        across = row["low"] <= baseline <= row["high"]
        assert across is (entry.verdict not in {BETTER, WORSE})
    verdicts = [entry.verdict for _, entry in known if entry.name == "propagation" and entry.verdict]
    for verdict in (BETTER, WORSE, UNDECIDED):
        told = sum(each.startswith(verdict) for each in verdicts)
        assert not told or f"{told} {verdict}" in found.sentence


@pytest.mark.parametrize("wanted", [name for name in SHOWN if name != "risk"])
def test_points_are_those_of_the_document(wanted):
    quantity = quantities("fitted")[wanted]
    found = charts_of("fitted")[f"validation-{wanted.replace('_', '-')}"]
    shown = [entry for entry in quantity.predictors if entry.size is not None]
    assert column(found, "by") == [entry.name for entry in shown for _ in quantity.points]
    assert column(found, "measured") == [point.measured for point in quantity.points] * len(shown)
    assert column(found, "measured_low") == [point.low for point in quantity.points] * len(shown)
    assert column(found, "layer") == [point.layer for point in quantity.points] * len(shown)
    assert column(found, "predicted") == [point.predicted[entry.name] for entry in shown for point in quantity.points]
    ends = [row["equal"] for row in found.specification["datasets"]["rows"] if "equal" in row]
    drawn = [value for key in ("predicted", "measured") for value in column(found, key) if value is not None]
    assert ends == [min(drawn), max(drawn)]
    for entry in quantity.predictors:
        assert entry.spearman is None or f"{entry.name} {entry.spearman.value:+.2f}" in found.sentence
    assert all(f", {verdict_text(entry)}" in found.sentence for entry in shown)


def test_an_index_that_only_orders_has_no_line_of_equality():
    found = charts_of("fitted")["validation-risk"]
    assert not [row for row in found.specification["datasets"]["rows"] if "equal" in row]
    assert set(column(found, "by")) == {"heuristic", "propagation", "probe"}
    assert "Only the order is predicted" in found.definition


def test_too_few_prompts_give_no_bars_and_no_verdict():
    found = charts_of("three prompts")
    assert all(row["low"] is None for row in found["validation-head-entropy"].specification["datasets"]["rows"][:5])
    assert "Too few points or prompts for a verdict." in found["validation-head-entropy"].sentence
    assert "No order could be put to a verdict" in found["validation-orders"].sentence


def test_what_was_not_measured_or_predicted_is_said():
    drawn = draw(alone("odd"))
    assert drawn.left_out["validation-v-near-zero-share"].startswith("nothing was measured: it is not defined")
    layers = {
        row[0] for entry in drawn.charts if entry.name == "validation-ffn-attention-ratio" for row in entry.table.rows
    }
    assert layers == {0, 1, 2, 4, 5, 6, 7}


def test_a_quantity_that_nothing_predicts_says_why():
    document = validation("fitted").document
    bare = [
        replace(
            entry,
            predictors=[],
            missing={"probe": "there is no probe"},
            points=[replace(point, predicted={}) for point in entry.points],
        )
        for entry in document.quantities
    ]
    left = draw(replace(alone("fitted"), validation=gs.Validation(replace(document, quantities=bare)))).left_out
    assert left["validation-head-entropy"] == "nothing predicts it (probe: there is no probe)"
    assert left["validation-orders"] == "no order was predicted and measured"
    assert "in the unit" in left["validation-sizes"]
    none = draw(replace(alone("fitted"), validation=gs.Validation(replace(document, quantities=[])))).left_out
    assert none["validation-risk"] == "it was not compared"


def test_sizes_are_those_of_the_document():
    found = charts_of("fitted")["validation-sizes"]
    sizes = [(q, e, e.size) for q in quantities("fitted").values() for e in q.predictors if e.size]
    assert column(found, "mean_absolute") == [size.mean_absolute.value for _, _, size in sizes]
    assert column(found, "magnitude") == [size.median_absolute.value for _, _, size in sizes]
    assert column(found, "constant") == [size.constant for _, _, size in sizes]
    assert column(found, "verdict") == [size.verdict for _, _, size in sizes]
    relative = [size for _, _, size in sizes if size.kind == "relative"]
    rows = found.specification["datasets"]["rows"]
    assert [row["error"] for row in rows] == [size.magnitude.value for size in relative]
    own = [(s.magnitude.value, q.label) for q, e, s in sizes if e.name == "probe" and s.kind == "relative"]
    (low, least), (high, most) = min(own), max(own)
    assert f"probe by {100 * low:.0f} % ({least}) to {100 * high:.0f} % ({most})" in found.sentence


def test_the_fit_is_that_of_the_document():
    fit = validation("fitted").document.fit
    auc, scores = (charts_of("fitted")[f"validation-{name}"] for name in ("auc", "scores"))
    assert auc.table.rows == (
        ("fitted weights", fit.auc.value, fit.auc.low, fit.auc.high),
        ("uniform weights", fit.auc_uniform.value, fit.auc_uniform.low, fit.auc_uniform.high),
        ("shuffled labels", fit.null.mean, None, fit.null.high),
    )
    assert f"AUC of {fit.auc.value:.2f} ({fit.auc.low:.2f} to {fit.auc.high:.2f})" in auc.sentence
    assert auc.sentence.startswith("Exploratory, fewer than 100 scored prompts")
    assert fit.verdict.lower() in auc.sentence.lower()
    assert scores.table.rows == tuple(
        (entry.id, entry.category, "wrong" if entry.wrong else "correct", entry.fitted, entry.uniform)
        for entry in fit.scores
    )
    assert f"{fit.n_wrong} prompts answered wrongly and {fit.n_correct} correctly" in scores.sentence


def test_without_a_fit_the_reason_is_told():
    left = draw(alone("without answers")).left_out
    assert left == {
        "validation-fit": "weights were not fitted: no answers were generated, so that none could be scored"
    }


def test_hostile_texts_are_data_and_nothing_else():
    seen = 0
    for entry in draw(alone("hostile")).charts:
        assert re.fullmatch("[a-z-]+", entry.name)
        for text in (entry.title, entry.sentence, entry.definition, entry.alt):
            assert text.isprintable()
        for text, path in strings(entry.specification):
            assert text.isprintable()
            if "onerror" in text:
                seen += 1
                assert path[0] == "datasets" or path[-2] in {"domain", "values"}, path
        picture = svg(entry, "light")
        assert "<img" not in picture
        assert "\u202e" not in picture
        assert png(picture).startswith(b"\x89PNG")
    assert seen > 50
    assert HOSTILE in column(charts_of("hostile")["validation-orders"], "quantity")


def test_many_heads_are_small_points_without_bars():
    document = validation("fitted").document
    (first,) = (entry for entry in document.quantities if entry.name == "head_entropy")
    points = [replace(point, layer=layer) for layer in range(MANY // 8) for point in first.points]
    many = replace(document, quantities=[replace(first, points=points)])
    (found,) = (e for e in draw(replace(alone("fitted"), validation=gs.Validation(many))).charts if "head" in e.name)
    marks = json.dumps([layer["mark"] for layer in found.specification["layer"]])
    assert "rule" not in marks
    assert "Bars:" not in found.definition


def test_sizes_without_any_prediction_are_drawn_empty():
    document = validation("fitted").document
    (first,) = (entry for entry in document.quantities if entry.name == "head_entropy")
    points = [replace(point, predicted=dict.fromkeys(point.predicted)) for point in first.points]
    empty = replace(document, quantities=[replace(first, points=points)])
    found = draw(replace(alone("fitted"), validation=gs.Validation(empty)))
    (chart,) = (entry for entry in found.charts if entry.name == "validation-head-entropy")
    assert chart.specification["datasets"] == {name: [] for name in chart.specification["datasets"]}
