"""Invariant products: against plain NumPy, and unchanged by every rescaling that leaves a model as it is."""

from __future__ import annotations

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.inputs.from_profile import layer_table
from ggufscope.analysis.inputs.gauge import PRODUCTS, gauge_from_table, gauge_from_vectors, head_product
from ggufscope.analysis.inputs.gauge_from_model import StepLimits, add_column_squares, gauge_from_model
from support.analysis_models import FFN, HEAD, KEYS, QUERIES, draw, language_model, make_table


def products(path):
    with gs.open(path) as model:
        return gauge_from_model(model, layer_table(gs.profile(model, fast=True)))


def reference(tensors, layer):
    """The three products of a layer in float64, head by head and neuron by neuron."""
    w = {
        role: np.asarray(tensors[f"blk.{layer}.{role}.weight"], np.float64)
        for role in ("attn_norm", "ffn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down")
    }
    q, k, v = (w[role] * w["attn_norm"] for role in ("attn_q", "attn_k", "attn_v"))
    up = w["ffn_up"] * w["ffn_norm"]
    qk, vo = [], []
    for head in range(QUERIES):
        mine, shared = slice(head * HEAD, (head + 1) * HEAD), head // (QUERIES // KEYS)
        its = slice(shared * HEAD, (shared + 1) * HEAD)
        qk.append(np.linalg.norm(q[mine]) * np.linalg.norm(k[its]))
        vo.append(np.linalg.norm(v[its]) * np.linalg.norm(w["attn_output"][:, mine]))
    ffn = [np.linalg.norm(up[i]) * np.linalg.norm(w["ffn_down"][:, i]) for i in range(FFN)]
    return np.mean(qk), np.mean(vo), np.mean(ffn)


def test_products_are_those_of_numpy(write_gguf):
    arguments = language_model(2)
    gauge = products(write_gguf(**arguments))
    assert gauge.exactness == "per head"
    for layer in range(2):
        found = [gauge.products[name][layer] for name in PRODUCTS]
        np.testing.assert_allclose(found, reference(arguments["tensors"], layer), rtol=1e-9)


def test_the_kernel_is_that_of_numpy():
    for columns in (1, 7, 8, 67):
        weights = draw(1, 5, columns, std=3)
        sums = np.ones(columns)
        add_column_squares(weights, sums)
        np.testing.assert_allclose(sums, 1 + (weights.astype(np.float64) ** 2).sum(axis=0), rtol=1e-12)


def test_rows_are_taken_some_at_a_time(write_gguf):
    """Between two steps the progress is told, which may cancel."""
    path = write_gguf(**language_model(2))
    whole, calls = products(path), []
    with gs.open(path) as model:
        table = layer_table(gs.profile(model, fast=True))
        stepped = gauge_from_model(
            model, table, progress=lambda done, total: calls.append((done, total)), limits=StepLimits(step_elements=700)
        )
    for name in PRODUCTS:
        np.testing.assert_array_equal(stepped.products[name], whole.products[name])
    assert len(calls) > 100
    assert all(0 < done <= total for done, total in calls)


def test_a_query_head_is_paired_with_the_key_head_it_reads():
    assert head_product(np.array([1.0, 2, 3, 4]), np.array([10.0, 100])) == (10 + 20 + 300 + 400) / 4
    assert np.isnan(head_product(np.ones(3), np.ones(2)))
    assert np.isnan(head_product(np.ones(3), np.zeros(0)))
    assert np.isnan(head_product(np.zeros(0), np.ones(3)))


def rescaled(tensors, n_layers, seed=0):
    """The same function, written down differently: all of the rescalings, by head, by neuron and by gain."""
    rng = np.random.default_rng(seed)
    out = {name: np.array(values, np.float64) for name, values in tensors.items()}
    for layer in range(n_layers):
        w = {role: out[f"blk.{layer}.{role}.weight"] for role in ROLES}
        per_key, per_value = rng.uniform(0.2, 5, KEYS), rng.uniform(0.2, 5, KEYS)
        group = QUERIES // KEYS
        w["attn_k"] *= np.repeat(per_key, HEAD)[:, None]
        w["attn_q"] /= np.repeat(per_key, group * HEAD)[:, None]
        w["attn_v"] *= np.repeat(per_value, HEAD)[:, None]
        w["attn_output"] /= np.repeat(per_value, group * HEAD)
        per_neuron = rng.uniform(0.2, 5, FFN)
        w["ffn_up"] *= per_neuron[:, None]
        w["ffn_down"] /= per_neuron
        for norm, readers in (("attn_norm", ("attn_q", "attn_k", "attn_v")), ("ffn_norm", ("ffn_gate", "ffn_up"))):
            for reader in readers:
                w[reader] *= w[norm]
            w[norm][:] = 1
    return {name: values.astype(np.float32) for name, values in out.items()}


