"""The tensors of a model as a mapping from names, and its positions beside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs

if TYPE_CHECKING:
    from ggufscope.models.tensor_table import Tensors

NAMES = ["token_embd.weight", "blk.0.attn_q.weight", "blk.0.ffn_gate_exps.weight", "blk.1.attn_norm.weight", "odd name"]


@pytest.fixture
def tensors(small: Path) -> Iterator[Tensors]:
    with gs.open(small) as model:
        yield model.tensors


def test_positions_stand_in_brackets(tensors: Tensors) -> None:
    assert tensors[0] is tensors["token_embd.weight"]
    assert tensors[-1].name == "odd name"
    assert tensors[np.int64(1)].name == NAMES[1]
    assert [tensor.name for tensor in tensors[1:3]] == NAMES[1:3]
    for position in (5, -6):
        with pytest.raises(IndexError):
            tensors[position]


def test_names_are_the_keys(tensors: Tensors) -> None:
    assert list(tensors) == list(tensors.keys()) == NAMES
    assert [tensor.index for tensor in tensors.values()] == list(range(5))
    assert [(name, tensor.name) for name, tensor in tensors.items()] == list(zip(NAMES, NAMES, strict=True))
    assert tensors == dict(tensors)
    assert tensors != {}
    assert ("odd name", tensors["odd name"]) in tensors.items()


@pytest.mark.parametrize("key", [0, -1, 999, None, 1.5, "missing"])
def test_nothing_else_is_a_key(tensors: Tensors, key: Any) -> None:
    assert key not in tensors
    assert key not in tensors.keys()  # noqa: SIM118  the view has a test of membership of its own
    assert (key, tensors[0]) not in tensors.items()
    assert tensors.get(key) is None
    assert tensors.get(key, "default") == "default"


def test_get_finds_names(tensors: Tensors) -> None:
    assert tensors.get("odd name") is tensors[-1]
    assert tensors.get("odd name", "default") is tensors[-1]


def test_a_wrong_name_is_told_with_those_near_it(tensors: Tensors) -> None:
    with pytest.raises(KeyError, match=r"no tensor 'blk\.0\.attn_q'; near: 'blk\.0\.attn_q\.weight'"):
        tensors["blk.0.attn_q"]
    with pytest.raises(KeyError, match=r"no tensor 'ZZZ'\"$"):
        tensors["ZZZ"]


@pytest.mark.parametrize("key", [None, 1.5, ("odd name",)])
def test_what_is_neither_name_nor_position_is_refused(tensors: Tensors, key: Any) -> None:
    with pytest.raises(TypeError):
        tensors[key]
