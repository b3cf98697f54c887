"""The page in a real browser, without a network."""

from __future__ import annotations

import csv
import time

import pytest

from ggufscope.text.escape import escape
from support.browser import Visit, browser
from support.report_models import HOSTILE, MODELS

pytest.importorskip("altair", reason="pages need the extra report")
from support.pages import page

# What draws in an SVG of Vega: groups of marks, without the background.
MARKS = ", ".join(
    f".mark-{kind}"
    for kind in ("rect path", "line path", "symbol path", "area path", "rule line", "text text", "trail path")
)


@pytest.fixture(scope="module")
def opened():
    with browser() as found:
        yield found


@pytest.fixture
def page_file(write_gguf, tmp_path):
    """A function that writes the page of a model, and gives its path and its report."""

    def write(name):
        text, report = page(name, write_gguf)
        path = tmp_path / "report.html"
        path.write_text(text, encoding="utf-8")
        return path, report

    return write


def _unfold_parts(visit):
    visit.page.locator("details.part").evaluate_all("all => all.forEach(one => { one.open = true; })")


def _unfold(visit):
    visit.page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    visit.page.wait_for_timeout(500)  # charts that have a width now are drawn anew
    visit.page.wait_for_selector("html[data-charts=drawn]")


@pytest.mark.parametrize("name", MODELS)
def test_every_page_opens_without_a_complaint_and_draws_its_charts(opened, page_file, name, record_property):
    path, report = page_file(name)
    started = time.perf_counter()
    with Visit(opened, path) as visit:
        record_property("seconds", round(time.perf_counter() - started, 2))
        assert visit.complaints == []
        assert visit.outside() == []
        charts = visit.page.locator(".chart")
        assert charts.count() == len(report.drawn.charts)
        _unfold(visit)
        for position in range(charts.count()):
            chart = charts.nth(position)
            assert chart.locator("svg").count() >= 1
            assert chart.locator(MARKS).count() > 0, chart.get_attribute("data-chart")
            box = chart.locator("svg").first.bounding_box()
            assert box["width"] > 100
            assert box["height"] > 50


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "name", ["usual", "126 layers", "128 experts", "hostile names", "ridden with NaN", "one tensor"]
)
def test_a_narrow_page_does_not_scroll_sideways(opened, page_file, name, theme):
    path, _ = page_file(name)
    with Visit(opened, path, width=360, theme=theme) as visit:
        _unfold(visit)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert visit.page.evaluate("document.body.scrollWidth") <= 360


def _ground(visit):
    return visit.page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_both_themes_and_the_button_between_them(opened, page_file):
    path, _ = page_file("usual")
    grounds = {}
    for theme in ("light", "dark"):
        with Visit(opened, path, theme=theme) as visit:
            grounds[theme] = _ground(visit)
            text = "document.querySelector('.chart svg text').getAttribute('fill')"
            before = visit.page.evaluate(text)
            visit.page.get_by_role("button", name="theme").press("Enter")
            visit.wait_for_charts()
            grounds[f"{theme}, turned"] = _ground(visit)
            assert visit.page.evaluate(text) != before
            assert visit.complaints == []
    assert grounds["light"] == grounds["dark, turned"] != grounds["dark"] == grounds["light, turned"]


def _column(table, position):
    return table.locator(f"tbody tr td:nth-child({position})").all_inner_texts()


def test_tables_sort_by_mouse_and_keyboard(opened, page_file):
    path, report = page_file("usual")
    rows = [(name, row.kurtosis) for name, row in report.data.profile.tensors.items() if row.kurtosis is not None]
    expected = [name for name, _ in sorted(rows, key=lambda item: -item[1])]
    with Visit(opened, path) as visit:
        visit.page.locator("#table-tensors > summary").click()
        table = visit.page.locator("#table-tensors table")
        header = table.locator("th", has_text="kurtosis")
        assert header.get_attribute("aria-sort") is None
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "descending"
        assert _column(table, 1)[: len(expected)] == expected
        header.get_by_role("button").press("Enter")
        assert header.get_attribute("aria-sort") == "ascending"
        assert _column(table, 1)[: len(expected)] == expected[::-1]
        name = table.locator("th", has_text="name")
        name.get_by_role("button").press("Space")
        assert header.get_attribute("aria-sort") is None
        assert name.get_attribute("aria-sort") == "ascending"
        assert sorted(_column(table, 1)) == sorted(report.data.profile.tensors)


