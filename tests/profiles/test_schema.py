"""Saved profiles: what is written, that it comes back, and what is refused."""

import copy
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.arrays import histogram
from support import small_models


@pytest.fixture
def profile(write_gguf):
    return gs.profile(write_gguf(**small_models.llama()))


@pytest.fixture
def document(profile):
    return json.loads(profile.to_json())


ALL_MODELS = [
    small_models.llama(),
    small_models.mixture(),
    small_models.fused_qkv(),
    small_models.unknown_architecture(),
    small_models.ridden(),
    {"tensors": {}},
    {"tensors": {"x": np.array([1.0], np.float32)}},
    {"tensors": {"x": np.array([3e38, -3e38, 1e-45], np.float32)}},
    {"tensors": {"x": np.array([[1, 2]], np.int32), "tab\there \u202e": small_models.weights(1, 3)}},
    {"tensors": {"x": np.array([1e300, 1e-300])}},
]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("model", ALL_MODELS)
def test_a_saved_profile_comes_back(write_gguf, tmp_path, model, fast):
    profile = gs.profile(write_gguf(**model), fast=fast)
    profile.save(tmp_path / "profile.json")
    loaded = gs.Profile.load(tmp_path / "profile.json")
    assert loaded.to_json() == profile.to_json()
    assert loaded.run == profile.run
    assert loaded.model == profile.model
    assert list(loaded.layers) == list(profile.layers)
    assert list(loaded.experts) == list(profile.experts)


def test_a_loaded_profile_is_like_a_fresh_one(profile, tmp_path):
    profile.save(tmp_path / "profile.json")
    loaded = gs.Profile.load(tmp_path / "profile.json")
    for name, column in profile.to_columns().items():
        np.testing.assert_array_equal(loaded.to_columns()[name], column)
    fresh_row, row = profile.tensors["blk.0.attn_q.weight"], loaded.tensors["blk.0.attn_q.weight"]
    assert row.abs_max_index == fresh_row.abs_max_index
    assert row.shape == fresh_row.shape
    for part in (0, 1):
        np.testing.assert_array_equal(row.histogram[part], fresh_row.histogram[part])
    np.testing.assert_array_equal(row.quantiles, fresh_row.quantiles)
    for name, table in profile.heads["attn_q"].fields.items():
        np.testing.assert_allclose(loaded.heads["attn_q"].fields[name], table, rtol=1e-11)
    with pytest.raises(AttributeError, match="'column_l2' is not kept here; column_l2_min"):
        _ = row.column_l2


@pytest.mark.parametrize("model", ALL_MODELS)
def test_the_text_is_strict_json(write_gguf, model):
    def refuse(name):
        raise AssertionError(f"{name} in the text")

    text = gs.profile(write_gguf(**model)).to_json()
    assert text.isascii()
    assert json.loads(text, parse_constant=refuse)["schema"] == "ggufscope.profile/1"


def test_a_profile_of_an_earlier_version_loads(document):
    for name in ("magnitudes", "layer_roles"):
        del document[name]
    del document["model"]["sizes"]
    loaded = gs.Profile.from_json(json.dumps(document))
    assert (loaded.magnitudes, loaded.layer_roles, loaded.model.sizes) == ([], {}, [])


def test_every_tensor_has_its_own_line(profile):
    lines = profile.to_json().splitlines()
    assert sum(line.startswith('{"name":') for line in lines) == len(profile.tensors)


def test_reproducible_leaves_out_the_run_and_nothing_else(profile, tmp_path):
    profile.save(tmp_path / "a.json", reproducible=True)
    saved = json.loads((tmp_path / "a.json").read_text())
    full = json.loads(profile.to_json())
    assert full.pop("run")["version"] == gs.__version__
    assert saved == full
    assert gs.Profile.load(tmp_path / "a.json").run is None


def test_a_profile_can_be_pickled_and_copied(profile):
    for twin in (pickle.loads(pickle.dumps(profile)), copy.deepcopy(profile)):  # noqa: S301
        assert twin.to_json() == profile.to_json()
        assert twin.tensors["blk.0.attn_q.weight"].row_l2.shape == (32,)


def test_saving_over_a_profile_replaces_it(profile, tmp_path):
    path = tmp_path / "a.json"
    replace(profile, coverage=0.5).save(path)
    profile.save(path)
    assert gs.Profile.load(path) == profile
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix != ".gguf"] == ["a.json"]


def test_a_statistic_of_a_later_version_is_ignored(document):
    document["tensors"][0]["invented_later"] = {"any": "thing"}
    document["also_new"] = 1
    gs.Profile.from_json(json.dumps(document))


def test_numbers_without_a_fraction_are_numbers(document):
    document["tensors"][0]["mean"] = 0
    gs.Profile.from_json(json.dumps(document))


def test_roll_ups_have_no_histogram(document):
    assert "histogram" in document["tensors"][0]
    assert not any("histogram" in row for table in ("layers", "roles", "thirds") for row in document[table])
    assert "histogram" not in document["total"]


def change(document, path, value):
    """Set the value at a path as ("tensors", 0, "mean"); delete it if the value is Ellipsis."""
    *parents, last = path
    for step in parents:
        document = document[step]
    if value is ...:
        del document[last]
    else:
        document[last] = value


def encoded(*counts):
    return histogram.encode((np.arange(len(counts), dtype=np.int32), np.array(counts, np.uint64)))


