"""The page of a validation in a real browser, without a network."""

from __future__ import annotations

import pytest

from ggufscope.report.page.document import render_page
from ggufscope.report.report import Report
from ggufscope.text.escape import escape
from support.browser import Visit, browser
from support.report_validations import HOSTILE, KINDS, alone, data, validation

pytest.importorskip("altair", reason="pages need the extra report")

_KEPT = {}


@pytest.fixture(scope="module")
def opened():
    with browser() as found:
        yield found


@pytest.fixture
def page_file(tmp_path):
    """A function that writes the page of a validation, and gives its path and its report."""

    def write(kind, beside):
        if (kind, beside) not in _KEPT:
            report = Report(data(kind) if beside else alone(kind))
            _KEPT[kind, beside] = render_page(report), report
        text, report = _KEPT[kind, beside]
        path = tmp_path / "report.html"
        path.write_text(text, encoding="utf-8")
        return path, report

    return write


_WHOLE = """() => [...document.querySelectorAll("#validation .chart svg")].every((svg) => {
  const picture = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].map((text) => text.getBoundingClientRect()).every((text) =>
    text.top >= picture.top - 1 && text.bottom <= picture.bottom + 1 && text.left >= picture.left - 1);
})"""


def _unfold(visit):
    visit.page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")


@pytest.mark.parametrize("kind", KINDS)
def test_a_validation_opens_without_a_complaint_and_draws_its_charts(opened, page_file, kind):
    path, report = page_file(kind, beside=False)
    with Visit(opened, path) as visit:
        assert visit.complaints == []
        assert visit.outside() == []
        _unfold(visit)
        charts = visit.page.locator("#validation .chart")
        assert charts.count() == len(report.drawn.charts)
        for chart in charts.all():
            assert chart.locator(".mark-symbol path").count() > 0, chart.get_attribute("data-chart")
            box = chart.locator("svg").first.bounding_box()
            assert box["width"] > 100
            assert box["height"] > 50


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["fitted", "hostile"])
def test_a_narrow_page_does_not_scroll_sideways(opened, page_file, kind, theme):
    path, _ = page_file(kind, beside=True)
    with Visit(opened, path, width=360, theme=theme) as visit:
        _unfold(visit)
        assert visit.complaints == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
        if kind == "fitted":  # made-up labels may be wider than any axis
            visit.page.wait_for_function(_WHOLE, timeout=20_000)  # legends have as many rows as they need
            for chart in visit.page.locator("#validation .chart").all():
                assert chart.evaluate("element => element.scrollWidth - element.clientWidth") <= 2


def test_points_answer_to_the_pointer(opened, page_file):
    path, _ = page_file("fitted", beside=False)
    with Visit(opened, path) as visit:
        _unfold(visit)
        chart = visit.page.locator("#validation-points .chart svg")
        chart.last.scroll_into_view_if_needed()
        chart.last.locator(".mark-symbol.role-mark path").last.hover()
        shown = visit.page.locator("#tip").inner_text()
        assert "layer" in shown
        assert "measured" in shown


def test_orders_sort_by_their_points(opened, page_file):
    path, _ = page_file("fitted", beside=False)
    with Visit(opened, path) as visit:
        _unfold(visit)
        table = visit.page.locator("#validation-orders-table table")
        table.locator("th", has_text="points").get_by_role("button").click()
        found = [int(text) for text in table.locator("tbody tr td:nth-child(4)").all_inner_texts()]
        known = [
            entry.n_points for quantity in validation("fitted").document.quantities for entry in quantity.predictors
        ]
        assert found == sorted(known, reverse=True)


def test_hostile_texts_show_as_text(opened, page_file):
    path, _ = page_file("hostile", beside=True)
    with Visit(opened, path) as visit:
        _unfold(visit)
        assert visit.complaints == []
        assert visit.page.locator("img").count() == 0
        assert escape(HOSTILE) in visit.page.locator("#validation").inner_text()
        assert "\u202e" not in visit.page.content()


def test_without_scripts_there_are_pictures(opened, page_file):
    path, report = page_file("fitted", beside=False)
    with Visit(opened, path, scripts=False) as visit:
        pictures = visit.page.locator("#validation noscript img")
        assert pictures.count() == len(report.drawn.charts)
        assert all(picture.evaluate("element => element.naturalWidth") > 100 for picture in pictures.all())
