"""Profiles: rows, roll-ups, heads, columns, progress, reproducibility."""

import threading

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.profiles.batches import BatchLimits, batches
from support import small_models


@pytest.fixture
def profile_of(write_gguf):
    """A function that profiles one of the small models."""
    return lambda model, **options: gs.profile(write_gguf(**model), **options)


def test_a_profile_covers_every_tensor(profile_of):
    model = small_models.llama()
    profile = profile_of(model)
    assert list(profile.tensors) == list(model["tensors"])
    assert profile.coverage == 1.0
    assert profile.total.n_elements == profile.model.n_elements == sum(t.size for t in model["tensors"].values())
    assert profile.total.n_bytes == profile.model.n_bytes == 4 * profile.total.n_elements
    assert profile.total.n_tensors == profile.model.n_tensors == len(model["tensors"])


def test_a_row_has_place_and_statistics(profile_of):
    model = small_models.llama()
    row = profile_of(model).tensors["blk.1.attn_q.weight"]
    values = model["tensors"]["blk.1.attn_q.weight"].astype(np.float64)
    assert (row.name, row.role, row.layer, row.type, row.shape) == ("blk.1.attn_q.weight", "attn_q", 1, "F32", (32, 32))
    assert row.rms == pytest.approx(np.sqrt(np.mean(values**2)), rel=1e-12)
    assert row.abs_max == np.abs(values).max()
    assert row.abs_max_index == np.unravel_index(np.abs(values).argmax(), values.shape)
    np.testing.assert_allclose(row.row_l2, np.linalg.norm(values, axis=1), rtol=1e-12)
    np.testing.assert_allclose(row.column_l2, np.linalg.norm(values, axis=0), rtol=1e-12)


def test_vectors_are_summarized(profile_of):
    row = profile_of(small_models.llama()).tensors["blk.0.attn_k.weight"]
    for name in ("row_l2", "column_l2"):
        vector = row[name]
        median = np.median(vector)
        summary = [row[f"{name}_{what}"] for what in ("min", "max", "median", "mad")]
        assert summary == [vector.min(), vector.max(), median, np.median(np.abs(vector - median))]


def test_vectors_need_not_be_kept(profile_of):
    row = profile_of(small_models.llama(), keep_vectors=False).tensors["blk.0.attn_k.weight"]
    assert row.row_l2_median > 0
    with pytest.raises(AttributeError, match="'row_l2' is not kept here; row_l2_min"):
        _ = row.row_l2


def test_the_tensors_of_a_pass_are_observed(profile_of):
    seen = []
    expected = profile_of(small_models.llama())
    profile = profile_of(small_models.llama(), observed=lambda tensor, parts: seen.append((tensor.name, len(parts))))
    assert profile.to_json(True) == expected.to_json(True)
    assert [name for name, _ in seen] == list(profile.tensors)
    assert all(n_parts for _, n_parts in seen)


def test_what_workers_of_a_cluster_see_is_not_observed(profile_of):
    with pytest.raises(ValueError, match="not observed"):
        profile_of(small_models.llama(), observed=lambda *_: None, client=object())


def test_an_open_model_stays_open(write_gguf):
    with gs.open(write_gguf(**small_models.llama())) as model:
        profile = gs.profile(model)
        assert not model.closed
        assert profile.model.identity == model.identity


def test_the_model_is_described(profile_of):
    profile = profile_of(small_models.llama(n_layers=2))
    assert profile.title == profile.model.name == "a small llama"
    assert profile.model.architecture == "llama"
    assert profile.model.synthetic is False
    assert profile.model.bits_per_weight == 32
    assert profile.model.types == {
        "F32": {"n_tensors": 16, "n_elements": profile.total.n_elements, "n_bytes": profile.total.n_bytes}
    }
    assert profile.model.type_map["attn_q"] == {"F32": [0, 1]}
    assert profile.model.type_map["output"] == {"F32": []}


def test_the_run_is_described(profile_of):
    run = profile_of(small_models.llama(), threads=2).run
    assert run.files == ["model.gguf"]
    assert run.threads == 2
    assert run.isa in gs._core.available_isas()
    assert run.version == gs.__version__
    assert run.seconds > 0
    assert run.bytes_per_second > 0


def test_a_model_that_says_it_is_synthetic_stays_so(profile_of):
    model = small_models.llama()
    model["metadata"]["ggufscope.synthetic"] = True
    assert profile_of(model).model.synthetic is True


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_the_number_of_threads_changes_nothing(write_gguf, threads):
    # 3 million weights, so that there are several chunks to share out
    model = small_models.llama()
    model["tensors"]["big"] = small_models.weights(9, 1500, 2048)
    path = write_gguf(**model)
    assert gs.profile(path, threads=threads).to_json(reproducible=True) == gs.profile(path, threads=1).to_json(
        reproducible=True
    )