MALFORMED = [
    (("schema",), "ggufscope.profile/2", "cannot read schema 'ggufscope.profile/2'"),
    (("schema",), 1, "cannot read schema 1"),
    (("schema",), ..., 'it has no "schema"'),
    (("tensors",), ..., "tensors: Field required"),
    (("tensors",), {}, "tensors: Input should be a valid array"),
    (("coverage",), 1.5, "coverage: "),
    (("coverage",), "1.0", "coverage: "),
    (("total", "n_elements"), ..., "total.n_elements: Field required"),
    (("total", "n_elements"), -1, "total.n_elements: "),
    (("total", "n_elements"), 1 << 70, "total.n_elements: "),
    (("total", "kurtosis"), "high", "total.kurtosis: Input should be a valid number"),
    (("total", "quantiles"), [1.0] * 8, "total.quantiles: "),
    (("total", "quantiles"), [2.0] + [1.0] * 8, "total.quantiles: quantiles must not descend"),
    (("tensors", 1, "name"), ..., "tensors[1].name: Field required"),
    (("tensors", 1, "name"), "token_embd.weight", "tensors[1]: a second tensor 'token_embd.weight'"),
    (("tensors", 1, "rms"), [1], "tensors[1].rms of 'blk.0.attn_norm.weight': "),
    (("tensors", 1, "shape"), [31], "tensors[1] of 'blk.0.attn_norm.weight': a tensor of shape [31] does not have 32"),
    (("tensors", 1, "shape"), "32", "tensors[1].shape of 'blk.0.attn_norm.weight': "),
    (("tensors", 1, "zero_fraction"), 1.01, "tensors[1].zero_fraction of"),
    (("tensors", 1, "histogram"), "AAAA", "tensors[1].histogram of 'blk.0.attn_norm.weight': malformed histogram"),
    (("tensors", 1, "histogram"), encoded(30, 1), "the histogram counts 31 finite elements of 32"),
    (("tensors", 1, "row_l2_mad"), True, "tensors[1].row_l2_mad"),
    (("layers", 0, "layer"), ..., "layers[0].layer: Field required"),
    (("layers", 0, "layer"), "0", "layers[0].layer: "),
    (("heads", 0, "layers"), [0, 1], "heads[0]: the table of n_elements has other layers or heads"),
    (("heads", 0, "fields", "rms", 1), [1.0], "heads[0]: the table of rms has other layers or heads"),
    (("heads", 0, "fields", "rms", 1, 0), "x", "heads[0].fields.rms[1][0]: "),
    (("model", "identity"), ..., "model.identity: Field required"),
    (("model", "types", "F32"), 5, "model.types.F32: "),
    (("settings", "fast"), "no", "settings.fast: "),
    (("model", "sizes", 0, "byte_share"), 1.5, "model.sizes[0].byte_share: "),
    (("magnitudes", 0, "zero_share"), -0.1, "magnitudes[0].zero_share: "),
    (("magnitudes", 1, "low"), [0.1], "magnitudes[1]: low, high, share and share_per_octave must be equally long"),
    (("magnitudes", 0, "low", 0), 1e30, "magnitudes[0]: the cells must ascend"),
    (("run", "seconds"), None, "run.seconds: "),
]


@pytest.mark.parametrize(("path", "value", "message"), MALFORMED)
def test_a_malformed_profile_is_refused_by_its_place(document, tmp_path, path, value, message):
    change(document, path, value)
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(document))
    with pytest.raises(gs.ProfileError) as caught:
        gs.Profile.load(file)
    text = str(caught.value)
    assert text.startswith(f"{file}: ")
    assert message in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no valid JSON"),
        (b"<!doctype html>", "no valid JSON"),
        (b"GGUF\x03\x00\x00\x00\xff\xfe", "a GGUF model, not a saved profile of one"),
        (b'{"schema": "\xff"}', "no valid JSON (byte 12 is no UTF-8)"),
        (b'{"schema": "ggufscope.profile/1", "coverage": NaN}', "NaN is not JSON"),
        (b"[" * 200_000, "no valid JSON (nested too deeply)"),
        (b"[1, 2]", 'it has no "schema"'),
        (b"null", 'it has no "schema"'),
        (b'{"schema": "ggufscope.profile/1"}', "malformed profile: model: Field required"),
    ],
)
def test_what_is_no_profile_is_refused(tmp_path, data, message):
    file = tmp_path / "bad.json"
    file.write_bytes(data)
    with pytest.raises(gs.ProfileError) as caught:
        gs.Profile.load(file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        gs.Profile.load(tmp_path / "none.json")


def test_a_profile_cut_anywhere_is_refused(profile):
    text = profile.to_json()
    for end in range(0, len(text) - 2, max(1, len(text) // 500)):
        with pytest.raises(gs.ProfileError):
            gs.Profile.from_json(text[:end])


def test_the_profile_of_an_8b_model_stays_under_2_mb(profile):
    """Rows of the length that 292 tensors, 226 of them with 1300 bins, and 1536 + 1024 heads would have."""
    tensor = profile.tensors["blk.0.attn_q.weight"]
    width = len(json.dumps(tensor.to_json())) - len(histogram.encode(tensor.histogram))
    rng = np.random.default_rng(0)
    counts = rng.poisson(np.exp(rng.uniform(0, 11)) * (1 + np.sin(np.arange(1300) / 50) ** 2), 1300) + 1
    bins = np.concatenate([np.arange(-2050, -1400), np.arange(1400, 2050)]).astype(np.int32)
    text = histogram.encode((bins, counts.astype(np.uint64)))
    table = profile.heads["attn_q"]
    many = {name: rng.normal(size=(32, 48)) for name in table.fields}
    heads = json.dumps(replace(table, layers=list(range(32)), n_heads=[48] * 32, fields=many).to_json())
    roll_ups = (32 + 3 + 12 + 1) * len(json.dumps(profile.total.to_json()))
    assert 292 * width + 226 * len(text) + len(heads) + roll_ups < 2_000_000
