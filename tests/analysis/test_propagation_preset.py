"""Propagation as a preset of the analysis: where its numbers go, and what is said where it does not apply."""

from __future__ import annotations

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.layer_table import GAINS, MATRICES, Gain, LayerTable, Matrix
from ggufscope.analysis.propagation import Limit, Propagation
from ggufscope.analysis.propagation_preset import SCORES, propagation_scores, scores_of
from ggufscope.analysis.registry import PresetInput

N_LAYERS = 5


def given(n_layers: int = N_LAYERS) -> PresetInput:
    table = LayerTable(
        np.arange(n_layers),
        {name: Matrix.absent(n_layers) for name in MATRICES},
        {name: Gain.absent(n_layers) for name in GAINS},
    )
    return PresetInput(table, "mean")


def propagation(layers: list[int], **changes: object) -> Propagation:
    column = np.array(layers, np.float64) + 1
    fields = dict.fromkeys(Propagation.__dataclass_fields__, column) | {
        "layers": np.array(layers),
        "preactivation_std": {},
        "head_entropy": np.stack([column, 3 * column], axis=1),
        "baseline": np.stack([-column, column], axis=1),
        "expert_spread": None,
        "applicability": (),
        "assumptions": (),
    }
    return Propagation(**(fields | changes))


def test_every_score_has_its_place() -> None:
    found = scores_of(propagation([0, 1, 2, 3, 4]), given())
    assert set(found.series) == set(SCORES)
    assert found.series["mean_head_entropy"].values.tolist() == [2, 4, 6, 8, 10]
    assert found.series["residual_rms"].values.tolist() == [1, 2, 3, 4, 5]
    assert {part.score for entry in found.components for part in entry.ingredients} <= set(found.series)
    assert found.per_head["baseline"].shape == (N_LAYERS, 2)


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
