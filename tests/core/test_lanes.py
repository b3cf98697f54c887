"""The 16-lane vocabulary gives the same bits on every instruction set, word by word."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ggufscope import _core

GENERIC_HEADER = Path(__file__).parents[2] / "cpp/simd/generic.h"


@pytest.fixture(scope="session")
def selftest(build_target: Callable[[str], Path]) -> Callable[[str], dict[str, str]]:
    """A function from the name of an instruction set to the hash of each word's results there."""
    tree = build_target("lanes_selftests")

    def hashes(isa: str) -> dict[str, str]:
        done = subprocess.run([tree / f"lanes_selftest_{isa}"], capture_output=True, text=True, check=True)
        return dict(line.split("\t") for line in done.stdout.splitlines())

    return hashes


def vocabulary() -> set[str]:
    """The signatures in generic.h, parameter names dropped; templates over types are helpers, not words."""
    text = GENERIC_HEADER.read_text(encoding="utf-8")
    functions = re.findall(r"^(template <class.*\n)?inline \w+ (\S+)\((.*?)\) \{", text, flags=re.MULTILINE)
    return {
        f"{name}({', '.join(parameter.rpartition(' ')[0] for parameter in parameters.split(', '))})"
        for helper, name, parameters in functions
        if not helper
    }


def test_the_selftest_runs_every_word(selftest: Callable[[str], dict[str, str]]) -> None:
    assert set(selftest("generic")) == vocabulary()


@pytest.mark.parametrize("isa", [isa for isa in _core.available_isas() if isa != "generic"])
def test_every_word_equals_the_generic_one(selftest: Callable[[str], dict[str, str]], isa: str) -> None:
    expected, found = selftest("generic"), selftest(isa)
    assert found.keys() == expected.keys()
    assert [word for word in expected if found[word] != expected[word]] == []
