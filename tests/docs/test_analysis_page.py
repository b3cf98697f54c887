"""docs/analysis.md names every score, preset and hypothesis of the registries."""

from __future__ import annotations

import re
from pathlib import Path

from ggufscope.analysis.presets.heuristic import NAME
from ggufscope.analysis.presets.registry import PRESETS, scores
from ggufscope.analysis.verdicts.hypotheses import HYPOTHESES

DOCUMENT = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text(encoding="utf-8")


def test_every_score_has_a_row() -> None:
    table = DOCUMENT[DOCUMENT.index("| score | formula |") :].partition("\n\n")[0]
    named = [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert set(named) == {*scores(NAME), "attention_entropy"}  # the one component that is no score


def test_every_preset_is_named() -> None:
    assert [name for name in PRESETS if name != NAME and f"`{name}`" not in DOCUMENT] == []


def test_every_hypothesis_has_a_row() -> None:
    assert re.findall(r"^\| (H\d) \|", DOCUMENT, flags=re.MULTILINE) == [
        *(hypothesis.id for hypothesis in HYPOTHESES),
        "H6",
    ]
