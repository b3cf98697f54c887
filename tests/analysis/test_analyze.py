"""Whole analyses of files in which something was planted, or nothing."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.analyzing import analyze_with
from ggufscope.analysis.inputs.layer_table import Applicability
from ggufscope.analysis.presets.registry import PRESETS, Component, Ingredient, PresetScores, Series, preset
from ggufscope.analysis.settings import make_settings
from ggufscope.synth import synthesize
from support.analysis_models import language_model

DEPTH = np.linspace(0, 1, 16)


def verdicts(analysis):
    return {id_: finding.verdict for id_, finding in analysis.hypotheses.items()}


def test_planted_trends_of_a_synthetic_file_are_found(tmp_path):
    synthesize("tiny", tmp_path / "tiny.gguf", "F16", layers=16)
    found = gs.analyze(tmp_path / "tiny.gguf")
    assert {id_: verdict for id_, verdict in verdicts(found).items() if verdict == "holds"}.keys() >= {"H3", "H5"}
    assert found.hypotheses["H3"].value == pytest.approx(1.3, abs=0.1)
    assert found.hypotheses["H5"].value == pytest.approx(0.48 / 0.34 - 1, abs=0.05)
    assert found.hypotheses["H1"].verdict == found.hypotheses["H2"].verdict == "does not hold"
    assert any("synthetic" in warning for warning in found.warnings)


PLANTED = {
    "H1": {"zeros": True},
    "H2": {"sizes": {"attn_q": 1 - 0.3 * DEPTH}},
    "H3": {"sizes": {"attn_v": 1 + DEPTH}},
    "H4": {"sizes": {"attn_q": 1 - 0.3 * DEPTH}},
    "H5": {"gain_sizes": {"ffn_norm": 1 + DEPTH}},
}


@pytest.mark.parametrize("id_", PLANTED)
def test_each_planted_trend_is_found_and_nothing_else(write_gguf, id_):
    planted = dict(PLANTED[id_])
    zeros = planted.pop("zeros", False)
    arguments = language_model(16, **planted)
    for layer in range(0, 16, 2) if zeros else ():
        arguments["tensors"][f"blk.{layer}.attn_v.weight"][:, ::5] = 0
    found = verdicts(gs.analyze(write_gguf(**arguments)))
    expected = {"H2", "H4"} if id_ in {"H2", "H4"} else {id_}
    assert {name for name, verdict in found.items() if verdict == "holds" and name != "H6"} == expected


@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_a_model_of_identical_layers_gives_nothing(write_gguf, noise):
    found = gs.analyze(write_gguf(**language_model(16, identical=True, noise=noise)))
    np.testing.assert_array_equal(found.layers["risk"], np.full(16, 50.0))
    assert set(found.layers["level"]) == {None}
    assert set(verdicts(found).values()) == {"does not hold"}
    assert any("the index is flat" in warning for warning in found.warnings)


@pytest.mark.parametrize(("types", "verdict"), [(["Q4_K", "Q6_K"] * 8, "confounded"), (["Q6_K"] * 16, "does not hold")])
def test_the_same_weights_in_two_types_are_confounded_and_in_one_are_not(write_gguf, types, verdict):
    found = gs.analyze(write_gguf(**language_model(16, identical=True, value_types=types)))
    assert found.hypotheses["H1"].verdict == verdict
    assert found.document.preset.confounded == (["value_sparsity"] if verdict == "confounded" else [])
    if verdict == "confounded":
        assert found.hypotheses["H1"].holds_as_measured is True
        assert np.ptp(found.layers["risk"]) > 10
        assert np.ptp(found.layers["risk_without_confounded"]) == 0
        assert set(found.layers["level"]) == {None}
        np.testing.assert_allclose(found.layers["excess_zero_fraction"], 0, atol=0.01)


def test_h6_holds_where_everything_grows_towards_the_end(write_gguf):
    arguments = language_model(
        16,
        sizes={"attn_k": 1 - 0.5 * DEPTH, "attn_q": 1 - 0.5 * DEPTH, "ffn_up": 1 + DEPTH},
        gain_sizes={"ffn_norm": 1 + DEPTH},
    )
    for layer in range(16):
        arguments["tensors"][f"blk.{layer}.attn_v.weight"].ravel()[: 20 * layer] = 0
    finding = gs.analyze(write_gguf(**arguments)).hypotheses["H6"]
    assert (finding.verdict, finding.value) == ("holds", 1)
    assert finding.evidence.details["p_first"] == 1


def test_h6_is_confounded_where_zeros_of_the_last_type_make_it(write_gguf):
    types = ["Q4_K", "Q6_K"] * 8
    arguments = language_model(16, value_types=types, identical=True, sizes={"attn_v": 1 + DEPTH})
    arguments["tensors"]["blk.15.ffn_norm.weight"] *= 1.001
    finding = gs.analyze(write_gguf(**arguments)).hypotheses["H6"]
    assert finding.verdict in {"does not hold", "confounded"}
    assert finding.quantizer.status == "flagged"


def test_choices_reach_the_result(write_gguf):
    path = write_gguf(**language_model(8))
    plain = gs.analyze(path)
    weighted = gs.analyze(path, weights={"entropy": 1}, norm="rms", scale="rank")
    assert weighted.document.settings.norm == "rms"
    assert weighted.document.preset.weights == {"attention_entropy": 1.0}
    np.testing.assert_array_equal(weighted.layers["ffn_dominance"], plain.layers["ffn_dominance_rms"])
    assert {(v.norm, v.scale) for v in plain.document.preset.variants} == {
        ("mean", "minmax"), ("mean", "rank"), ("rms", "minmax"), ("rms", "rank"),
    }  # fmt: skip
    (same,) = (v for v in weighted.document.preset.variants if (v.norm, v.scale) == ("rms", "rank"))
    np.testing.assert_array_equal(same.risk, weighted.layers["risk"])
    np.testing.assert_array_equal(same.p_first, weighted.layers["p_first"])
    with pytest.raises(ValueError, match="preset must be one of"):
        gs.analyze(path, preset="nonsense")
    with pytest.raises(ValueError, match="threads must be"):
        gs.analyze(path, threads=0)


def test_the_same_seed_gives_the_same_numbers(write_gguf):
    path = write_gguf(**language_model(8))
    one, two = (json.loads(gs.analyze(path, threads=n).to_json()) for n in (1, 2))
    del one["run"], two["run"]
    assert one == two
    other = gs.analyze(path, seed=1)
    assert other.layers["p_first"] == pytest.approx(gs.analyze(path).layers["p_first"], abs=0.03)


def test_columns(write_gguf):
    found = gs.analyze(write_gguf(**language_model(8, gain_sizes={"ffn_norm": 1 + np.linspace(0, 1, 8)})))
    layers = found.layers
    assert {len(column) for column in layers.values()} == {8}
    np.testing.assert_array_equal(layers["layer"], range(8))
    assert list(layers["type_ffn_norm"]) == ["F32"] * 8
    total = sum(weight * layers[f"scaled_{name}"] for name, weight in found.document.preset.weights.items())
    np.testing.assert_allclose(100 * total, layers["risk"])
    np.testing.assert_allclose(np.sort(layers["rank"]), range(1, 9))
    assert (layers["rank_low"] <= layers["rank_high"]).all()
    assert list(found.presets) == ["heuristic", "propagation"]
    assert "8 layers; H1 not applicable" in repr(found)


def test_progress_and_cancelling(write_gguf):
    path = write_gguf(**language_model(4))
    calls = []
    gs.analyze(path, progress=lambda done, total: calls.append((done, total)))
    assert all(0 <= done <= total for done, total in calls)
    assert calls[-1][0] > 0

    def cancel(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gs.analyze(path, progress=cancel)


TWO_PRESETS = {"heuristic": PRESETS["heuristic"]}  # and one as another module would register it


@preset("upside-down", "gains the other way round", needs_model=True, presets=TWO_PRESETS)
def upside_down(preset_input):
    gains = Series(-preset_input.table.gains["ffn_norm"].mean, "−scale(g_ffn)", ("ffn_norm",), gauge_invariant=False)
    heads = np.arange(preset_input.table.n_layers * 2.0).reshape(-1, 2)
    return PresetScores(
        {"falling_gain": gains},
        (Component("norm_amplification", (Ingredient("falling_gain"),)),),
        {"some_heads": heads},
        (Applicability("attention", "is not looked at"),),
    )


def analyzed(source, only=None):
    settings = make_settings({"amplification": 1}, "mean", "minmax", only, 0, presets=TWO_PRESETS)
    return analyze_with(settings, source, presets=TWO_PRESETS)


def test_another_preset_plugs_in(write_gguf, tmp_path):
    assert "upside-down" not in PRESETS
    path = write_gguf(**language_model(8, gain_sizes={"ffn_norm": 1 + np.linspace(0, 1, 8)}))
    found = analyzed(path)
    assert list(found.presets) == ["heuristic", "upside-down"]
    assert found.presets["upside-down"]["risk"].argmax() == 0
    (agreement,) = found.document.agreement
    assert (agreement.first, agreement.second, agreement.tau) == ("heuristic", "upside-down", -1)
    assert "falling\\_gain" in found.to_markdown()
    assert ("attention", "is not looked at") in [(e.score, e.reason) for e in found.document.applicability]
    found.save(tmp_path / "out")
    loaded = gs.Analysis.load(tmp_path / "out")
    assert loaded.document.other_presets[0].per_head["some_heads"][3] == [6.0, 7.0]
    alone = analyzed(path, "upside-down")
    assert list(alone.presets) == ["upside-down"]
    assert alone.hypotheses["H5"].verdict == found.hypotheses["H5"].verdict
    gs.profile(path).save(tmp_path / "p.json")
    assert list(analyzed(tmp_path / "p.json").presets) == ["heuristic"]
    with pytest.raises(ValueError, match="needs the model itself"):
        analyzed(tmp_path / "p.json", "upside-down")


def test_what_a_score_reads(write_gguf):
    reads = gs.analyze(write_gguf(**language_model(8))).document.preset.reads
    assert reads["ffn_dominance"] == ["ffn_gate", "ffn_norm", "attn_q", "attn_norm"]
    assert reads["attention_entropy"] == ["attn_k", "attn_v", "attn_q", "ffn_gate"]
    assert reads["attn_gain_rms"] == ["attn_norm"]


def test_saved_and_loaded(write_gguf, tmp_path):
    found = gs.analyze(write_gguf(**language_model(8)))
    paths = found.save(tmp_path / "new" / "directory")
    assert [path.name for path in paths] == ["analysis-report.json", "report.md", "profile.json"]
    loaded = gs.Analysis.load(tmp_path / "new" / "directory")
    assert loaded.to_json() == found.to_json()
    for name, column in found.layers.items():
        if column.dtype == float:
            np.testing.assert_allclose(loaded.layers[name], column, rtol=1e-9)
    assert loaded.hypotheses["H3"].why == found.hypotheses["H3"].why
    found.save(tmp_path / "new" / "directory")  # its own files may be replaced


def test_the_saved_file_has_the_promised_layout(write_gguf):
    document = json.loads(gs.analyze(write_gguf(**language_model(8))).to_json())
    assert document["schema"] == "ggufscope.analysis/2"
    assert document["hypotheses"][0]["id"] == "H1"
    assert {"verdict", "value", "original_rule", "evidence"} <= document["hypotheses"][2].keys()
    first = document["layers"][0]
    assert {"components", "risk", "level", "rank", "rank_interval"} <= first.keys()
    assert set(first["components"]["ffn_dominance"]) == {"raw", "scaled"}
    for preset_ in (document["preset"], *document["other_presets"]):
        assert set(preset_["gauge_invariant"]) == set(preset_["formulas"]) >= set(first["components"])
    assert document["preset"]["formulas"]["attention_entropy"] == (
        "mean of 1 − u(k_norm), u(value_sparsity), 1 − u(q_gate_ratio)"
    )
    assert document["preset"]["gauge_invariant"]["attention_entropy"] is False
    assert all(document["other_presets"][0]["gauge_invariant"][name] for name in first["components"])
    assert {"confounds", "gauge", "applicability", "warnings", "model", "run"} <= document.keys()


def spoil(document, *path, to):
    for step in path[:-1]:
        document = document[step]
    if to is ...:
        del document[path[-1]]
    else:
        document[path[-1]] = to


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (("schema",), "ggufscope.analysis/9", "cannot read schema"),
        (("schema",), ..., 'it has no "schema"'),
        (("hypotheses", 0, "verdict"), "true", r"hypotheses\.0\.verdict"),
        (("layers", 3, "risk"), "high", r"layers\.3\.risk"),
        (("layers",), ..., "layers"),
        (("preset",), None, "preset"),
        (("gauge",), ..., "gauge"),
    ],
)
def test_malformed_analyses_are_refused(write_gguf, tmp_path, path, to, message):
    document = json.loads(gs.analyze(write_gguf(**language_model(6))).to_json())
    spoil(document, *path, to=to)
    file = tmp_path / "analysis-report.json"
    file.write_text(json.dumps(document))
    with pytest.raises(gs.AnalysisError, match=message):
        gs.Analysis.load(tmp_path)
    file.write_text("{" if to is ... else '{"x": NaN}')
    with pytest.raises(gs.AnalysisError, match="no valid JSON"):
        gs.Analysis.load(file)


def test_numbers_have_ten_digits(write_gguf):
    def walk(value):
        if isinstance(value, float):
            assert value == float(f"{value:.10g}")
            assert math.isfinite(value)
        elif isinstance(value, (list, dict)):
            for entry in value.values() if isinstance(value, dict) else value:
                walk(entry)

    walk(json.loads(gs.analyze(write_gguf(**language_model(6))).to_json()))
