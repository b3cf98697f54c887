"""Selections of nothing are refused with what there is; parts of one that select nothing are warned of."""

from __future__ import annotations

from typing import Any

import pytest

from ggufscope.models.emptiness import require_some
from ggufscope.models.selection import Selection

TENSORS = [
    ("token_embd.weight", None, "token_embd"),
    *((f"blk.{layer}.attn_v.weight", layer, "attn_v") for layer in (0, 1, 2, 5)),
    ("odd", None, None),
]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"role": ["attn_vv"]}, "no tensor has role 'attn_vv'; roles: attn_v, token_embd"),
        ({"role": ["attn"], "layers": "0"}, "no tensor has role 'attn'; roles: attn_v, token_embd"),
        ({"layers": "9"}, "no tensor is in layer 9; layers: 0-2,5"),
        ({"layers": "3-4,7-"}, "no tensor is in layers 3-4; layers: 0-2,5"),
        ({"tensors": ["blk.0.atn_v*"]},
         "no tensor has the name 'blk.0.atn_v*'; names: blk.*.attn_v.weight, token_embd.weight, odd"),
        ({"role": ["token_embd"], "layers": "0-1"},
         "no tensor is selected by all of --role (1 tensor) and --layers (2 tensors)"),
    ],
)  # fmt: skip
def test_nothing_selected(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match="no tensor") as refused:
        require_some(Selection.of(**asked), TENSORS)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("asked", "warnings"),
    [
        ({}, []),
        ({"layers": "2-9"}, []),
        ({"role": ["attn_v", "attn_q"]}, ["no tensor has role 'attn_q'; roles: attn_v, token_embd"]),
        ({"layers": "0,9", "tensors": ["blk*", "x"]},
         ["no tensor has the name 'x'; names: token_embd.weight, blk.*.attn_v.weight, odd",
          "no tensor is in layer 9; layers: 0-2,5"]),
    ],
)  # fmt: skip
def test_something_selected(asked: dict[str, Any], warnings: list[str], caplog: pytest.LogCaptureFixture) -> None:
    require_some(Selection.of(**asked), TENSORS)
    assert [record.getMessage() for record in caplog.records] == warnings


def test_names_with_brackets_are_found_as_they_are() -> None:
    tensors = [("a[0].w", 0, "x[0]"), ("b", None, None)]
    for asked in ({"tensors": ["a[0].w"]}, {"role": ["x[0]"]}):
        require_some(Selection.of(**asked), tensors)
        assert [Selection.of(**asked).matches(*tensor) for tensor in tensors] == [True, False]


def test_of_very_many_roles_and_layers_some_are_offered() -> None:
    tensors = [(f"blk.{2 * number}.r{number}", 2 * number, f"r{number}") for number in range(3000)]
    with pytest.raises(ValueError, match=r"roles: r0, r1, .* and 2960 more$"):
        require_some(Selection.of(role=["none"]), tensors)
    with pytest.raises(ValueError, match=r"layers: 0,2,4,.*,78 and 2960 ranges more$"):
        require_some(Selection.of(layers="1"), tensors)


def test_models_without_tensors_layers_or_roles() -> None:
    require_some(Selection.of(sort="name", top=3), [])  # narrows nothing
    for asked, tensors, sentence in (
        ({"layers": "0"}, [], "there are no tensors to select from"),
        ({"layers": "0"}, [("odd", None, None)], "no tensor is in layer 0; no tensor is in a layer"),
        ({"role": ["x"]}, [("odd", None, None)], "no tensor has role 'x'; none has a role"),
    ):
        with pytest.raises(ValueError, match="tensor") as refused:
            require_some(Selection.of(**asked), tensors)  # type: ignore[arg-type]
        assert str(refused.value) == sentence
