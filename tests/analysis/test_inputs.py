"""Every input becomes the same table, whatever the architecture; what does not fit is said."""

from __future__ import annotations

import json
from dataclasses import replace

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.inputs.from_profile import layer_table
from ggufscope.analysis.inputs.layer_table import MATRICES
from ggufscope.analysis.inputs.read_input import read_input
from ggufscope.errors import ProfileError
from support.analysis_models import FFN, HEAD, KEYS, METADATA, QUERIES, WIDTH, draw, language_model
from support.networks import sample


def table_of(write_gguf, tensors, metadata=METADATA, architecture="llama"):
    metadata = {key.replace("llama.", f"{architecture}."): value for key, value in metadata.items()}
    return layer_table(gs.profile(write_gguf(tensors, metadata, architecture=architecture)))


def norm(weights):
    return float(np.linalg.norm(np.asarray(weights, np.float64)))


@pytest.fixture
def tensors():
    return language_model(2)["tensors"]


def test_the_usual_model(write_gguf, tensors):
    tensors["blk.0.attn_v.weight"][0, :] = 0
    table = table_of(write_gguf, tensors)
    roles = dict(
        zip(MATRICES, ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"), strict=True)
    )
    for name, role in roles.items():
        weights = tensors[f"blk.1.{role}.weight"]
        assert table.matrices[name].norm[1] == pytest.approx(norm(weights), rel=1e-9)
        assert table.matrices[name].rows[1] == weights.shape[0]
        assert table.matrices[name].types == ("F32", "F32")
    assert table.matrices["v"].sparsity[0] == pytest.approx(1 / (KEYS * HEAD), rel=1e-9)
    gain = tensors["blk.1.ffn_norm.weight"].astype(np.float64)
    assert table.gains["ffn_norm"].mean[1] == pytest.approx(gain.mean())
    assert table.gains["ffn_norm"].rms[1] == pytest.approx(np.sqrt((gain**2).mean()))
    assert table.head_norms["q"].shape == (2, QUERIES)
    assert not table.notes


def test_every_form_gives_the_same_table(write_gguf, tmp_path):
    path = write_gguf(**language_model(3))
    profile = gs.profile(path)
    profile.save(tmp_path / "p.json")
    with gs.open(path) as model:
        sources = [path, str(path), model, profile, tmp_path / "p.json"]
        for source in sources:
            with read_input(source) as given:
                np.testing.assert_array_equal(given.table.matrices["v"].norm, layer_table(profile).matrices["v"].norm)
                assert given.subject.identity == profile.model.identity
        assert not model.closed


def test_fused_attention_is_taken_apart(write_gguf, tensors):
    split = {}
    for layer in range(2):
        parts = [tensors.pop(f"blk.{layer}.attn_{side}.weight") for side in "qkv"]
        split[layer] = parts
        tensors[f"blk.{layer}.attn_qkv.weight"] = np.concatenate(parts)
    table = table_of(write_gguf, tensors)
    for position, name in enumerate("qkv"):
        assert table.matrices[name].norm[1] == pytest.approx(norm(split[1][position]), rel=1e-9)
        assert table.matrices[name].rows[1] == split[1][position].shape[0]
        assert table.matrices[name].types == ("F32", "F32")


def test_a_gate_that_shares_a_tensor_with_up(write_gguf, tensors, tmp_path):
    gates = {layer: tensors.pop(f"blk.{layer}.ffn_gate.weight") for layer in range(2)}
    ups = {layer: tensors[f"blk.{layer}.ffn_up.weight"] for layer in range(2)}
    for layer in range(2):
        tensors[f"blk.{layer}.ffn_up.weight"] = np.concatenate([gates[layer], ups[layer]])
    path = write_gguf(tensors, METADATA)
    with read_input(path) as given:
        assert given.table.matrices["gate"].norm[1] == pytest.approx(norm(gates[1]), rel=1e-6)
        assert given.table.matrices["up"].norm[1] == pytest.approx(norm(ups[1]), rel=1e-6)
        assert np.isfinite(given.gauge.products["ffn_product"]).all()
    profile = gs.profile(path)
    assert profile.halves[1, "ffn_up"].l2_norm == pytest.approx(norm(ups[1]), rel=1e-6)
    profile.save(tmp_path / "p.json")
    analysis = gs.analyze(tmp_path / "p.json")
    np.testing.assert_array_equal(analysis.layers["q_gate_ratio"], gs.analyze(path).layers["q_gate_ratio"])
    assert "gate and up share one tensor, and are taken apart by its rows" in analysis.document.notes
    older = gs.analyze(replace(profile, halves={}))
    assert np.isnan(older.layers["q_gate_ratio"]).all()
    assert "gate and up share one tensor, which this profile does not take apart" in older.document.notes


def test_without_a_gate_up_stands_for_it(write_gguf, tensors):
    for layer in range(2):
        del tensors[f"blk.{layer}.ffn_gate.weight"]
    table = table_of(write_gguf, tensors)
    np.testing.assert_array_equal(table.matrices["gate"].norm, table.matrices["up"].norm)
    assert table.notes == ("no gate: W_up stands for W_gate",)


@pytest.mark.parametrize("stacked", [True, False])
def test_experts_are_root_mean_squared(write_gguf, tensors, stacked):
    drawn = [draw(i, 4, FFN, WIDTH) for i in range(2)]
    for layer in range(2):
        del tensors[f"blk.{layer}.ffn_up.weight"]
        if stacked:
            tensors[f"blk.{layer}.ffn_up_exps.weight"] = drawn[layer]
        else:
            tensors |= {f"blk.{layer}.ffn_up.{i}.weight": drawn[layer][i] for i in range(4)}
    table = table_of(write_gguf, tensors)
    expected = np.sqrt(np.mean([norm(expert) ** 2 for expert in drawn[1]]))
    assert table.matrices["up"].norm[1] == pytest.approx(expected, rel=1e-9)
    assert table.matrices["up"].rows[1] == FFN
    assert any("ffn_up_exps: root mean square over 4 experts" in note for note in table.notes)


def test_parallel_blocks_share_a_norm(write_gguf, tensors):
    for layer in range(2):
        del tensors[f"blk.{layer}.ffn_norm.weight"]
    table = table_of(write_gguf, tensors)
    np.testing.assert_array_equal(table.gains["ffn_norm"].mean, table.gains["attn_norm"].mean)
    assert "attention and FFN share attn_norm" in table.notes[0]


def test_a_post_attention_norm_that_feeds_the_ffn(write_gguf, tensors):
    for layer in range(2):
        tensors[f"blk.{layer}.post_attention_norm.weight"] = tensors.pop(f"blk.{layer}.ffn_norm.weight") * 3
    table = table_of(write_gguf, tensors)
    assert table.gains["ffn_norm"].mean[0] == pytest.approx(3, rel=0.1)
    assert "vo_product" not in table.scale_free


def test_norms_behind_both_blocks_make_sizes_meaningless(write_gguf, tensors):
    for layer in range(2):
        tensors |= {
            f"blk.{layer}.{name}.weight": np.ones(WIDTH, np.float32)
            for name in ("post_attention_norm", "post_ffw_norm")
        }
    table = table_of(write_gguf, tensors)
    assert set(table.scale_free) == {"vo_product", "ffn_product"}


def test_layers_with_another_mixer_are_named(write_gguf, tensors):
    for side in "qkv":
        del tensors[f"blk.1.attn_{side}.weight"]
    tensors["blk.1.ssm_in.weight"] = draw(9, 8, WIDTH)
    analysis = gs.analyze(write_gguf(tensors, METADATA))
    reasons = {entry.score: entry.reason for entry in analysis.document.applicability}
    assert reasons["k_norm"] == "no attn_k in layers 1"
    assert "layers with a state-space mixer have no attention matrices" in analysis.document.notes
    assert np.isfinite(analysis.layers["risk"]).all()  # of what is left
    assert analysis.document.preset.weights == {"norm_amplification": 1.0}
    assert analysis.hypotheses["H3"].verdict == "not applicable"
    assert "attn_v" not in analysis.hypotheses["H3"].why or "missing: v" in analysis.hypotheses["H3"].why


@pytest.mark.parametrize(
    "tensors",
    [
        {"blk.0.attn_v.weight": draw(0, 4, 8)},
        {f"blk.{i}.attn_norm.weight": np.ones(4, np.float32) for i in range(3)},
        {f"blk.{i}.attn_q.weight": np.full((4, 8), np.nan, np.float32) for i in range(2)},
        {f"blk.{i}.attn_q.weight": draw(i, 8) for i in range(2)},  # a vector where a matrix belongs
        {"blk.0.attn_q.weight": draw(0, 4, 8), "blk.1023.attn_q.weight": draw(1, 4, 8)},
        {"blk.0.ffn_up_exps.weight": draw(0, 2, 4, 8), "blk.0.ffn_down_exps.weight": draw(0, 2, 5, 4)},
        {"blk.0.ffn_up.weight": draw(0, 0, 8), "blk.0.ffn_norm.weight": draw(0, 8)},
        {
            f"blk.{i}.{role}.weight": np.zeros((4, 4), np.float32)
            for i in range(20)
            for role in ("attn_v", "attn_q", "attn_k")
        },
    ],
)
def test_odd_models_do_not_crash_it(write_gguf, tensors):
    analysis = gs.analyze(write_gguf(tensors, {"llama.block_count": 4_000_000_000}))
    assert set(analysis.hypotheses) == {"H1", "H2", "H3", "H4", "H5", "H6"}
    assert gs.Analysis(analysis.document).to_json()
    assert analysis.to_markdown()


@pytest.mark.parametrize(
    "tensors", [{}, {"token_embd.weight": draw(0, 4, 8)}, {"enc.blk.0.attn_q.weight": draw(0, 4, 8)}]
)
def test_a_model_without_layers_is_refused(write_gguf, tensors):
    with pytest.raises(gs.ProfileError, match=r"model\.gguf: no layers"):
        gs.analyze(write_gguf(tensors))


def test_what_is_no_language_model_is_refused(write_gguf):
    path = write_gguf(**language_model(1) | {"metadata": {"general.type": "adapter"}})
    with pytest.raises(gs.ProfileError, match=r"general\.type is 'adapter'"):
        gs.analyze(path)


def test_the_byte_order_changes_nothing(write_gguf):
    arguments = language_model(3)
    one, other = (
        gs.analyze(write_gguf(**arguments, name=f"{order.name}.gguf", endianess=order)) for order in gguf.GGUFEndian
    )
    assert one.document.gauge == other.document.gauge
    assert one.document.preset == other.document.preset


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        gs.analyze(tmp_path / "none.gguf")
    with pytest.raises(IsADirectoryError):
        gs.analyze(tmp_path)
    (tmp_path / "short.gguf").write_bytes(b"GGUF\x03\0\0\0")
    with pytest.raises(gs.GGUFError):
        gs.analyze(tmp_path / "short.gguf")


def test_a_threshold_that_counts_more_than_zeros_is_named(write_gguf):
    profile = gs.profile(write_gguf(**language_model(2)), sparsity_threshold=0.01)
    assert any("sparsity threshold 0.01" in warning for warning in gs.analyze(profile).warnings)
    assert not any(
        "threshold" in warning for warning in gs.analyze(gs.profile(write_gguf(**language_model(2)))).warnings
    )


@pytest.mark.parametrize("field", ["l2_norm", "sparsity", "zero_fraction", "rms", "mean", "nan_count", "row_l2_min"])
@pytest.mark.parametrize("to", [None, ...])
def test_a_saved_profile_without_a_statistic_is_analysed_without_it(write_gguf, tmp_path, tensors, field, to):
    """Every statistic is optional in the schema of profiles."""
    for layer in range(2):
        parts = [tensors.pop(f"blk.{layer}.attn_{side}.weight") for side in "qkv"]
        tensors[f"blk.{layer}.attn_qkv.weight"] = np.concatenate(parts)
    document = json.loads(gs.profile(write_gguf(tensors, METADATA)).to_json())
    for row in [document["total"], *document["tensors"]]:
        row.pop(field, None) if to is ... else row.update({field: to})
    for table in document["heads"]:
        table["fields"].pop(field, None)
    (tmp_path / "p.json").write_text(json.dumps(document))
    assert gs.analyze(tmp_path / "p.json").to_markdown()


def test_a_saved_profile_of_empty_tensors(write_gguf, tmp_path):
    document = json.loads(gs.profile(write_gguf(**language_model(2))).to_json())
    for row in document["tensors"]:
        row |= {"n_elements": 0, "shape": [0, 8], "nan_count": 0, "inf_count": 0}
        row.pop("histogram", None)
    (tmp_path / "p.json").write_text(json.dumps(document))
    assert np.isnan(gs.analyze(tmp_path / "p.json").layers["v_norm"]).all()


def scaled_and_plain(tensors, scales):
    """The tensors with scales beside them, and the same with the scales multiplied in."""
    beside = tensors | {f"{name}.scale": np.atleast_1d(np.float32(scale)) for name, scale in scales.items()}
    within = dict(tensors)
    for name, scale in scales.items():
        weights = within[f"{name}.weight"]
        within[f"{name}.weight"] = weights * np.float32(scale).reshape(-1, *[1] * (weights.ndim - 1))
    return beside, within


@pytest.mark.parametrize("fused", [False, True])
def test_scales_beside_the_matrices_count(write_gguf, tmp_path, tensors, fused):
    """NVFP4 files keep a factor of each matrix in a tensor of its own."""
    if fused:
        for layer in range(2):
            parts = [tensors.pop(f"blk.{layer}.attn_{side}.weight") for side in "qkv"]
            tensors[f"blk.{layer}.attn_qkv.weight"] = np.concatenate(parts)
            gate = tensors.pop(f"blk.{layer}.ffn_gate.weight")
            tensors[f"blk.{layer}.ffn_up.weight"] = np.concatenate([gate, tensors[f"blk.{layer}.ffn_up.weight"]])
    matrices = [
        name.removesuffix(".weight") for name, weights in tensors.items() if "blk.1" in name and weights.ndim > 1
    ]
    beside, within = scaled_and_plain(tensors, {name: 2.0 + place for place, name in enumerate(matrices)})
    metadata = METADATA | {"llama.block_count": 2}
    paths = [write_gguf(each, metadata, name=f"{i}.gguf") for i, each in enumerate((beside, within))]
    for form in (lambda path: path, gs.profile, lambda path: saved(path, tmp_path)):
        one, other = (gs.analyze(form(path)) for path in paths)
        for name in ("q_gate_ratio", "v_norm", "qk_row_ratio", "ffn_dominance"):
            np.testing.assert_allclose(one.layers[name], other.layers[name], rtol=1e-5)
        for name, products in other.document.gauge.products.items():
            found = np.array(one.document.gauge.products[name], float)
            np.testing.assert_allclose(found, np.array(products, float), rtol=1e-5)
    assert other.layers["v_norm"][1] > 2 * other.layers["v_norm"][0]


def saved(path, directory):
    gs.profile(path).save(directory / f"{path.stem}.json")
    return directory / f"{path.stem}.json"


def test_scales_of_experts(write_gguf, tensors):
    for layer in range(2):
        for role in ("gate", "up", "down"):
            del tensors[f"blk.{layer}.ffn_{role}.weight"]
        for place, (role, shape) in enumerate((("gate", (FFN, WIDTH)), ("up", (FFN, WIDTH)), ("down", (WIDTH, FFN)))):
            tensors[f"blk.{layer}.ffn_{role}_exps.weight"] = draw(10 * layer + place, 3, *shape)
    scales = {f"blk.{layer}.ffn_{role}_exps": [1.0, 2.0, 5.0] for layer in range(2) for role in ("gate", "up", "down")}
    beside, within = scaled_and_plain(tensors, scales)
    one, other = (gs.analyze(write_gguf(each, METADATA, name=f"{i}.gguf")) for i, each in enumerate((beside, within)))
    np.testing.assert_allclose(
        one.document.gauge.products["ffn_product"], other.document.gauge.products["ffn_product"], rtol=1e-5
    )
    np.testing.assert_allclose(one.layers["q_gate_ratio"], other.layers["q_gate_ratio"], rtol=1e-5)
    stored = gs.analyze(gs.profile(write_gguf(beside, METADATA, name="beside.gguf"), stored=True))
    assert np.isnan(stored.layers["q_gate_ratio"]).all()
    assert any("scales differ between experts" in note for note in stored.document.notes)
    alike, plain = scaled_and_plain(tensors, {name: [3.0] * 3 for name in scales})
    one, other = (gs.analyze(write_gguf(each, METADATA, name=f"{i}.gguf")) for i, each in enumerate((alike, plain)))
    np.testing.assert_allclose(one.layers["q_gate_ratio"], other.layers["q_gate_ratio"], rtol=1e-5)


def without_run(analysis):
    return {key: value for key, value in json.loads(analysis.to_json()).items() if key != "run"}


@pytest.mark.parametrize("loaded", [False, True, "older"])
@pytest.mark.parametrize("kind", ["llama", "phi3"])
def test_a_profile_that_is_there_changes_nothing(write_gguf, tmp_path, monkeypatch, kind, loaded):
    path = write_gguf(**sample(kind).file())
    expected = gs.analyze(path)
    profile = gs.profile(path)
    if loaded:
        profile.save(tmp_path / "profile.json")
        profile = gs.Profile.load(tmp_path / "profile.json")
    if loaded == "older":
        profile = replace(profile, halves={})
    scans = []
    monkeypatch.setattr(
        "ggufscope.analysis.inputs.read_input.scan",
        lambda *given, **options: scans.append(1) or gs.profile(*given, **options),
    )
    found = gs.analyze(path, profile=profile)
    assert without_run(found) == without_run(expected)
    assert bool(scans) == (kind == "phi3" and loaded == "older")  # which did not take gate and up apart


def test_a_profile_of_another_model_is_refused(write_gguf, tensors):
    path = write_gguf(tensors, METADATA)
    profile = gs.profile(path)
    other = write_gguf(language_model(3)["tensors"], METADATA, name="other.gguf")
    with pytest.raises(ProfileError, match="is of another model, 'a small language model'"):
        gs.analyze(other, profile=profile)
    with pytest.raises(ValueError, match="is for a model; the input is none"):
        gs.analyze(profile, profile=profile)