def test_path_and_name_change_nothing(write_gguf, tmp_path):
    first = write_gguf(**small_models.llama())
    other = tmp_path / "elsewhere" / "renamed.gguf"
    other.parent.mkdir()
    other.write_bytes(first.read_bytes())
    assert gs.profile(first).to_json(reproducible=True) == gs.profile(other).to_json(reproducible=True)


def test_another_weight_changes_the_identity(write_gguf):
    model = small_models.llama()
    before = gs.profile(write_gguf(**model)).model.identity
    model["tensors"]["output.weight"][0, 0] += 1
    assert gs.profile(write_gguf(**model)).model.identity != before


@pytest.mark.parametrize("limits", [BatchLimits(n_bytes=1), BatchLimits(n_parts=1), BatchLimits(n_norms=1)], ids=str)
def test_batches_do_not_change_the_result(write_gguf, limits):
    path = write_gguf(**small_models.llama())
    with gs.open(path) as model:
        assert [len(batch) for batch in batches(model.tensors.values(), limits)] == [1] * len(model.tensors)
    whole, cut = gs.profile(path), gs.profile(path, limits=limits)
    assert cut.to_json(reproducible=True) == whole.to_json(reproducible=True)


def test_batches_hold_every_tensor_in_order(write_gguf):
    with gs.open(write_gguf(**small_models.mixture())) as model:
        for limits in (BatchLimits(), BatchLimits(n_bytes=10_000), BatchLimits(n_parts=5), BatchLimits(n_norms=100)):
            found = [tensor for batch in batches(model.tensors.values(), limits) for tensor in batch]
            assert found == list(model.tensors.values())


def test_fast_leaves_out_what_is_slow(profile_of):
    profile = profile_of(small_models.llama(), fast=True)
    row = profile.tensors["blk.0.attn_q.weight"]
    for name in ("histogram", "quantiles", "outlier_fraction_6", "row_l2", "row_l2_min", "column_l2_mad"):
        assert name not in row
    assert row.kurtosis is not None
    assert profile.total.kurtosis is not None
    assert "attn_output" not in profile.heads
    assert profile.heads["attn_q"].rms.shape == (3, 4)


def test_the_sparsity_threshold_counts(profile_of):
    model = small_models.llama()
    profile = profile_of(model, sparsity_threshold=0.05)
    values = np.concatenate([tensor.ravel() for tensor in model["tensors"].values()])
    assert profile.total.sparsity == np.mean(np.abs(values) < np.float32(0.05))
    assert profile.settings.sparsity_threshold == 0.05


@pytest.mark.parametrize("threshold", [-1e-6, float("nan"), float("inf")])
def test_an_impossible_threshold_is_refused(write_gguf, threshold):
    with pytest.raises(ValueError, match="sparsity_threshold"):
        gs.profile(write_gguf(**small_models.llama()), sparsity_threshold=threshold)


@pytest.mark.parametrize("threads", [0, -1])
def test_an_impossible_number_of_threads_is_refused(write_gguf, threads):
    with pytest.raises(ValueError, match="threads"):
        gs.profile(write_gguf(**small_models.llama()), threads=threads)


def test_progress_rises_to_the_total_in_the_calling_thread(write_gguf):
    calls, threads = [], set()

    def progress(done, total):
        calls.append((done, total))
        threads.add(threading.get_ident())

    path = write_gguf(**small_models.llama())
    profile = gs.profile(path, threads=2, progress=progress, limits=BatchLimits(n_bytes=10_000))
    done = [call[0] for call in calls]
    assert done == sorted(done)
    assert calls[-1] == (profile.model.n_bytes, profile.model.n_bytes)
    assert {total for _, total in calls} == {profile.model.n_bytes}
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_may_cancel(write_gguf, threads):
    class CancelledError(Exception):
        pass

    def cancel(_done, _total):
        raise CancelledError

    path = write_gguf(**small_models.llama())
    with pytest.raises(CancelledError):
        gs.profile(path, threads=threads, progress=cancel)
    assert gs.profile(path, threads=threads).coverage == 1.0