def test_long_tables_have_a_filter(opened, page_file):
    path, report = page_file("hostile names")
    tensors = report.data.profile.tensors
    with Visit(opened, path) as visit:
        fold = visit.page.locator("#table-tensors")
        fold.locator("summary").first.click()
        box, told = fold.get_by_role("searchbox", name="Filter"), fold.locator("output")

        def left(text):
            box.fill(text)
            return fold.locator("tbody tr:not([hidden]) td:first-child").all_inner_texts()

        def shown_of(names):
            return [escape(name) for name in names]

        downs = [name for name, row in tensors.items() if "ffn_down" in name]
        assert left("ffn_down") == shown_of(downs)
        assert told.inner_text() == f"3 of {len(tensors)} rows"
        large = [name for name in downs if tensors[name].kurtosis > 2]
        assert left("FFN_down and kurtosis > 2") == shown_of(large)
        assert left("size >= 0.004 MB and attn_q") == shown_of(n for n in tensors if "attn_q" in n)
        near_zero = [name for name, row in tensors.items() if row.sparsity is not None and row.sparsity > 0.05]
        assert left("near zero > 5 %") == shown_of(near_zero)
        assert left("<img src=x") == shown_of(name for name in tensors if "<img" in name)
        assert left("no such thing > 1") == []
        assert left("") == shown_of(tensors)
        assert told.inner_text() == ""
        assert visit.complaints == []
    assert 0 < len(large) < len(downs)


def test_a_link_opens_what_is_folded(opened, page_file):
    path, report = page_file("usual")
    name = next(chart.name for chart in report.drawn.charts if chart.section == "index")
    with Visit(opened, path) as visit:
        fold = visit.page.locator("#index > details")
        height = visit.page.evaluate("document.documentElement.scrollHeight")
        assert fold.get_attribute("open") is None
        assert not visit.page.locator(f"#{name}").is_visible()
        visit.page.evaluate("name => { location.hash = name; }", name)
        visit.page.locator(f"#{name}").wait_for(state="visible")
        box = visit.page.locator(f"#{name} .chart svg").first.bounding_box()
        assert box["width"] > 300  # it was drawn while it was folded
        assert visit.page.evaluate("document.documentElement.scrollHeight") > 2 * height
        fold.locator("summary").first.press("Enter")
        assert not visit.page.locator(f"#{name}").is_visible()
        visit.page.get_by_role("link", name="Method and limits").click()
        assert visit.page.locator("#method > details").get_attribute("open") is not None


def test_the_first_screen_has_the_answers(opened, page_file):
    path, _ = page_file("usual")
    with Visit(opened, path) as visit:
        for title in ("Is the file sound?", "What stands out", "The most extreme matrices"):
            panel = visit.page.get_by_role("heading", name=title, exact=True)
            assert panel.bounding_box()["y"] < 740
        assert "most matrices are" in visit.page.locator("#summary").inner_text()


def test_what_is_undefined_stays_last(opened, page_file):
    path, _ = page_file("ridden with NaN")
    with Visit(opened, path) as visit:
        visit.page.locator("#table-tensors > summary").click()
        table = visit.page.locator("#table-tensors table")
        labels = table.locator("th").all_inner_texts()
        position = [label.strip() for label in labels].index("rms") + 1
        for _ in range(2):
            table.locator("th", has_text="rms").get_by_role("button").click()
            shown = _column(table, position)
            assert "–" in shown
            assert "–" not in shown[: len(shown) - shown.count("–")]


