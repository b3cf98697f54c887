"""No character from a file may act on the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggufscope.text.escape import escape


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
