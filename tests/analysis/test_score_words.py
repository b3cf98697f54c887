"""Names of scores in sentences for people: every score of every preset is known, and nothing else is touched."""

import pytest

from ggufscope.analysis.inputs.gauge import PRODUCTS
from ggufscope.analysis.presets import heuristic, probe, propagated
from ggufscope.analysis.presets.registry import scores
from ggufscope.analysis.score_words import in_words, score_words
from ggufscope.analysis.verdicts import invariant_risk

NAMES = sorted(
    {
        *scores(heuristic.NAME),
        *propagated.SCORES,
        *probe.SCORES,
        *probe.ANALOGUES.values(),
        *PRODUCTS,
        *(
            name
            for module in (heuristic, probe, propagated, invariant_risk)
            for component in module.COMPONENTS
            for name in (component.name, *(ingredient.score for ingredient in component.ingredients))
        ),
    }
)


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_has_no_name_of_a_field(name):
    sentence = in_words(f"{name}, risk follow the quantization types: {name}.")
    assert sentence == f"{score_words(name)}, risk follow the quantization types: {score_words(name)}."
    assert name not in sentence or "_" not in name


@pytest.mark.parametrize("name", ["attn_q", "blk.0.ffn_down.weight", "blk.3.attn_k_norm.weight", "W_v", "g_attn"])
def test_tensors_and_roles_keep_their_names(name):
    assert in_words(f"{name} has NaN or Inf, {name}.") == f"{name} has NaN or Inf, {name}."
