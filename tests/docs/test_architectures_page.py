"""docs/architectures.md says what is so: its rows are made from the data, its numbers within what is asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ggufscope.architecture.families import FAMILIES
from support.architectures.page import HEAD, row

DOCUMENT = (Path(__file__).parents[2] / "docs" / "architectures.md").read_text(encoding="utf-8")
TOLERANCE = 1e-4
ROWS = [line for line in DOCUMENT.splitlines() if line.startswith("| `")]


def test_all_architectures_have_their_row_in_order() -> None:
    assert "\n".join([*HEAD, *ROWS]) in DOCUMENT
    assert [re.findall(r"`([^`]+)`", line)[0] for line in ROWS] == list(FAMILIES)


@pytest.mark.parametrize("line", ROWS, ids=lambda line: line.split("`")[1])
def test_a_row_is_made_of_the_data(line: str) -> None:
    name = line.split("`")[1]
    logits, entropy = (cell.strip() for cell in line.split(" | ")[3:5])
    assert line == row(name, (logits, entropy))
    assert 0 <= float(logits) <= TOLERANCE
    assert 0 <= float(entropy) <= TOLERANCE


def test_what_is_refused_is_not_known() -> None:
    refused = re.findall(r"`([^`]+)`", DOCUMENT[DOCUMENT.index("## Refused by name") :])
    assert refused
    assert not set(refused) & set(FAMILIES)
