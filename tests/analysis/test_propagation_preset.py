"""Propagation as a preset of the analysis: where its numbers go, and what is said where it does not apply."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

import ggufscope as gs
from ggufscope.analysis.index.confound import PERMUTATIONS
from ggufscope.analysis.inputs.layer_table import GAINS, MATRICES, GainSeries, LayerTable, MatrixSeries
from ggufscope.analysis.presets.propagated import SCOPE, SCORES, SCORES_BEHIND_OPENINGS, propagation_scores, scores_of
from ggufscope.analysis.presets.propagation import Limit, Propagation, propagate
from ggufscope.analysis.presets.registry import PresetInput
from support.networks import KINDS, LAYERS, sample

N_LAYERS = 5


def given(n_layers: int = N_LAYERS) -> PresetInput:
    table = LayerTable(
        np.arange(n_layers),
        {name: MatrixSeries.absent(n_layers) for name in MATRICES},
        {name: GainSeries.absent(n_layers) for name in GAINS},
    )
    return PresetInput(table, "mean")


def propagation(layers: list[int], **changes: object) -> Propagation:
    column = np.array(layers, np.float64) + 1
    fields = dict.fromkeys(Propagation.__dataclass_fields__, column) | {
        "layers": np.array(layers),
        "preactivation_std": {role: column + place for place, role in enumerate(("q", "k", "v", "gate", "up"))},
        "head_entropy": np.stack([column, 3 * column], axis=1),
        "baseline": np.stack([-column, column], axis=1),
        "expert_spread": None,
        "preactivation_rms": {},
        "first_token_share": None,
        "entropy_bands": {},
        "overall_rms": {},
        "first_rms": {},
        "applicability": (),
        "assumptions": (),
    }
    return Propagation(**(fields | changes))


def test_every_score_has_its_place() -> None:
    spread = np.arange(5.0)
    found = scores_of(propagation([0, 1, 2, 3, 4], expert_spread=spread), given())
    assert set(found.series) == set(SCORES)
    np.testing.assert_array_equal(found.series["expert_spread"].values, spread)
    assert found.series["gate_std"].values.tolist() == [4, 5, 6, 7, 8]
    assert found.series["mean_head_entropy"].values.tolist() == [2, 4, 6, 8, 10]
    assert found.series["residual_rms"].values.tolist() == [1, 2, 3, 4, 5]
    assert {part.score for entry in found.components for part in entry.ingredients} <= set(found.series)
    assert found.per_head["baseline"].shape == (N_LAYERS, 2)


def test_a_dense_model_has_no_experts_to_differ() -> None:
    assert "expert_spread" not in scores_of(propagation([0, 1, 2, 3, 4]), given()).series


def test_heads_are_ranked_over_the_model_beside_their_baseline() -> None:
    entropy = np.array([[0.3, 0.9], [0.9, np.nan]])
    found = scores_of(propagation([0, 1], head_entropy=entropy, baseline=-entropy), given(2))
    np.testing.assert_array_equal(found.per_head["head_entropy_rank"], [[3, 1.5], [1.5, np.nan]])
    np.testing.assert_array_equal(found.per_head["baseline_rank"], [[1, 2.5], [2.5, np.nan]])


def test_assumptions_are_told() -> None:
    found = scores_of(propagation([0], assumptions=("the router is uniform",)), given(1))
    assert found.notes == (f"propagation: {SCOPE}", "propagation: the router is uniform")
    assert scores_of(propagation([0], head_entropy=None, baseline=None), given(1)).notes == ()


def test_layers_that_were_not_reached_are_unknown() -> None:
    entropy = np.array([[1.0, np.nan], [np.nan, np.nan]])
    found = scores_of(propagation([1, 2], head_entropy=entropy), given())
    np.testing.assert_array_equal(found.series["mean_head_entropy"].values, [np.nan, 1, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found.series["ffn_output_rms"].values, [np.nan, 2, 3, np.nan, np.nan])
    assert not found.series["ffn_output_rms"].complete


def test_what_does_not_apply_is_left_out_and_said() -> None:
    limit = Limit("head_entropy", "no attention heads are known")
    found = scores_of(propagation([0, 1, 2, 3, 4], head_entropy=None, applicability=(limit,)), given())
    assert np.isnan(found.series["mean_head_entropy"].values).all()
    assert found.series["residual_rms"].complete
    assert "head_entropy" not in found.per_head
    assert [(entry.score, entry.reason) for entry in found.applicability] == [
        ("propagation: head_entropy", "no attention heads are known")
    ]


def test_thirds_are_pooled_samples() -> None:
    rng = np.random.default_rng(0)
    samples = [rng.normal(layer, 1 + layer, 1000) for layer in range(N_LAYERS)]
    mean, std = (np.array([getattr(values, what)() for values in samples]) for what in ("mean", "std"))
    found = scores_of(propagation([0, 1, 2, 3, 4], ffn_mean=mean, ffn_std=std), given())
    assert [(third.third, third.layers) for third in found.thirds] == [
        ("early", (0, 1)), ("middle", (2,)), ("late", (3, 4)),
    ]  # fmt: skip
    for third in found.thirds:
        together = np.concatenate([samples[layer] for layer in third.layers])
        assert third.values["ffn_mean"] == pytest.approx(together.mean(), rel=1e-12)
        assert third.values["ffn_std"] == pytest.approx(together.std(), rel=1e-12)
        assert third.values["near_zero_share"] == np.mean(third.layers) + 1


def test_a_third_that_was_not_reached_is_undefined() -> None:
    found = scores_of(propagation([0, 1, 2]), given())
    assert [np.isnan(third.values["ffn_std"]) for third in found.thirds] == [False, False, True]
    assert [third.third for third in scores_of(propagation([0]), given(1)).thirds] == ["early"]


def test_it_needs_the_model() -> None:
    with pytest.raises(ValueError, match="needs the model itself"):
        propagation_scores(given())


def test_a_trained_model(stories260k, tmp_path) -> None:
    analysis = gs.analyze(stories260k)
    assert list(analysis.presets) == ["heuristic", "propagation"]
    scores = analysis.presets["propagation"]
    assert (scores["near_zero_share"] > 0).all()
    assert (scores["mean_head_entropy"] < 1).all()
    (agreement,) = analysis.document.agreement
    assert -1 <= agreement.tau <= 1
    analysis.save(tmp_path)
    assert "propagat" in (tmp_path / "report.md").read_text()
    per_head = gs.Analysis.load(tmp_path).document.other_presets[0].per_head
    assert {"head_entropy", "baseline"} <= set(per_head)
    heads = analysis.heads
    assert {values.shape for values in heads.values()} == {(5, 8)}
    expected = rankdata(-heads["head_entropy"]).reshape(5, 8)
    np.testing.assert_array_equal(heads["head_entropy_rank"], expected)
    np.testing.assert_array_equal(gs.Analysis.load(tmp_path).heads["baseline_rank"], heads["baseline_rank"])
    for role in ("q", "k", "v", "gate", "up"):
        assert (scores[f"{role}_rms"] > 0).all()
        assert f"{role}_std" not in scores


def test_openings_may_be_left_out(stories260k) -> None:
    """Then it is the plain mean field, whose scores are as they were."""
    analysis = gs.analyze(stories260k, opening=0)
    scores = analysis.presets["propagation"]
    assert analysis.document.settings.opening == 0
    assert "propagation: there are no exact openings: no opening was asked for" in analysis.document.notes
    assert f"propagation: {SCOPE}" in analysis.document.notes
    with gs.open(stories260k) as model:
        plain = propagate(model)
    np.testing.assert_allclose(analysis.heads["head_entropy"], plain.head_entropy, rtol=1e-9)
    for role in ("q", "k", "v", "gate", "up"):
        np.testing.assert_allclose(scores[f"{role}_std"], plain.preactivation_std[role], rtol=1e-9)
        assert f"{role}_rms" not in scores


def test_how_many_tokens_the_model_writes_is_a_choice(stories260k) -> None:
    usual, short = (gs.analyze(stories260k, preset="propagation", opening=written) for written in (8, 3))
    assert "4 openings are read exactly, 1 in front of a prompt and 8 tokens" in " ".join(usual.document.notes)
    assert "1 in front of a prompt and 3 tokens" in " ".join(short.document.notes)
    assert (usual.document.settings.opening, short.document.settings.opening) == (8, 3)
    assert not np.array_equal(usual.heads["head_entropy"], short.heads["head_entropy"])
    for wrong in (-1, True, 1.5, 1025):
        with pytest.raises(ValueError, match="opening must be a number of tokens from 0 to 1024"):
            gs.analyze(stories260k, opening=wrong)


def test_bands_and_first_tokens_are_told_of_every_head(stories260k) -> None:
    heads = gs.analyze(stories260k, preset="propagation").heads
    names = ("head_entropy", "first_token_share", "first_token_share_rank", "head_entropy_1_3", "head_entropy_32_63")
    assert set(names) <= set(heads)
    assert {heads[name].shape for name in names} == {(5, 8)}
    assert ((heads["first_token_share"] > 0) & (heads["first_token_share"] < 1)).all()


def test_a_model_without_openings_says_why(write_gguf) -> None:
    notes = gs.analyze(write_gguf(**sample("llama").file())).document.notes
    assert "propagation: there are no exact openings: there is no output_norm" in notes


@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_in_whole(write_gguf, kind: str) -> None:
    """The preset is complete, or says of each score that is not why; what was assumed reaches the report."""
    analysis = gs.analyze(write_gguf(**sample(kind).file()))
    scores = analysis.presets["propagation"]
    reasons = {entry.score for entry in analysis.document.applicability}
    for name in SCORES:
        if name in scores and np.isnan(scores[name]).any():
            assert "propagation: preactivation_std.gate" in reasons
            assert name == "gate_std"
    assert np.isfinite(scores["risk"]).all()
    assert len(scores["risk"]) == LAYERS
    has_experts = bool(KINDS[kind].experts)
    assert ("expert_spread" in scores) == has_experts
    assert any("scores of experts are taken as Gaussian" in note for note in analysis.document.notes) == has_experts
    assert ("scores of experts are taken as Gaussian" in analysis.to_markdown()) == has_experts


def test_its_quantities_are_tested_for_the_quantizer_too(stories260k) -> None:
    document = gs.analyze(stories260k).document
    assert document.settings.permutations == PERMUTATIONS
    tested = {(entry.preset, entry.quantity): entry.status for entry in document.confounds}
    assert len(tested) == len(document.confounds)
    for name in ("risk", *SCORES_BEHIND_OPENINGS):
        if name != "expert_spread":
            assert tested["propagation", name] == "single type"
    assert tested["heuristic", "risk"] == "single type"


def test_the_hypotheses_are_about_the_study_whichever_preset_runs(stories260k) -> None:
    """H6 is a claim of the study about its own index; where the last layer stands in another one is a remark."""
    both, alone = gs.analyze(stories260k), gs.analyze(stories260k, preset="propagation")
    assert list(alone.presets) == ["propagation"]
    assert alone.document.hypotheses == both.document.hypotheses
    rank, p_first = (alone.layers[name][-1] for name in ("rank", "p_first"))
    assert alone.hypotheses["H6"].remark == (
        f"the last layer has rank {rank:g} in the index of preset propagation, first with probability {p_first:.2f}"
    )
    assert gs.analyze(stories260k, preset="heuristic").hypotheses["H6"].remark is None
    assert {entry.preset for entry in alone.document.confounds} == {"heuristic", "propagation"}
