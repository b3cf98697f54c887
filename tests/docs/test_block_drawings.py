"""docs/concepts/types.md draws every type with blocks, as the core declares them."""

from __future__ import annotations

import math

import pytest

from support.block_drawings import TYPES, drawings
from support.block_layouts import LAYOUTS, block_structs
from support.documents import ROOT, document

PAGE = document("docs/concepts/types.md")
STRUCTS = block_structs()


def test_every_type_with_blocks_is_drawn() -> None:
    assert set(LAYOUTS) == set(STRUCTS) == {name for name, row in TYPES.items() if row["elements_per_block"] > 1}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_drawn_block_is_that_of_the_core(name: str) -> None:
    layout, row = LAYOUTS[name], TYPES[name]
    fields = {field: sum(part.count * part.bits for part in parts) / 8 for field, parts in layout.fields.items()}
    assert list(fields.items()) == list(STRUCTS[name].fields.items())  # the order of the file, too
    assert sum(fields.values()) == row["bytes_per_block"]
    assert STRUCTS[name].formula.startswith(layout.formula)
    parts = [part for parts in layout.fields.values() for part in parts]
    assert max(part.count for part in parts if part.kind == "scale") == row["scales_per_block"]
    codes = [part for part in parts if part.kind == "code"]
    assert {part.count for part in codes} <= {row["elements_per_block"]}
    if row["code_bits"]:  # 8: a byte, for codes that are stored in two parts
        stored = sum(part.bits for part in codes)
        assert stored <= row["code_bits"]
        assert row["code_bits"] == 8 or math.ceil(stored) == row["code_bits"]


def test_drawings_are_those_of_the_layouts() -> None:
    images = ROOT / "docs" / "images"
    assert {path.name: path.read_text(encoding="utf-8") for path in images.glob("blocks-*.svg")} == drawings()
    assert all(f"(../images/{name})" in PAGE for name in drawings())