ROLES = (
    "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down",
)  # fmt: skip


def test_no_rescaling_changes_a_product(write_gguf):
    arguments = language_model(3)
    one = products(write_gguf(**arguments))
    changed = arguments | {"tensors": rescaled(arguments["tensors"], 3)}
    other = products(write_gguf(**changed, name="rescaled.gguf"))
    for name in PRODUCTS:
        np.testing.assert_allclose(other.products[name], one.products[name], rtol=1e-6)


def test_a_profile_in_memory_gives_whole_matrices_and_a_saved_one_no_gains(write_gguf, tmp_path):
    arguments = language_model(2)
    profile = gs.profile(write_gguf(**arguments))
    table = layer_table(profile)
    gauge = gauge_from_vectors(profile, table)
    assert (gauge.exactness, gauge.decides) == ("per layer", True)
    tensors = {name: np.asarray(values, np.float64) for name, values in arguments["tensors"].items()}
    gain = tensors["blk.1.ffn_norm.weight"]
    expected = np.linalg.norm(tensors["blk.1.ffn_up.weight"] * gain) * np.linalg.norm(tensors["blk.1.ffn_down.weight"])
    assert gauge.products["ffn_product"][1] == pytest.approx(expected, rel=1e-6)
    profile.save(tmp_path / "p.json")
    loaded = gs.Profile.load(tmp_path / "p.json")
    assert gauge_from_vectors(loaded, table) is None
    saved = gauge_from_table(layer_table(loaded))
    assert (saved.exactness, saved.decides) == ("scalings only", False)
    ones = {name: np.ones_like(w) if "norm" in name else w for name, w in arguments["tensors"].items()}
    np.testing.assert_allclose(saved.products["qk_product"][1], reference(ones, 1)[0], rtol=1e-6)


def test_without_heads_norms_stand_for_them():
    table = make_table(2, q=[2.0, 3.0], k=[5.0, 7.0])
    np.testing.assert_array_equal(gauge_from_table(table).products["qk_product"], [10, 21])


def experts(write_gguf):
    tensors = language_model(1)["tensors"]
    for role in ("ffn_gate", "ffn_up", "ffn_down"):
        del tensors[f"blk.0.{role}.weight"]
    tensors["blk.0.ffn_gate_exps.weight"] = draw(1, 3, 8, 256)
    tensors["blk.0.ffn_up_exps.weight"] = draw(2, 3, 8, 256)
    tensors["blk.0.ffn_down_exps.weight"] = draw(3, 3, 256, 8)
    return tensors


def test_experts_count_neuron_by_neuron(write_gguf):
    tensors = experts(write_gguf)
    path = write_gguf(tensors, language_model(1)["metadata"])
    gain = tensors["blk.0.ffn_norm.weight"].astype(np.float64)
    up = np.linalg.norm(tensors["blk.0.ffn_up_exps.weight"] * gain, axis=2)
    down = np.linalg.norm(tensors["blk.0.ffn_down_exps.weight"].astype(np.float64), axis=1)
    assert products(path).products["ffn_product"][0] == pytest.approx((up * down).mean(), rel=1e-6)


def test_weights_and_factors_near_the_end_of_float32_have_a_product(write_gguf):
    """Their squares, multiplied, pass the end of float64."""
    arguments = language_model(1)
    for role in ("ffn_up", "ffn_down"):
        weights = arguments["tensors"][f"blk.0.{role}.weight"]
        weights *= 1 / np.abs(weights).max()
        weights *= np.float32(3e38)
        arguments["tensors"][f"blk.0.{role}.scale"] = np.float32([3e38])
    expected = reference(arguments["tensors"], 0)[2] * np.float64(np.float32(3e38)) ** 2
    assert products(write_gguf(**arguments)).products["ffn_product"][0] == pytest.approx(expected, rel=1e-6)


# A real model -----------------------------------------------------------------------------------------------------


def read_stories(path):
    with gs.open(path) as model:
        tensors = {name: np.array(tensor.dequantize()) for name, tensor in model.tensors.items()}
        keys = [key for key in model.metadata if not key.startswith("tokenizer") and key != "general.architecture"]
        return tensors, {key: model.metadata[key] for key in keys}


@pytest.fixture
def stories(stories260k, write_gguf):
    """A function that analyses the real model with its tensors changed by a function (layer, {role: weights})."""
    tensors, metadata = read_stories(stories260k)

    def analyse(change=lambda layer, w: None):
        changed = {name: values.astype(np.float64) for name, values in tensors.items()}
        for layer in range(5):
            change(layer, {role: changed[f"blk.{layer}.{role}.weight"] for role in ROLES})
        as_written = {name: values.astype(np.float32) for name, values in changed.items()}
        return gs.analyze(write_gguf(as_written, metadata))

    return analyse


