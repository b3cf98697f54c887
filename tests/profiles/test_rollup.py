"""Roll-ups are the statistics of the weights put together, exactly; nothing is an average of averages."""

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.profiles.rollup import third_of
from support import small_models


def reference(*tensors):
    """Statistics of all finite weights of some tensors, in float64 and two passes."""
    values = np.concatenate([np.ravel(tensor) for tensor in tensors])
    w = values[np.isfinite(values)].astype(np.float64)
    mean, magnitude = w.mean(), np.abs(w)
    deviation = w - mean
    variance = np.mean(deviation**2)
    l1, l2, root = magnitude.sum(), np.sqrt(np.sum(w**2)), np.sqrt(w.size)
    return {
        "n_elements": values.size,
        "nan_count": int(np.isnan(values).sum()),
        "inf_count": int(np.isinf(values).sum()),
        "min": w.min(),
        "max": w.max(),
        "abs_max": magnitude.max(),
        "zero_fraction": np.mean(w == 0),
        "sparsity": np.mean(magnitude < np.float32(1e-6)),
        "mean": mean,
        "std": np.sqrt(variance),
        "rms": np.sqrt(np.mean(w**2)),
        "l1_norm": l1,
        "l2_norm": l2,
        "skewness": np.mean(deviation**3) / variance**1.5,
        "kurtosis": np.mean(deviation**4) / variance**2 - 3,
        "hoyer": (root - l1 / l2) / (root - 1),
    }


def assert_is(row, expected, names=None):
    for name in names or expected:
        assert row[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-12), name


def assert_quantiles(row, *tensors):
    """Within the bin that holds the exact one: 32 bins per power of two."""
    w = np.concatenate([np.ravel(tensor) for tensor in tensors])
    exact = np.quantile(
        w[np.isfinite(w)], [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999], method="inverted_cdf"
    )
    np.testing.assert_allclose(row.quantiles, exact, rtol=1 / 32)


@pytest.fixture
def profiled(write_gguf):
    """A function that gives the tensors of a small model, and its profile."""
    return lambda model: (model["tensors"], gs.profile(write_gguf(**model)))


def with_layer(tensors, *layers):
    return [data for name, data in tensors.items() if any(name.startswith(f"blk.{layer}.") for layer in layers)]


@pytest.fixture
def hard_llama():
    """Layers of very different scale, so that averages of averages would be far off."""
    model = small_models.llama(n_layers=5)
    tensors = model["tensors"]
    for name in tensors:
        if name.startswith("blk.3."):
            tensors[name] *= 50
    tensors["blk.4.attn_norm.weight"] += 1000
    return model


def test_total(profiled, hard_llama):
    tensors, profile = profiled(hard_llama)
    assert_is(profile.total, reference(*tensors.values()))
    assert_quantiles(profile.total, *tensors.values())


def test_layers(profiled, hard_llama):
    tensors, profile = profiled(hard_llama)
    assert list(profile.layers) == [0, 1, 2, 3, 4]
    for layer, row in profile.layers.items():
        assert (row.layer, row.n_tensors) == (layer, 7)
        assert row.n_bytes == sum(tensor.nbytes for tensor in with_layer(tensors, layer))
        assert_is(row, reference(*with_layer(tensors, layer)))
        assert_quantiles(row, *with_layer(tensors, layer))


def test_roles(profiled, hard_llama):
    tensors, profile = profiled(hard_llama)
    assert set(profile.roles) == {
        "token_embd", "output", "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down",
    }  # fmt: skip
    for role, row in profile.roles.items():
        members = [data for name, data in tensors.items() if f".{role}." in f".{name}"]
        assert row.n_tensors == len(members)
        assert_is(row, reference(*members))


def test_thirds(profiled, hard_llama):
    tensors, profile = profiled(hard_llama)
    assert list(profile.thirds) == ["early", "middle", "late"]
    for third, layers in {"early": (0, 1), "middle": (2,), "late": (3, 4)}.items():
        assert profile.thirds[third].third == third
        assert_is(profile.thirds[third], reference(*with_layer(tensors, *layers)))


@pytest.mark.parametrize(
    ("n_layers", "sizes"),
    [
        (1, (1, 0, 0)),
        (2, (1, 0, 1)),
        (3, (1, 1, 1)),
        (4, (1, 2, 1)),
        (5, (2, 1, 2)),
        (8, (3, 2, 3)),
        (32, (11, 10, 11)),
    ],
)
def test_sizes_of_thirds(n_layers, sizes):
    found = [third_of(layer, n_layers) for layer in range(n_layers)]
    assert tuple(found.count(third) for third in ("early", "middle", "late")) == sizes
    assert found == sorted(found, key=("early", "middle", "late").index)


def test_thirds_count_the_layers_that_are_there(profiled):
    tensors = {f"blk.{layer}.attn_q.weight": small_models.weights(layer, 4, 32) for layer in (5, 900, 90_000)}
    _, profile = profiled({"tensors": tensors})
    assert list(profile.layers) == [5, 900, 90_000]
    assert_is(profile.thirds["middle"], reference(tensors["blk.900.attn_q.weight"]))


