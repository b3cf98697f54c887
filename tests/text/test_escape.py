"""No character from a file may act on the terminal."""

from __future__ import annotations

import html
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ggufscope.text.escape import escape, escape_markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("blk.0.attn_q.weight", "blk.0.attn_q.weight"),
        ("Größe 模型 🦙", "Größe 模型 🦙"),
        ("a\x1b[2J", r"a\x1b[2J"),
        ("line\nbreak\ttab\rreturn", r"line\nbreak\ttab\rreturn"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("lone \udc80", r"lone \udc80"),
        ("\U000e0041", r"\U000e0041"),
        ("", ""),
    ],
)
def test_shows_what_is_invisible(text: str, shown: str) -> None:
    assert escape(text) == shown


@given(st.text(st.characters(codec=None)))
def test_leaves_nothing_that_acts(text: str) -> None:
    shown = escape(text)
    assert not any(unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"} for c in shown)
    shown.encode("utf-8")


def test_takes_any_object() -> None:
    assert escape(ValueError("bad\x07")) == r"bad\x07"


@pytest.mark.parametrize(
    "text",
    ["[x](https://a.b)", "<b>x</b>", "![x](y)", "https://a.b", "www.a.b", "*x* _x_ `x` ~~x~~", "# x", "- x", "+ x",
     "1. x", "12) x", "| x |", "> x", "x\n---", "&lt;", "<!-- x -->", "***", "[x]: y", "a@b.cd"],
)  # fmt: skip
def test_nothing_is_markup_in_markdown(text: str) -> None:
    marked = escape_markdown(text)
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    assert html.unescape(parser.render(marked)).replace("\u200b", "") == f"<p>{escape(text)}</p>\n"
    types = {child.type for token in parser.parse(marked) for child in token.children or []}
    assert types <= {"text", "text_special"}
    assert not re.search(r"://|www\.|\w@\w", marked), "code hosts make links of these by themselves"


@pytest.mark.parametrize(
    ("text", "shown"), [("@user", "@&#8203;user"), ("x#12", "x#&#8203;12"), ("GH-7", "GH-&#8203;7")]
)
def test_nobody_is_told_and_nothing_is_linked(text: str, shown: str) -> None:
    assert escape_markdown(text) == shown