def test_to_columns_has_one_array_per_field(profile_of):
    profile = profile_of(small_models.llama())
    columns = profile.to_columns()
    n = len(profile.tensors)
    assert {len(column) for column in columns.values()} == {n}
    assert all(column.ndim == 1 for column in columns.values())
    assert columns["kurtosis"].dtype == np.float64
    assert columns["n_elements"].dtype == np.int64
    assert columns["layer"].tolist() == [None, *[0] * 7, *[1] * 7, *[2] * 7, None]
    row = profile.tensors["blk.2.ffn_up.weight"]
    position = columns["name"].tolist().index("blk.2.ffn_up.weight")
    assert columns["kurtosis"][position] == row.kurtosis
    assert columns["quantile_99.9"][position] == row.quantiles[-1]
    assert columns["shape"][position] == (64, 32)
    assert columns["row_l2_mad"][position] == row.row_l2_mad
    assert "histogram" not in columns
    assert "row_l2" not in columns


def test_to_columns_of_roll_ups(profile_of):
    profile = profile_of(small_models.llama())
    assert profile.to_columns("layers")["layer"].tolist() == [0, 1, 2]
    assert profile.to_columns("roles")["role"].tolist() == list(profile.roles)
    assert profile.to_columns("experts") == {}
    with pytest.raises(ValueError, match="no table 'models'; there are tensors, layers, roles, experts, layer_roles"):
        profile.to_columns("models")


def test_what_is_undefined_is_nan_in_columns(profile_of):
    profile = profile_of({"tensors": {"one": np.array([3.0], np.float32), "two": np.array([1, 2], np.float32)}})
    columns = profile.to_columns()
    assert np.isnan(columns["skewness"][0])
    assert columns["skewness"][1] == 0


def test_an_unknown_architecture_has_full_tensor_statistics(profile_of):
    model = small_models.unknown_architecture()
    profile = profile_of(model)
    assert profile.tensors["some.odd.name"].l2_norm == pytest.approx(
        np.linalg.norm(model["tensors"]["some.odd.name"].astype(np.float64)), rel=1e-12
    )
    assert (profile.layers, profile.roles, profile.thirds, profile.experts, profile.heads) == ({}, {}, {}, {}, {})
    assert profile.total.n_elements == 331


def test_a_model_without_tensors_has_an_empty_profile(profile_of):
    profile = profile_of({"tensors": {}, "metadata": {"general.name": "nothing"}})
    assert profile.tensors == {}
    assert profile.total.n_elements == 0
    assert profile.total.mean is None
    assert profile.coverage == 1.0
    assert profile.model.bits_per_weight is None
    assert profile.to_columns() == {}


def test_an_empty_tensor_is_a_row_of_nothing(profile_of):
    profile = profile_of(
        {"tensors": {"blk.0.attn_q.weight": np.zeros((0, 32), np.float32), "x": small_models.weights(1, 4)}}
    )
    row = profile.tensors["blk.0.attn_q.weight"]
    assert (row.n_elements, row.n_bytes, row.mean, row.quantiles) == (0, 0, None, None)
    assert profile.layers[0].mean is None
    assert profile.total.n_elements == 4


def test_one_tensor_of_one_element(profile_of):
    row = profile_of({"tensors": {"x": np.array([-2.5], np.float32)}}).total
    assert (row.n_elements, row.mean, row.std, row.l2_norm, row.skewness, row.hoyer) == (1, -2.5, 0.0, 2.5, None, None)


def test_nan_and_inf_are_counted_and_left_out(profile_of):
    model = small_models.ridden()
    profile = profile_of(model)
    broken = model["tensors"]["blk.0.attn_q.weight"]
    row = profile.tensors["blk.0.attn_q.weight"]
    finite = broken[np.isfinite(broken)].astype(np.float64)
    assert (row.nan_count, row.inf_count) == (5, 2)
    assert row.rms == pytest.approx(np.sqrt(np.mean(finite**2)), rel=1e-12)
    assert int(row.histogram[1].sum()) == finite.size
    nothing = profile.tensors["blk.0.attn_k.weight"]
    assert (nothing.nan_count, nothing.mean, nothing.min, nothing.abs_max_index) == (128, None, None, None)
    assert (profile.total.nan_count, profile.total.inf_count) == (133, 2)


def test_stories(stories260k):
    profile = gs.profile(stories260k)
    assert profile.total.l2_norm**2 == pytest.approx(11483.9217, abs=1e-4)
    value = profile.tensors["blk.0.attn_v.weight"]
    assert value.l2_norm == pytest.approx(2.0902999, abs=1e-7)
    assert value.kurtosis == pytest.approx(1.50654, abs=1e-5)
    assert profile.heads["attn_q"].rms.shape == (5, 8)
    assert profile.heads["attn_k"].rms.shape == (5, 4)