def test_experts_in_one_tensor_and_in_many(profiled):
    tensors, profile = profiled(small_models.mixture())
    assert list(profile.experts) == [("ffn_gate_exps", expert) for expert in range(4)]
    for (role, expert), row in profile.experts.items():
        members = [tensors[f"blk.0.ffn_gate.{expert}.weight"], tensors["blk.1.ffn_gate_exps.weight"][expert]]
        assert (row.role, row.expert, row.n_tensors) == (role, expert, 2)
        assert row.n_bytes == sum(member.nbytes for member in members)
        assert_is(row, reference(*members))


def test_a_tensor_of_experts_is_whole(profiled):
    tensors, profile = profiled(small_models.mixture())
    values = tensors["blk.1.ffn_gate_exps.weight"].astype(np.float64)
    row = profile.tensors["blk.1.ffn_gate_exps.weight"]
    assert_is(row, reference(values))
    assert row.abs_max_index == np.unravel_index(np.abs(values).argmax(), values.shape)
    np.testing.assert_allclose(row.row_l2, np.linalg.norm(values.reshape(-1, 32), axis=1), rtol=1e-12)
    np.testing.assert_allclose(row.column_l2, np.linalg.norm(values.reshape(-1, 32), axis=0), rtol=1e-12)


def test_layers_of_a_second_stack_stay_apart(profiled):
    tensors, profile = profiled(
        {
            "tensors": {
                "dec.blk.0.attn_q.weight": small_models.weights(1, 4, 32),
                "enc.blk.0.attn_q.weight": small_models.weights(2, 4, 32),
                "enc.blk.1.attn_q.weight": small_models.weights(3, 4, 32),
            },
            "architecture": "t5",
        }
    )
    assert list(profile.layers) == ["dec.0", "enc.0", "enc.1"]
    assert profile.layers["enc.1"].stack == "enc"
    assert_is(profile.layers["enc.1"], reference(tensors["enc.blk.1.attn_q.weight"]))
    assert set(profile.roles) == {"dec.attn_q", "enc.attn_q"}


def test_nan_and_inf_roll_up(profiled):
    tensors, profile = profiled(small_models.ridden())
    assert_is(profile.layers[0], reference(*tensors.values()))


def test_what_means_nothing_for_several_tensors_is_left_out(profiled):
    _, profile = profiled(small_models.llama())
    for row in (profile.total, profile.layers[0], profile.roles["attn_q"], profile.thirds["late"]):
        for name in ("abs_max_index", "row_l2", "row_l2_min", "column_l2", "histogram"):
            assert name not in row


HEAD_FIELDS = (
    "n_elements",
    "nan_count",
    "min",
    "max",
    "mean",
    "std",
    "rms",
    "l1_norm",
    "l2_norm",
    "kurtosis",
    "sparsity",
)


def test_heads_of_rows(profiled):
    tensors, profile = profiled(small_models.llama())
    for role, n_heads in (("attn_q", 4), ("attn_k", 2), ("attn_v", 2)):
        table = profile.heads[role]
        assert repr(table) == f"<HeadTable of {role}: {len(table.layers)} layers × {max(table.n_heads)} heads>"
        assert (table.role, table.layers, table.n_heads) == (role, [0, 1, 2], [n_heads] * 3)
        for layer in range(3):
            for head in range(n_heads):
                expected = reference(tensors[f"blk.{layer}.{role}.weight"][8 * head : 8 * head + 8])
                assert_is({name: table.fields[name][layer, head] for name in HEAD_FIELDS}, expected, HEAD_FIELDS)


def test_heads_of_columns(profiled):
    tensors, profile = profiled(small_models.llama())
    table = profile.heads["attn_output"]
    assert list(table.fields) == ["l2_norm"]
    expected = [
        [
            np.linalg.norm(tensors[f"blk.{layer}.attn_output.weight"][:, 8 * h : 8 * h + 8].astype(float))
            for h in range(4)
        ]
        for layer in range(3)
    ]
    np.testing.assert_allclose(table.l2_norm, expected, rtol=1e-12)


def test_heads_of_a_fused_tensor(profiled):
    tensors, profile = profiled(small_models.fused_qkv())
    fused = tensors["blk.0.attn_qkv.weight"].astype(np.float64).reshape(8, 8, 32)
    norms = np.linalg.norm(fused, axis=(1, 2))
    assert set(profile.heads) == {"attn_q", "attn_k", "attn_v"}
    np.testing.assert_allclose(profile.heads["attn_q"].l2_norm, [norms[:4]], rtol=1e-12)
    np.testing.assert_allclose(profile.heads["attn_k"].l2_norm, [norms[4:6]], rtol=1e-12)
    np.testing.assert_allclose(profile.heads["attn_v"].l2_norm, [norms[6:]], rtol=1e-12)


