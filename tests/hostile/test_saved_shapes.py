"""Saved results whose parts do not fit together are refused by a line that names the place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ggufscope as gs
from ggufscope.analysis.analysis_form import ANALYSIS_FORM
from ggufscope.diffs.diff_document import DIFF_FORM
from ggufscope.runtime.trace_document import TRACE_FORM
from support.diffed_models import made

SAVED = Path(__file__).parents[1] / "saving" / "saved"


def first(names: dict[str, Any]) -> str:
    return next(iter(names))


def lose_score(document: dict[str, Any]) -> None:
    document["layers"][1]["scores"].popitem()


def lose_formula(document: dict[str, Any]) -> None:
    del document["preset"]["formulas"][first(document["layers"][0]["scores"])]


def lose_component(document: dict[str, Any]) -> None:
    del document["layers"][0]["components"][first(document["preset"]["weights"])]


def repeat_layer(document: dict[str, Any]) -> None:
    for layers in (document["layers"], *(preset["layers"] for preset in document["other_presets"])):
        layers[1]["layer"] = layers[0]["layer"]


def short_heads(document: dict[str, Any]) -> None:
    document["preset"]["per_head"] = {"head_entropy": [[1.0]] * (len(document["layers"]) - 1)}


def other_ranks(document: dict[str, Any]) -> None:
    n = len(document["layers"])
    document["preset"]["per_head"] = {"head_entropy": [[1.0, 2.0]] * n, "head_entropy_rank": [[1.0]] * n}


def lose_layer(document: dict[str, Any]) -> None:
    document["layers"].pop()


def short_product(document: dict[str, Any]) -> None:
    document["gauge"]["products"][first(document["gauge"]["products"])].pop()


def short_variant(document: dict[str, Any]) -> None:
    document["preset"]["variants"][0]["risk"].pop()


ANALYSES: dict[Callable[[dict[str, Any]], None], str] = {
    lose_score: "layers.1.scores: not the scores of the other layers",
    lose_formula: "preset.formulas: '",
    lose_component: "layers.0.components: '",
    repeat_layer: "layers: a layer stands there twice, or is below 0",
    short_heads: "preset.per_head.head_entropy: ",
    other_ranks: "preset.per_head.head_entropy_rank: not the heads that are ranked",
    lose_layer: "",
    short_product: "gauge.products.",
    short_variant: "preset.variants.0.risk: ",
}


@pytest.mark.parametrize("damage", ANALYSES, ids=lambda damage: damage.__name__)
def test_an_analysis_that_does_not_fit_together(damage: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((SAVED / "analysis-report.json").read_text())
    ANALYSIS_FORM.from_json(json.dumps(document))
    damage(document)
    with pytest.raises(ANALYSIS_FORM.error) as refusal:
        ANALYSIS_FORM.from_json(json.dumps(document))
    assert str(refusal.value).startswith(f"malformed analysis: {ANALYSES[damage]}")


@pytest.mark.parametrize("table", ["layers", "heads"])
def test_a_trace_in_which_a_prompt_lacks_a_figure(table: str) -> None:
    document = json.loads((SAVED / "trace.json").read_text())
    TRACE_FORM.from_json(json.dumps(document))
    name = first(document["prompts"][-1][table])
    del document["prompts"][-1][table][name]
    last = len(document["prompts"]) - 1
    with pytest.raises(TRACE_FORM.error, match=rf"malformed trace: prompts\.{last}\.{table}: '{name}' is missing"):
        TRACE_FORM.from_json(json.dumps(document))


def test_heads_of_a_profile_with_a_count_that_no_table_holds() -> None:
    document = json.loads((SAVED / "profile.json").read_text())
    for value in (-1, 2**63, 10**200):
        document["heads"][0]["fields"]["n_elements"][0][0] = value
        with pytest.raises(gs.ProfileError, match="the table of n_elements has a number that is no count"):
            gs.Profile.from_json(json.dumps(document))


@pytest.mark.parametrize(
    "place",
    ["reference.n_bytes", "models.0.summary.n_tensors", "models.0.tensors.1.layer", "models.0.tensors.2.shape.0"],
)
@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**200])
def test_a_diff_with_an_integer_that_no_table_holds(place: str, value: int) -> None:
    plain = json.loads(made("quantized").to_json())
    *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    part = plain
    for step in steps:
        part = part[step]
    part[last] = value
    with pytest.raises(gs.DiffError, match=rf"^malformed diff: {place}: no integer of 64 bits$"):
        DIFF_FORM.from_json(json.dumps(plain))
