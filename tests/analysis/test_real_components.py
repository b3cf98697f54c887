"""Components of the index on two real models: what is flat, what counts once, what then weighs how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ggufscope as gs
from ggufscope.report.charts import draw_apart
from ggufscope.report.content.results import ReportData
from ggufscope.report.content.shown import Shown
from ggufscope.report.markdown.document import render_report_markdown

if TYPE_CHECKING:
    from ggufscope.analysis.analysis_document import AnalysisDocument


@pytest.fixture(scope="module")
def smollm2_analysis(smollm2) -> AnalysisDocument:
    return gs.analyze(smollm2, preset="heuristic").document


@pytest.fixture(scope="module")
def gemma3_analysis(gemma3) -> AnalysisDocument:
    return gs.analyze(gemma3, preset="heuristic").document


def test_zeros_within_the_quantizers_own_noise_decide_nothing(smollm2_analysis):
    """Of 110 592 weights 15 to 79 are zero, 30 to 42 expected: they once spread over 25 points."""
    preset = smollm2_analysis.preset
    zeros = [record.value_zeros.zero_fraction * 110_592 for record in preset.layers]
    assert (round(min(zeros)), round(max(zeros))) == (15, 79)
    assert preset.flat == ["value_sparsity"]
    assert preset.noise == {"value_sparsity": "Q4_1's own noise"}
    assert {record.contributions["value_sparsity"] for record in preset.layers} == {12.5}
    assert "value_sparsity: flat, within Q4_1's own noise: 0.5 on every layer" in smollm2_analysis.warnings
    assert not any("spans" in warning for warning in smollm2_analysis.warnings)


def test_what_decides_nothing_is_named_where_it_is_shown(smollm2, gemma3):
    flat, equal = (render_report_markdown(Shown(ReportData(None, gs.analyze(path)))) for path in (smollm2, gemma3))
    assert "value sparsity: flat, within Q4\\_1's own noise" in flat
    assert "attention entropy: equal to value sparsity, counted once" in equal
    assert "norm of W\\_k: flat, within 5 %" in equal


def test_charts_name_it(smollm2):
    charts = {chart.name: chart for chart in draw_apart(ReportData(None, gs.analyze(smollm2))).charts}
    assert "Value sparsity: flat, within Q4_1's own noise." in charts["risk-heuristic"].sentence
    assert "flat: within Q4_1's own noise" in charts["value-sparsity"].sentence


def test_the_order_of_layers_without_that_noise(smollm2_analysis):
    top = sorted(smollm2_analysis.preset.layers, key=lambda record: record.rank)[:3]
    assert [record.layer for record in top] == [29, 28, 26]
    assert smollm2_analysis.preset.effective_weights == pytest.approx(
        {"k_norm": 1 / 6, "q_gate_ratio": 1 / 6, "ffn_dominance": 1 / 3, "norm_amplification": 1 / 3}
    )


def test_an_entropy_with_two_flat_inputs_is_value_sparsity(gemma3_analysis):
    preset = gemma3_analysis.preset
    assert preset.flat == ["k_norm", "q_gate_ratio"]
    assert preset.equal == {"attention_entropy": "value_sparsity"}
    assert preset.effective_weights == pytest.approx(
        {"ffn_dominance": 0.25, "value_sparsity": 0.5, "norm_amplification": 0.25}
    )
    assert preset.weights == preset.effective_weights
    assert preset.independent_components < len(preset.varying) == 3
    assert "attention_entropy: equal to value_sparsity, counted once" in gemma3_analysis.warnings
    assert preset.confounded == ["value_sparsity"]


def test_variants_have_the_same_components(gemma3_analysis, smollm2_analysis):
    """No norm scale and no scaling brings noise back, nor a component that was counted already."""
    for document in (gemma3_analysis, smollm2_analysis):
        taus = [variant.tau for variant in document.preset.variants]
        assert all(tau is not None and tau > 0.5 for tau in taus)
        for variant in document.preset.variants:
            assert sum(variant.p_first) == pytest.approx(1)
