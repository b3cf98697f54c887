"""The 16-lane vocabulary gives the same bits on every instruction set, word by word."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ggufscope import _core

if TYPE_CHECKING:
    from support.building import LanesHashes

GENERIC_HEADER = Path(__file__).parents[2] / "cpp/simd/generic.h"


def vocabulary() -> set[str]:
    """The signatures in generic.h, parameter names dropped; templates over types are helpers, not words."""
    text = GENERIC_HEADER.read_text(encoding="utf-8")
    functions = re.findall(r"^(template <class.*\n)?inline \w+ (\S+)\((.*?)\) \{", text, flags=re.MULTILINE)
    return {
        f"{name}({', '.join(parameter.rpartition(' ')[0] for parameter in parameters.split(', '))})"
        for helper, name, parameters in functions
        if not helper
    }


def test_the_selftest_runs_every_word(lanes_hashes: Callable[[str], LanesHashes]) -> None:
    assert set(lanes_hashes("generic")) == vocabulary()


@pytest.mark.parametrize("isa", [isa for isa in _core.available_isas() if isa != "generic"])
def test_every_word_equals_the_generic_one(lanes_hashes: Callable[[str], LanesHashes], isa: str) -> None:
    expected, found = lanes_hashes("generic"), lanes_hashes(isa)
    assert found.keys() == expected.keys()
    assert [word for word in expected if found[word] != expected[word]] == []
