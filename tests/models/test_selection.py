"""The options that choose rows and columns."""

from __future__ import annotations

from typing import Any

import pytest

from ggufscope.models.selection import Selection

ROWS: list[dict[str, Any]] = [
    {"name": "token_embd.weight", "layer": None, "role": "token_embd", "kurtosis": 0.5},
    {"name": "blk.0.attn_v.weight", "layer": 0, "role": "attn_v", "kurtosis": 2.0},
    {"name": "blk.1.attn_v.weight", "layer": 1, "role": "attn_v", "kurtosis": None},
    {"name": "blk.2.ffn_up.weight", "layer": 2, "role": "ffn_up", "kurtosis": -1.0},
    {"name": "odd", "layer": None, "role": None, "kurtosis": 2.0},
]


def names(**options: Any) -> list[str]:
    return [row["name"].removesuffix(".weight") for row in Selection.of(**options).rows(ROWS)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["token_embd", "blk.0.attn_v", "blk.1.attn_v", "blk.2.ffn_up", "odd"]),
        ({"tensors": ["blk.*.attn_v*"]}, ["blk.0.attn_v", "blk.1.attn_v"]),
        ({"tensors": ["odd", "token*"]}, ["token_embd", "odd"]),
        ({"tensors": ["BLK*"]}, []),
        ({"layers": "0-1"}, ["blk.0.attn_v", "blk.1.attn_v"]),
        ({"layers": "2,0"}, ["blk.0.attn_v", "blk.2.ffn_up"]),
        ({"layers": " 1 - "}, ["blk.1.attn_v", "blk.2.ffn_up"]),
        ({"role": ["attn_v"], "layers": "1"}, ["blk.1.attn_v"]),
        ({"role": ["ffn_*", "token_embd"]}, ["token_embd", "blk.2.ffn_up"]),
        ({"sort": "kurtosis"}, ["blk.0.attn_v", "odd", "token_embd", "blk.2.ffn_up", "blk.1.attn_v"]),
        ({"sort": "kurtosis:asc"}, ["blk.2.ffn_up", "token_embd", "blk.0.attn_v", "odd", "blk.1.attn_v"]),
        ({"sort": "name"}, ["blk.0.attn_v", "blk.1.attn_v", "blk.2.ffn_up", "odd", "token_embd"]),
        ({"sort": "name:desc", "top": 2}, ["token_embd", "odd"]),
        ({"top": 1}, ["token_embd"]),
        ({"top": 99, "layers": "7"}, []),
    ],
)
def test_rows(options: dict[str, Any], expected: list[str]) -> None:
    assert names(**options) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": ""}, "--layers"),
        ({"layers": "3-1"}, "--layers"),
        ({"layers": "a"}, "--layers"),
        ({"layers": "1 2"}, "--layers"),
        ({"layers": "-3"}, "--layers"),
        ({"layers": "1,,2"}, "--layers"),
        ({"top": 0}, "--top"),
        ({"sort": "kurtosis:up"}, "--sort"),
        ({"sort": "kurtosis:"}, "--sort"),
        ({"sort": ":desc"}, "--sort"),
        ({"sort": ""}, "--sort"),
        ({"columns": " , "}, "--columns"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Selection.of(**options)


def test_unknown_columns_are_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no column 'nope'; there are name, layer, role, kurtosis"):
        Selection.of(sort="nope").rows(ROWS)
    with pytest.raises(ValueError, match=r"no column 'nope'; there are name, type"):
        Selection.of(columns="name,nope").shown_columns(["name", "type"], ["name"])


def test_columns() -> None:
    assert Selection.of().shown_columns(["name", "type"], ["name"]) == ["name"]
    assert Selection.of(columns="type, name").shown_columns(["name", "type"], ["name"]) == ["type", "name"]


def test_filters_says_whether_the_table_is_whole() -> None:
    assert not Selection.of(columns="name").filters
    assert all(Selection.of(**o).filters for o in ({"top": 1}, {"layers": "0"}, {"sort": "name"}, {"role": ["x"]}))
