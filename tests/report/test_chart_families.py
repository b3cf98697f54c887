"""Charts of one kind are panels of one picture: nothing of them is lost, and the picture fits where it stands."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("altair", reason="charts need the extra report")

import altair
import vl_convert

from ggufscope.report.charts import draw, draw_apart, svg
from ggufscope.report.charts.axes import value_y
from ggufscope.report.charts.families import FAMILIES
from ggufscope.report.charts.labels import equal_within, number_label, percent_label
from ggufscope.report.charts.layer_curves import LayerCurve, curve_picture, curve_sentence
from ggufscope.report.charts.render import WIDTH, still
from ggufscope.report.charts.words import written
from ggufscope.report.content.results import ReportData
from support.comparisons import make_trace
from support.report_models import results
from support.report_validations import validation


@pytest.fixture(params=["usual", "hostile names", "validation", "trace"])
def both(request, write_gguf):
    """The charts of some results, together and apart."""
    if request.param == "validation":
        data = ReportData(None, None, validation=validation("fitted"))
    elif request.param == "trace":
        data = ReportData.of_trace(make_trace(verdicts=["correct", "wrong", None] * 2))
    else:
        data = results(request.param, write_gguf)
    return draw(data).charts, draw_apart(data).charts


def test_a_family_holds_every_number_of_its_members(both):
    together, apart = both
    by_name = {chart.name: chart for chart in together}
    assert len(by_name) == len(together)
    families = {chart.family for chart in apart if chart.family is not None}
    assert families <= set(FAMILIES)
    for name in families:
        members = [chart for chart in apart if chart.family == name]
        if len(members) == 1:
            assert by_name[members[0].name] == members[0]
            continue
        family = by_name[name]
        keys = FAMILIES[name].keys
        columns = {column.label: position for position, column in enumerate(family.table.columns)}
        assert len({column.name for column in family.table.columns}) == len(columns)
        rows = {row[:keys]: row for row in family.table.rows}
        for member in members:
            assert member.sentence in family.definition
            assert member.definition in family.definition
            assert member.alt in family.alt
            for position, column in enumerate(member.table.columns[keys:], keys):
                place = columns[f"{member.panel}: {column.label}"]
                for row in member.table.rows:
                    assert rows[row[:keys]][place] == row[position]
        drawn = [len(each) for each in family.specification["datasets"].values()]
        assert drawn == [len(member.specification["datasets"]["rows"]) for member in members]
    alone = [chart.name for chart in apart if chart.family is None]
    assert alone == [chart.name for chart in together if chart.name in alone]


def test_panels_are_vega_lite_and_fit_the_width(both):
    together, _ = both
    for chart in together:
        if "concat" not in chart.specification:
            continue
        few = {name: rows[:5] for name, rows in chart.specification["datasets"].items()}
        specification = still(chart, "light") | {"datasets": few}
        del specification["config"]
        altair.Chart.from_dict(specification, validate=True)
        for width, columns in ((WIDTH, 2), (360, 1)):
            assert still(chart, "light", width)["columns"] == columns
            picture = svg(chart, "light", width)
            assert "NaN" not in picture
            assert len(re.findall(r"role-mark[^>]*>", picture)) >= len(chart.specification["concat"])
            found = float(re.match(r'<svg[^>]* width="([\d.]+)"', picture)[1])
            assert width - 24 <= found <= width + 24, (chart.name, found)


def test_equal_values_are_drawn_flat_and_said_to_be_equal():
    nearly = LayerCurve("x", "size", [5.0, 5.001, 5.004, None, 5.002])
    apart = LayerCurve("x", "size", [5.0, 5.001, 5.1, None, 5.002])
    assert equal_within([5.0, 5.004])
    assert not equal_within([5.0, 5.006])
    assert not equal_within([5.0])
    assert curve_sentence(nearly) == "Size: equal within 0.1 % on all layers, 5 to 5.004."
    assert curve_sentence(apart) == "Size: 5 (layer 0) to 5.1 (layer 2)."

    def heights(curve, *, logarithmic):
        specification = curve_picture([curve], logarithmic=logarithmic)
        points = re.findall(r'translate\(([\d.]+),([\d.]+)\)" d="M', picture_of(specification))
        return [float(y) for _, y in points]

    for logarithmic in (False, True):
        found = heights(nearly, logarithmic=logarithmic)
        assert len(found) == 4
        assert max(found) - min(found) < 1
    found = heights(apart, logarithmic=False)
    assert max(found) - min(found) > 50


def picture_of(specification):
    return vl_convert.vegalite_to_svg(specification | {"width": 400})


def labels_of(values, *, logarithmic=False, percent=False):
    rows = [{"value": value, "label": str(value)} for value in values]
    y = value_y(values, None, logarithmic=logarithmic, percent=percent)
    chart = altair.Chart(altair.InlineData(rows)).mark_point().encode(y=y)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", picture_of(chart.to_dict()))
    return [text for text in texts if text]


def test_axes_are_labelled_as_people_write():
    assert labels_of([0, 50]) == ["0", "10", "20", "30", "40", "50"]
    assert labels_of([1.0, 20_000.0], logarithmic=True) == ["1", "10", "100", "1 000", "10⁴", "10⁵"]
    assert labels_of([0.0012, 0.9], logarithmic=True) == ["0.001", "0.01", "0.1", "1"]
    assert labels_of([0.0, 0.5], percent=True) == ["0 %", "10 %", "20 %", "30 %", "40 %", "50 %"]
    assert labels_of([1.2e-8, 0.02], logarithmic=True, percent=True)[:3] == ["0.000001 %", "0.00001 %", "0.0001 %"]
    assert labels_of([1.2e-10, 2e-4], logarithmic=True, percent=True)[0] == "10⁻⁸ %"
    assert "2 000" in labels_of([0, 10_000])
    assert "2·10⁶" in labels_of([0, 10_000_000])


def test_an_expression_writes_any_number():
    numbers = {0.0: "0", -50.0: "−50", 1234.5: "1 234.5", 3e-9: "3·10⁻⁹", -1e12: "−10¹²", 0.001: "0.001"}
    rows = [{"value": value} for value in numbers]
    chart = (
        altair.Chart(altair.InlineData(rows))
        .transform_calculate(number=number_label("datum.value"), share=percent_label("datum.value"))
        .mark_text()
        .encode(y="value:O", text="number:N")
    )
    picture = vl_convert.vegalite_to_svg(chart.to_dict())
    for text in numbers.values():
        assert f">{text}<" in picture
    assert [written(value) for value in (1234.5, 3e-9, -1e12, 0.001, 0.0)] == ["1 230", "3·10⁻⁹", "−10¹²", "0.001", "0"]