def shrink_values(layer, w):
    factor = 3.0 ** -(layer / 4)
    w["attn_v"] *= factor
    w["attn_output"] /= factor


def grow_values(layer, w):
    w["attn_v"] *= 2.0**layer
    w["attn_output"] /= 2.0**layer


def tilt_queries(layer, w):
    factor = (1.0, 0.9, 0.8, 0.75, 0.7)[layer]
    w["attn_q"] *= factor
    w["attn_k"] /= factor


def raise_queries(layer, w):
    w["attn_q"] *= 1 + layer
    w["attn_k"] /= 1 + layer


def fold_gains(layer, w):
    for norm, readers in (("attn_norm", ("attn_q", "attn_k", "attn_v")), ("ffn_norm", ("ffn_gate", "ffn_up"))):
        for reader in readers:
            w[reader] *= w[norm]
        w[norm][:] = 1


RESCALINGS = [shrink_values, grow_values, tilt_queries, raise_queries, fold_gains]


@pytest.mark.parametrize("change", RESCALINGS)
def test_invariant_numbers_of_a_real_model_stay(stories, change):
    plain, changed = stories(), stories(change)
    assert changed.document.gauge.decides
    for name, values in plain.document.gauge.products.items():
        np.testing.assert_allclose(changed.document.gauge.products[name], values, rtol=1e-5)
    for id_, finding in plain.hypotheses.items():
        before, after = finding.gauge, changed.hypotheses[id_].gauge
        if before is not None and before.value is not None:
            assert after.value == pytest.approx(before.value, rel=1e-5, abs=1e-7)
            assert after.holds == before.holds
    for name, invariant in plain.document.preset.gauge_invariant.items():
        if invariant:
            np.testing.assert_allclose(changed.layers[name], plain.layers[name], atol=1e-3)
    for name, invariant in plain.document.other_presets[0].gauge_invariant.items():
        if invariant:
            found, expected = (analysis.presets["propagation"][name] for analysis in (changed, plain))
            np.testing.assert_allclose(found, expected, rtol=1e-4)
    np.testing.assert_allclose(changed.heads["head_entropy"], plain.heads["head_entropy"], rtol=1e-4)
    np.testing.assert_allclose(changed.heads["baseline"], plain.heads["baseline"], rtol=1e-4)


def test_numbers_of_the_real_model(stories):
    found = stories().hypotheses
    assert found["H2"].value == pytest.approx(-0.007, abs=0.001)
    assert found["H3"].value == pytest.approx(1.23, abs=0.01)
    assert found["H5"].value == pytest.approx(0.26, abs=0.01)
    assert found["H1"].verdict == "not applicable"
    assert (found["H3"].verdict, found["H5"].verdict) == ("holds", "holds")


@pytest.mark.parametrize(("change", "id_"), [(shrink_values, "H3"), (fold_gains, "H5"), (raise_queries, "H2")])
def test_a_rescaling_that_turns_an_answer_shows_in_the_verdict(stories, change, id_):
    finding = stories(change).hypotheses[id_]
    assert finding.holds_as_measured is False
    assert finding.gauge.holds is True
    assert finding.verdict == "parametrization-dependent"


def test_a_claim_that_only_the_way_of_writing_makes(write_gguf):
    """Values that grow against an output that shrinks: holds as written, not for the product."""
    growth = np.linspace(1, 3, 8)
    arguments = language_model(8, sizes={"attn_v": growth, "attn_output": 1 / growth})
    finding = gs.analyze(write_gguf(**arguments)).hypotheses["H3"]
    assert (finding.holds_as_measured, finding.gauge.holds) == (True, False)
    assert finding.verdict == "parametrization-dependent"
    assert "no rescaling changes" in finding.why


def test_sizes_that_a_norm_undoes_decide_nothing(write_gguf):
    arguments = language_model(6)
    for layer in range(6):
        arguments["tensors"] |= {f"blk.{layer}.attn_{side}_norm.weight": np.ones(HEAD, np.float32) for side in "qk"}
    found = gs.analyze(write_gguf(**arguments)).hypotheses
    assert {found["H2"].verdict, found["H4"].verdict} == {"parametrization-dependent"}
    assert "norms on q and k undo" in found["H2"].why
    assert "norms on q and k undo" in found["H6"].gauge.note
    assert gguf.MODEL_TENSOR.ATTN_Q_NORM  # the name that was planted exists
