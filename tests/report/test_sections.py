"""Page and Markdown say the same: every text, every cell and every picture of every section of every model."""

from __future__ import annotations

import pytest

pytest.importorskip("altair", reason="pages need the extra report")

from ggufscope.report.content.blocks import Figures, TextTable
from ggufscope.report.content.sections import PARTS
from ggufscope.report.content.words import Link, Own, joined, own
from ggufscope.report.markdown.document import render_report_markdown
from ggufscope.report.markdown.words import cell, markdown
from ggufscope.report.page.document import render_page
from ggufscope.report.page.words import words_html
from ggufscope.report.report import Report
from support import report_validations
from support.report_models import HOSTILE, MODELS, analysis_alone, profile_alone, results
from support.report_texts import Read, cells, flat, read_markdown, shown, texts

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
PARTLY = {"profile": profile_alone, "analysis": analysis_alone}


@pytest.fixture(autouse=True)
def _quick_pictures(monkeypatch):
    """Pictures are what takes time on a page, and hold no text of its own."""
    monkeypatch.setattr(Report, "picture", lambda self, chart: PICTURE)


def assert_the_same(report):
    page_read, markdown_read = Read(render_page(report)), read_markdown(render_report_markdown(report.shown))
    blocks = [block for part in PARTS for block in part.blocks(report.shown)]
    assert blocks
    for read in (page_read, markdown_read):
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


@pytest.mark.parametrize("name", MODELS)
def test_page_and_markdown_say_the_same(write_gguf, name):
    assert_the_same(Report(results(name, write_gguf)))


@pytest.mark.parametrize("kept", PARTLY)
@pytest.mark.parametrize("name", ["usual", "hostile names"])
def test_page_and_markdown_of_a_part_of_the_results_say_the_same(write_gguf, name, kept):
    assert_the_same(Report(PARTLY[kept](name, write_gguf)))


@pytest.mark.parametrize("kind", report_validations.KINDS)
@pytest.mark.parametrize("beside", [True, False])
def test_page_and_markdown_of_a_validation_say_the_same(kind, beside):
    assert_the_same(Report(report_validations.data(kind) if beside else report_validations.alone(kind)))


def test_parts_and_tables_have_names_of_their_own(write_gguf):
    names = [part.name for part in PARTS]
    assert len(set(names)) == len(names)
    found = Report(results("usual", write_gguf)).shown
    tables = [block.name for part in PARTS for block in part.blocks(found) if isinstance(block, TextTable)]
    assert len(set(tables)) == len(tables)


def test_our_own_words_stay_around_those_of_a_file():
    words = own("**{}**: {:.2f} of `{}`, {}", "a*b**c`", 0.256, own("<{}>", "x"), Link("there & back", "place"))
    assert shown(words) == "a*b**c`: 0.26 of <x>, there & back"
    assert words_html(words) == (
        '<b>a*b**c`</b>: 0.26 of <code>&lt;x&gt;</code>, <a href="#place">there &amp; back</a>'
    )
    assert markdown(words) == r"**a\*b\*\*c\`**: 0.26 of `<x>`, *there &amp; back*"


def test_a_text_from_a_file_is_never_our_own():
    for words in (HOSTILE, own("{}", HOSTILE), joined([HOSTILE]), own("{}{}", Own(""), own("{}", HOSTILE))):
        assert "<" not in words_html(words)
        assert "<" not in markdown(words)
        assert shown(words) == flat(Read(f"<p>{words_html(words)}</p>").text)
        assert shown(words) == flat(read_markdown(markdown(words)).text)


def test_bars_do_not_end_a_cell():
    assert cell(own("|w| < {}", "a|b")) == r"\|w\| < a\|b"


def test_sizes_are_sorted_by_their_bytes(write_gguf):
    report = Report(profile_alone("usual", write_gguf))
    columns = [attributes for attributes, _ in Read(render_page(report)).all("td")]
    sort_keys = [attributes["data-v"] for attributes in columns if "data-v" in attributes]
    roles = sorted(report.data.profile.roles.values(), key=lambda row: -row.n_bytes)
    expected = [str(value) for row in roles for value in (row.n_elements, row.n_bytes)]
    assert any(sort_keys[at : at + len(expected)] == expected for at in range(len(sort_keys)))
