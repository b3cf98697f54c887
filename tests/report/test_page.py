"""The page as text: complete in itself, safe, and in good order, for every model. A browser: test_page_browser.py."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import itertools
import json
import re
from urllib.parse import unquote

import pytest

from ggufscope.analysis.score_words import in_words
from ggufscope.analysis.wording import PREMISES_ONLY, STATEMENT
from ggufscope.report.report import Report
from support.report_models import MODELS, analysis_alone, profile_alone, results

pytest.importorskip("altair", reason="pages need the extra report")
from ggufscope.report.page.document import render_page
from ggufscope.report.page.figures import script_json
from support.pages import Page, page

LARGEST = 7_000_000  # bytes, of the page of 126 layers


def page_of(data):
    return Page(render_page(Report(data)))


@pytest.fixture(params=MODELS)
def text(request, write_gguf):
    return page(request.param, write_gguf)[0]


def test_a_page_asks_for_nothing_beyond_itself(text):
    found = Page(text)
    for _, attributes, _ in found.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#")), attributes
        assert not any(name.startswith("on") for name in attributes)
    (style,) = (content for _, content in found.all("style"))
    assert "url(" not in style
    assert "@import" not in style
    assert len(text.encode()) < LARGEST


def test_the_policy_lets_only_these_scripts_run(text):
    found = Page(text)
    policy = next(a["content"] for a, _ in found.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in rules["script-src"]

    def hashed(content):
        return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

    scripts = [content for attributes, content in found.all("script") if "type" not in attributes]
    assert sorted(rules["script-src"].split()) == sorted(map(hashed, scripts))
    assert rules["style-src-elem"] == hashed(found.all("style")[0][1])
    assert found.elements[2][1].get("charset") == "utf-8"
    assert found.elements[3][1].get("http-equiv")  # before anything it is to bind


def test_data_for_scripts_is_json_without_markup(text):
    blocks = [content for a, content in Page(text).all("script") if a.get("type") == "application/json"]
    assert len(blocks) >= 2
    for block in blocks:
        json.loads(block)
        assert not set(block) & set("<>&")
        assert block.isascii()


def test_pages_are_in_good_order_for_every_reader(text):
    found = Page(text)
    ids = [attributes["id"] for _, attributes, _ in found.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    levels = [int(tag[1]) for tag, _, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert [len(found.all(tag)) for tag in ("main", "header", "footer", "nav")] == [1, 1, 1, 1]
    assert found.all("html")[0][0]["lang"] == "en"
    assert all(attributes["alt"] for attributes, _ in found.all("img"))
    charts = [a for tag, a, _ in found.elements if tag == "div" and a.get("role") == "img"]
    assert all(attributes["aria-label"] for attributes in charts)
    assert len(charts) == len(found.all("noscript"))
    for _, attributes, _ in found.elements:
        for name in ("aria-labelledby", "href"):
            target = attributes.get(name, "")
            if (name == "aria-labelledby" and target) or target.startswith("#"):
                assert target.removeprefix("#") in ids


def test_pages_are_always_the_same(write_gguf):
    assert page("usual", write_gguf)[0] == render_page(Report(results("usual", write_gguf)))


def test_undefined_numbers_are_left_open(text):
    cells = [content for tag in ("td", "dd") for _, content in Page(text).all(tag)]
    assert not {"nan", "NaN", "inf", "None", "null", "undefined", ""} & set(cells)


def test_the_summary_says_what_it_must(write_gguf):
    text, report = page("usual", write_gguf)
    data, text = report.data, Page(text).text
    assert STATEMENT in text
    assert PREMISES_ONLY in text
    assert text.count("untested") == 6
    assert "every weight is a finite number" in text
    assert "not comparable between" in re.sub(r"\s+", " ", text)
    for finding in data.analysis.document.hypotheses:
        assert finding.verdict in text
        assert in_words(finding.why) in text
    for warning in data.analysis.document.warnings:
        assert in_words(warning) in text


def test_broken_weights_are_told_first(write_gguf):
    text = Page(page("ridden with NaN", write_gguf)[0]).text
    assert "NaN and 2 Inf in 3 tensors" in text
    assert text.index("NaN and 2 Inf") < text.index("Hypotheses of the original study")


def test_a_profile_alone_says_nothing_of_risk(write_gguf):
    text = page_of(profile_alone("usual", write_gguf)).text
    assert "risk index" not in text
    assert "do not tell how a model behaves" in text


def test_an_analysis_alone_says_why_there_are_no_tensors(write_gguf):
    assert "it was moved" in page_of(analysis_alone("usual", write_gguf)).text


def test_hostile_names_are_text(write_gguf):
    text = page("hostile names", write_gguf)[0]
    found = Page(text)
    assert not [a for a, _ in found.all("img") if not a["src"].startswith("data:image/svg+xml;base64,")]
    assert "<img src=x" in found.text
    assert r"\x1b[2J\u202e" in found.text
    assert not set(text) & {"\x1b", "\u202e"}
    for attributes, _ in found.all("img"):
        picture = base64.b64decode(attributes["src"].partition(",")[2]).decode()
        assert "<img" not in picture
        assert "<script" not in picture


def test_downloads_are_the_tables(write_gguf):
    text, report = page("usual", write_gguf)
    data = report.data
    links = {a["download"]: a["href"] for a, _ in Page(text).all("a") if "download" in a}
    kind, content = links["tensors.csv"].split(",", 1)
    assert kind == "data:text/csv;charset=utf-8"
    assert not set(content) & set('"<>&# \r\n')
    rows = list(csv.DictReader(io.StringIO(unquote(content), newline="")))
    assert [row["name"] for row in rows] == list(data.profile.tensors)


@pytest.mark.parametrize("text", ["</script>", "<!--", "<script>", "&lt;", "\u2028", "]]>"])
def test_json_on_a_page_is_no_markup(text):
    found = script_json({text: text})
    assert json.loads(found) == {text: text}
    assert not set(found) & set("<>&\u2028")