@pytest.mark.parametrize("scripts", [True, False])
def test_tables_download_as_csv(opened, page_file, scripts, tmp_path):
    path, report = page_file("usual")
    with Visit(opened, path, scripts=scripts) as visit:
        visit.page.locator("#table-tensors > summary").click()
        with visit.page.expect_download() as waiting:
            visit.page.get_by_role("link", name="Download tensors.csv").click()
        waiting.value.save_as(tmp_path / "got.csv")
        assert waiting.value.suggested_filename == "tensors.csv"
    with (tmp_path / "got.csv").open(newline="", encoding="utf-8") as file:
        assert [row["name"] for row in csv.DictReader(file)] == list(report.data.profile.tensors)


def test_hostile_names_show_as_text(opened, page_file):
    path, _ = page_file("hostile names")
    with Visit(opened, path) as visit:
        _unfold(visit)
        assert visit.complaints == []
        assert visit.page.locator("img").count() == 0
        shown = escape(HOSTILE)
        assert shown in visit.page.locator("#table-tensors").inner_text()
        assert visit.page.locator("h1").inner_text() == shown
        assert "\u202e" not in visit.page.content()


def test_without_scripts_there_are_pictures_and_tables(opened, page_file):
    path, report = page_file("usual")
    with Visit(opened, path, scripts=False) as visit:
        pictures = visit.page.locator("noscript img")
        assert pictures.count() == len(report.drawn.charts)
        for picture in pictures.all():
            assert picture.evaluate("element => element.complete && element.naturalWidth") > 100
        assert visit.page.get_by_role("button", name="theme").count() == 0
        assert visit.outside() == []


def test_a_chart_answers_to_the_pointer_until_escape(opened, page_file):
    path, _ = page_file("usual")
    with Visit(opened, path) as visit:
        tip = visit.page.locator("#tip")
        assert not tip.is_visible()
        chart = visit.page.locator("#type-map .chart svg")
        chart.scroll_into_view_if_needed()
        chart.locator(".mark-rect path").first.hover()
        assert "Q8_0" in tip.inner_text() or "F32" in tip.inner_text()
        visit.page.keyboard.press("Escape")
        assert not tip.is_visible()


def test_a_choice_redraws_the_map(opened, page_file):
    path, _ = page_file("usual")
    with Visit(opened, path) as visit:
        finding = visit.page.locator("#tensor-map")
        before = finding.locator("svg").inner_html()
        choice = finding.get_by_role("combobox")
        choice.select_option(index=1)
        for _ in range(50):
            if finding.locator("svg").inner_html() != before:
                break
            visit.page.wait_for_timeout(100)
        assert finding.locator("svg").inner_html() != before
        assert visit.complaints == []


def test_definitions_open_on_a_key(opened, page_file):
    path, report = page_file("usual")
    chart = report.drawn.charts[0]
    with Visit(opened, path) as visit:
        _unfold_parts(visit)
        details = visit.page.locator(f"#{chart.name} > details.definition")
        assert not details.locator("p").is_visible()
        details.locator("summary").press("Enter")
        assert details.locator("p").is_visible()
        assert details.locator("p").inner_text() == chart.definition


def test_who_wants_no_motion_gets_none(opened, page_file):
    path, _ = page_file("usual")
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    with Visit(opened, path, motion="reduce") as visit:
        assert visit.page.evaluate(behaviour) == "auto"
    with Visit(opened, path) as visit:
        assert visit.page.evaluate(behaviour) == "smooth"


def test_paper_shows_definitions_and_no_buttons(opened, page_file):
    path, _ = page_file("usual")
    with Visit(opened, path) as visit:
        visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        visit.page.emulate_media(media="print")
        assert all(fold.evaluate("fold => fold.open") for fold in visit.page.locator("details.part").all())
        assert visit.page.locator("details.definition p").first.is_visible()
        assert not visit.page.locator("#theme").is_visible()
        assert not visit.page.locator("nav").is_visible()
        visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert visit.page.locator("details[open]").count() == 0
