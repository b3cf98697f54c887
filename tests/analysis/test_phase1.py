"""Phase 1 weight profiles: values by hand, and clear errors for what is malformed."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.inputs.phase1 import candidate_types, type_of_bits
from ggufscope.analysis.wording import FROBENIUS
from ggufscope.report.content.evidence import evidence_pairs
from support.analysis_models import phase1_document


@pytest.fixture
def write(tmp_path):
    def write(document):
        path = tmp_path / "phase1.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


def test_values_by_hand(write):
    analysis = gs.analyze(write(phase1_document()))
    layers = analysis.layers
    np.testing.assert_array_equal(layers["layer"], range(6))
    np.testing.assert_array_equal(layers["v_norm"], [2, 3, 4, 5, 6, 7])
    np.testing.assert_allclose(layers["q_gate_ratio"], 0.5)
    np.testing.assert_allclose(layers["ffn_gain"], 0.5 + 0.1 * np.arange(6))
    np.testing.assert_allclose(layers["ffn_gain_rms"], np.sqrt((0.5 + 0.1 * np.arange(6)) ** 2 + 0.01))
    np.testing.assert_allclose(layers["ffn_dominance"], 8 * (0.5 + 0.1 * np.arange(6)) / (4 * 0.5))
    np.testing.assert_allclose(layers["norm_amplification"], (0.5 + 0.1 * np.arange(6)) / 0.75 - 1, atol=1e-12)
    # entropy: k and q/gate flat (1 − 0.5), sparsity 0 1 0 1 0 1; dominance and amplification rise evenly
    even = np.arange(6) / 5
    np.testing.assert_allclose(layers["risk"], 25 * (2 * (np.arange(6) % 2) + 2 * even))
    assert list(layers["type_attn_v"]) == ["Q4_K", "Q6_K"] * 3
    assert analysis.hypotheses["H3"].value == pytest.approx(2.5)
    assert analysis.hypotheses["H5"].value == pytest.approx(1 / 0.75 - 1)


def test_what_such_a_file_cannot_give_is_said(write):
    document = gs.analyze(write(phase1_document())).document
    assert document.model.source == "phase 1"
    assert document.model.identity is None
    assert not document.gauge.decides
    assert f"H2, H4: {FROBENIUS}" in document.warnings
    remarks = {finding.id: finding.remark or "" for finding in document.hypotheses}
    assert [id_ for id_, remark in remarks.items() if FROBENIUS in remark] == ["H2", "H4"]
    assert "not independent of H2" in remarks["H4"]
    assert {entry.score for entry in document.applicability} == {
        "preset propagation", "invariant products", "figures of single heads", "per-row rms",
    }  # fmt: skip
    h2 = next(finding for finding in document.hypotheses if finding.id == "H2")
    assert h2.value == h2.original_rule.value == 0
    assert "not tested" not in h2.why
    assert not any("parametrization" in warning for warning in document.warnings)
    limit = "rescaling the weights could change the answer; whether it does takes the model itself, not a profile of it"
    assert f"H2, H3, H4, H5, H6: {limit}" in document.warnings
    assert all(label != "parametrization" for label, _ in evidence_pairs(h2))


def test_without_a_gate_up_stands_for_it(write):
    document = phase1_document()
    for entry in document["layers"]:
        if entry["layerType"] == "ffn":
            entry["ffn"]["gate"] = {**entry["ffn"]["gate"], "frobeniusNorm": 0.0}
    analysis = gs.analyze(write(document))
    np.testing.assert_allclose(analysis.layers["q_gate_ratio"], 4 / 7)
    assert "no gate: W_up stands for W_gate" in analysis.document.notes


@pytest.mark.parametrize(
    ("bits", "label", "expected"),
    [
        (32, None, "F32"), (6.5, None, "Q6_K"), (6.5625, "anything", "Q6_K"), (4.5, "q4_k_m", "Q4_K"),
        (8.5, "", "Q8_0"),
        (4.5, "Q4_0", "Q4_0"), (4.5, None, "4.5 bits"), (5.5, "Q5_K_S", "Q5_K"), (3.4375, "Q3_K_M", "Q3_K"),
        (16, "F16", "F16"), (7.3, None, "7.3 bits"), (None, "Q4_K_M", None),
    ],
)  # fmt: skip
def test_bits_stand_for_types(bits, label, expected):
    assert type_of_bits(bits, label) == expected


def broken(change):
    document = copy.deepcopy(phase1_document())
    change(document)
    return document


def entry(document, layer, kind):
    return next(e for e in document["layers"] if (e["layerIndex"], e["layerType"]) == (layer, kind))


def set_in(layer, kind, *path, to):
    def change(document):
        place = entry(document, layer, kind)
        for step in path[:-1]:
            place = place[step]
        if to is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return change


MALFORMED = [
    (lambda d: d["layers"].remove(entry(d, 2, "ffn")), "layer 2 has no 'ffn' entry"),
    (lambda d: d.update(layers=[e for e in d["layers"] if e["layerIndex"] != 3]), "layer 3 has no 'attention' entry"),
    (lambda d: d["layers"].append(entry(d, 1, "norm")), "a second 'norm' of layer 1"),
    (lambda d: d.update(layers=[]), '"layers" must be a list that is not empty'),
    (lambda d: d.update(layers={}), '"layers" must be a list'),
    (lambda d: d["layers"].insert(0, 3), r"layers\[0\]"),
    (set_in(0, "attention", "layerType", to="conv"), r"layers\[0\].layerType"),
    (set_in(0, "attention", "layerIndex", to=-1), r"layers\[0\].layerIndex"),
    (set_in(0, "attention", "layerIndex", to=10**9), r"layers\[0\].layerIndex"),
    (set_in(0, "attention", "attention", to=...), r"layers\[0\].attention"),
    (set_in(1, "attention", "attention", "key", to=...), r"layers\[3\].attention.key: Field required"),
    (set_in(1, "norm", "norm", "ffnNorm", "std", to=-1), r"norm.ffnNorm.std"),
    (set_in(1, "attention", "attention", "value", "sparsity", to=1.5), r"attention.value.sparsity"),
    (set_in(1, "attention", "attention", "value", "frobeniusNorm", to="big"), r"attention.value.frobeniusNorm"),
    (set_in(1, "attention", "attention", "value", "frobeniusNorm", to=None), r"attention.value.frobeniusNorm"),
    (set_in(1, "attention", "attention", "value", "frobeniusNorm", to="3"), "should be a valid number"),
    (set_in(1, "attention", "attention", "value", "frobeniusNorm", to=True), "should be a valid number"),
    (set_in(1, "attention", "attention", "value", "frobeniusNorm", to=1e41), "should be less than"),
    (set_in(1, "norm", "norm", "ffnNorm", "mean", to=-(10**400)), "should be a valid number"),
    (set_in(1, "attention", "layerIndex", to=True), "should be a valid integer"),
    (set_in(1, "attention", "attention", "value", "bitsPerElement", to=0), r"bitsPerElement"),
]


@pytest.mark.parametrize(("change", "message"), MALFORMED)
def test_malformed_files_are_refused(write, change, message):
    with pytest.raises(gs.ProfileError, match=message) as refusal:
        gs.analyze(write(broken(change)))
    assert "phase1.json" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no valid JSON|neither"),
        ("not json", "neither a GGUF model nor a profile in JSON"),
        ("[]", "not a saved profile"),
        ("{}", "not a saved profile"),
        (json.dumps(phase1_document()).replace("0.03", "NaN"), "NaN is not JSON"),
        (json.dumps(phase1_document()).replace("0.03", "1e999"), "sparsity"),
        ("[" * 100_000, "neither"),
        ('{"schema": "ggufscope.analysis/1"}', "cannot read schema"),
    ],
)
def test_what_is_no_profile_is_refused(write, text, message):
    with pytest.raises(gs.ProfileError, match=message):
        gs.analyze(write(text))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"modelName": 3, "quantizationType": [1], "totalParameters": "many"}, (None, None, None)),
        ({"totalParameters": -1}, ("old", "Q4_K_M", None)),
        ({"totalParameters": 10**400}, ("old", "Q4_K_M", None)),
    ],
)
def test_what_else_stands_there_does_no_harm(write, changes, expected):
    analysis = gs.analyze(write(phase1_document() | changes))
    model = analysis.document.model
    assert (model.name, model.file_type, model.n_elements) == expected
    assert gs.Analysis(analysis.document).to_json()


def test_types_that_are_not_known_leave_a_claim_open(write):
    document = phase1_document()
    for entry_ in document["layers"]:
        if entry_["layerType"] == "attention":
            del entry_["attention"]["value"]["bitsPerElement"]
    finding = gs.analyze(write(document)).hypotheses["H3"]
    assert (finding.holds_as_measured, finding.verdict) == (True, "not separable")
    assert "the types of its tensors are not known" in finding.why


def test_types_are_guessed_from_bits_among_those_that_files_have():
    assert candidate_types(8) == []
    assert set(candidate_types(16)) == {"F16", "BF16"}
