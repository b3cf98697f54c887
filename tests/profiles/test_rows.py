"""Rows, tables of heads and sketches of a profile compare by value, copy and pickle."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.arrays.equality import equal
from support import small_models
from support.pickling import through_pickle


def rows_of(profile: gs.Profile) -> list[Any]:
    tables = (profile.tensors, profile.layers, profile.roles, profile.thirds, profile.experts, profile.layer_roles)
    return [profile.total, *(row for table in tables for row in table.values())]


@pytest.mark.parametrize("described", [small_models.llama(), small_models.mixture(), small_models.ridden()],
                         ids=["llama", "mixture", "ridden with NaN"])  # fmt: skip
def test_profiles_of_a_file_have_equal_rows(write_gguf: Any, described: dict[str, Any]) -> None:
    path = write_gguf(**described)
    rows, again = rows_of(gs.profile(path, threads=1)), rows_of(gs.profile(path, threads=2))
    assert rows == again == copy.deepcopy(rows) == through_pickle(rows)
    for place, row in enumerate(rows):
        assert rows.index(row) == place  # no other row is equal to it


def test_a_place_is_part_of_a_row(write_gguf: Any) -> None:
    row = gs.profile(write_gguf(**small_models.llama())).tensors["blk.0.attn_q.weight"]
    other = copy.copy(row)
    assert row == other
    other.layer = 1
    assert row != other
    assert row != dict(row)
    assert not equal({"rows": [row]}, {"rows": [other]})
    assert equal({"rows": [row]}, {"rows": [copy.copy(row)]})
    with pytest.raises(TypeError, match="unhashable"):
        hash(row)


def test_heads_compare_by_value(write_gguf: Any) -> None:
    profile = gs.profile(write_gguf(**small_models.llama()))
    table = profile.heads["attn_q"]
    assert table == copy.deepcopy(table) == through_pickle(table)
    assert table != profile.heads["attn_k"]
    norms = table.l2_norm.copy()
    norms[0, 0] = np.nan
    undefined = replace(table, fields=table.fields | {"l2_norm": norms})
    assert undefined == copy.deepcopy(undefined)
    assert undefined != table
    assert profile.magnitudes == through_pickle(profile.magnitudes)
    with pytest.raises(TypeError, match="unhashable"):
        hash(table)
