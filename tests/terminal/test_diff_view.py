"""The terminal view of diffs: within narrow terminals nothing is cut, and no text of a file controls anything."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from ggufscope.diffs.limits import Limits, offenders
from ggufscope.diffs.rows import tensor_rows
from ggufscope.report.content.diff_words import cosine_text, percent_text, share_text
from ggufscope.terminal.columns import Column
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.diff import render_diff
from ggufscope.terminal.diff_metadata import render_metadata
from ggufscope.terminal.diff_tensors import DEFAULT_COLUMNS, render_diff_tensors, render_side_by_side
from ggufscope.terminal.diff_verdict import render_verdict
from ggufscope.text.escape import escape
from support.diffed_models import KINDS, made


def shown(render, width, *arguments, encoding="utf-8", **options):
    """The lines that a view prints on a terminal of this width."""
    file = io.TextIOWrapper(io.BytesIO(), encoding, errors="backslashreplace")
    console = Console(file=file, width=width, force_terminal=True, no_color=True, highlight=False, emoji=False,
                      markup=False)  # fmt: skip
    render(TerminalScreen(console), *arguments, **options)
    file.flush()
    text = file.buffer.getvalue().decode(encoding)
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


def views(kind, width):
    document = made(kind).document
    limits = Limits(max_nmse=0, min_cosine=1, identical=True)
    tables = [tensor_rows(model) for model in document.models]
    yield shown(render_diff, width, document)
    yield shown(render_metadata, width, document)
    yield shown(render_verdict, width, document, limits, offenders(document, limits))
    yield shown(render_diff_tensors, width, tables[0], list(DEFAULT_COLUMNS), chosen=False, top=None)
    yield shown(render_side_by_side, width, tables, None)


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("kind", KINDS)
def test_every_view_keeps_within_the_terminal(kind, width):
    for lines in views(kind, width):
        title = escape(made(kind).title)
        assert not [line for line in lines if len(line.rstrip()) > width and title not in line]
        assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("width", [40, 80])
def test_no_name_and_no_number_is_cut(width):
    (model,) = made("quantized").models
    *_, table, _ = views("quantized", width)
    text = "\n".join(table)
    assert "…" not in text
    for row in tensor_rows(model):
        assert row["name"] in text
        assert re.search(rf"(^|\s){re.escape(percent_text(row['nmse']))}\s.*{re.escape(row['name'])}", text, re.M)


def test_roles_stand_below_each_other_where_there_is_no_room():
    document = made("quantized").document
    wide, narrow = (shown(render_diff, width, document) for width in (80, 40))
    heads = [line.split() for line in wide if line.startswith("layer")]
    folded = [line.split() for line in narrow if line.startswith("layer")]
    assert len(heads) == 1
    assert len(folded) > 1
    assert [role for head in folded for role in head[1:]] == heads[0][1:]
    assert sum(line.startswith("    0 ") for line in narrow) == len(folded)


def test_columns_give_way_in_their_order_and_names_get_lines_of_their_own():
    columns = [
        Column("a", ["12345678"], yields=1),
        Column("b", ["12345678"], yields=2),
        Column("c", ["12345678"]),
        Column("name", ["x" * 25], "name"),
    ]

    def lines_at(width):
        return [line.strip() for line in shown(lambda screen: screen.table(columns), width)]

    assert lines_at(60)[0].split() == ["a", "b", "c", "name"]
    assert lines_at(50)[0].split() == ["a", "c", "name"]
    assert lines_at(50)[2] == "not shown at 50 columns: b · --json has all"
    assert lines_at(40)[0].split() == ["c", "name"]
    assert lines_at(40)[2:] == ["not shown at 40 columns: a, b · --json", "has all"]
    assert lines_at(30)[:2] == ["name", "a         b         c"]
    assert lines_at(30)[2:] == ["x" * 25, "12345678  12345678  12345678"]
    assert lines_at(20)[2:4] == ["x" * 20, "x" * 5], "a name is folded where it is wider than the terminal"


def test_the_definition_has_characters_that_the_terminal_has():
    text = " ".join(" ".join(shown(render_diff, 80, made("quantized").document, encoding="ascii")).split())
    assert "NMSE: sum of (b - a)^2 / sum of a^2" in text
    assert "F32 -> Q4_0" in text


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        (percent_text, 0.0, "0"),
        (percent_text, 0.0073456, "0.735"),
        (percent_text, 0.0071, "0.710"),
        (percent_text, 2.875e-5, "0.00287"),
        (percent_text, 1e-14, "1.0e-12"),
        (percent_text, 25.0, "2500"),
        (share_text, 0.9999715, "99.997"),
        (share_text, 1.0, "100"),
        (share_text, 0.00008, "0.008"),
        (cosine_text, 1.0, "1"),
        (cosine_text, 0.99636, "0.9964"),
        (cosine_text, 0.999986, "0.999986"),
        (cosine_text, 1 - 2e-9, "0.9999999980"),
        (cosine_text, -0.5, "-0.5000"),
    ],
)
def test_numbers_are_short_and_not_rounded_to_what_they_are_not(text, value, expected):
    assert text(value) == expected