def test_layers_with_different_numbers_of_heads(profiled):
    model = small_models.llama(n_layers=2)
    model["tensors"]["blk.1.attn_k.weight"] = small_models.weights(7, 8, 32)
    model["metadata"]["llama.attention.head_count_kv"] = [2, 1]
    tensors, profile = profiled(model)
    table = profile.heads["attn_k"]
    assert table.n_heads == [2, 1]
    assert np.isnan(table.rms[1, 1])
    assert table.rms[1, 0] == pytest.approx(reference(tensors["blk.1.attn_k.weight"])["rms"], rel=1e-12)


def test_there_is_no_statistic_of_heads_by_another_name(profiled):
    _, profile = profiled(small_models.llama())
    with pytest.raises(AttributeError, match="no statistic 'nothing' of heads"):
        _ = profile.heads["attn_q"].nothing


def test_tensors_that_share_layer_and_role(profiled):
    tensors, profile = profiled(small_models.mixture())
    assert list(profile.layer_roles) == [(0, "ffn_gate_exps")]
    row = profile.layer_roles[0, "ffn_gate_exps"]
    assert (row.layer, row.role, row.n_tensors) == (0, "ffn_gate_exps", 4)
    assert_is(row, reference(*with_layer(tensors, 0)))
    assert profiled(small_models.llama())[1].layer_roles == {}


def test_sizes_of_roles(profiled):
    tensors, profile = profiled(small_models.llama() | {"architecture": "llama"})
    by_role = {entry["role"]: entry for entry in profile.model.sizes}
    assert set(by_role) == set(profile.roles)
    for role, entry in by_role.items():
        row = profile.roles[role]
        assert (entry["n_tensors"], entry["n_elements"], entry["n_bytes"]) == (
            row.n_tensors, row.n_elements, row.n_bytes,
        )  # fmt: skip
        assert entry["byte_share"] == entry["element_share"] == row.n_elements / profile.total.n_elements
    assert [entry["n_bytes"] for entry in profile.model.sizes] == sorted(
        (entry["n_bytes"] for entry in profile.model.sizes), reverse=True
    )
    assert sum(tensor.nbytes for tensor in tensors.values()) == sum(entry["n_bytes"] for entry in by_role.values())


def test_names_that_say_nothing_have_sizes_too(profiled):
    _, profile = profiled(small_models.unknown_architecture())
    (entry,) = profile.model.sizes
    assert (entry["role"], entry["n_tensors"], entry["byte_share"]) == (None, 2, 1.0)
    assert profiled({"tensors": {}})[1].model.sizes == []


def test_stacks_are_apart_in_thirds_and_totals(profiled):
    text = {f"blk.{layer}.attn_q.weight": small_models.weights(layer, 8, 32, scale=0.1) for layer in range(6)}
    vision = {f"v.blk.{layer}.attn_q.weight": small_models.weights(50 + layer, 8, 32, scale=5) for layer in range(9)}
    vision |= {
        "v.patch_embedding.weight": small_models.weights(80, 4, 32),
        "v.sam.blk.0.attn.qkv.weight": small_models.weights(81, 4, 32),
    }
    others = {"mm.0.weight": small_models.weights(82, 4, 32), "token_embd.weight": small_models.weights(83, 4, 32)}
    _, profile = profiled({"tensors": text | vision | others})
    assert list(profile.thirds)[:6] == ["early", "middle", "late", "v.early", "v.middle", "v.late"]
    assert_is(profile.thirds["early"], reference(*list(text.values())[:2]))
    assert_is(profile.thirds["v.late"], reference(*list(vision.values())[6:9]))
    assert (profile.thirds["v.late"].stack, profile.thirds["v.late"].third) == ("v", "late")
    assert list(profile.stack_totals) == ["main", "mm", "v"]
    assert_is(profile.stack_totals["main"], reference(*text.values(), others["token_embd.weight"]))
    assert_is(profile.stack_totals["v"], reference(*vision.values()))
    assert_is(profile.total, reference(*text.values(), *vision.values(), *others.values()))
    assert profile.stacks == {None: tuple(range(6)), "v": tuple(range(9)), "v.sam": (0,)}
    assert gs.Profile.from_json(profile.to_json()) == profile
    assert "stack_totals" not in profiled({"tensors": text})[1].to_json()


def test_tables_of_heads_are_bounded(write_gguf):
    # One layer claims as many heads as it has columns, and a table would have a row as long for every layer.
    metadata = {"llama.attention.head_count": [1 << 13, 1], "llama.attention.value_length": 1}
    tensors = {
        "blk.0.attn_output.weight": np.zeros((1, 1 << 13), np.float32),
        "blk.1.attn_output.weight": np.zeros((1, 1), np.float32),
    }
    assert list(gs.profile(write_gguf(tensors, metadata)).heads["attn_output"].n_heads) == [1]
    many = {f"blk.{layer}.attn_output.weight": np.zeros((1, 1), np.float32) for layer in range(300)}
    tensors = many | {"blk.0.attn_output.weight": np.zeros((1, 4096), np.float32)}
    metadata["llama.attention.head_count"] = [4096] + [1] * 299
    assert gs.profile(write_gguf(tensors, metadata)).heads == {}
