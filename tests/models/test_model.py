"""Opening models: what they say about themselves, their tensors and metadata."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope.models.magic import SYNTHETIC_KEY


def test_a_real_model(stories260k: Path) -> None:
    with gs.open(stories260k) as model:
        assert model.architecture == model.name == "llama"
        assert model.n_parameters == 292_800
        assert model.n_bytes == 4 * 292_800
        assert model.bits_per_weight == 32
        assert model.layers == (0, 1, 2, 3, 4)
        assert len(model.tensors) == 48
        assert model.file_type is None
        assert not model.synthetic
        assert model.path == str(stories260k)
        weight = model.tensors["blk.0.attn_v.weight"].dequantize()
        assert weight.shape == (32, 64)
        assert np.linalg.norm(weight.astype(np.float64)) == pytest.approx(2.0902999, abs=1e-7)


def test_statistics_of_a_real_tensor(stories260k: Path) -> None:
    with gs.open(stories260k) as model:
        statistics = model.tensors["blk.0.attn_v.weight"].statistics()
        assert statistics.l2_norm == pytest.approx(2.0902999, abs=1e-7)
        assert statistics.kurtosis == pytest.approx(1.50654, abs=1e-5)
        assert (statistics.name, statistics.type, statistics.shape) == ("blk.0.attn_v.weight", "F32", (32, 64))
        assert statistics.n_bytes == 4 * statistics.n_elements == 8192
        row, column = statistics.abs_max_index
        weight = model.tensors["blk.0.attn_v.weight"].dequantize()
        assert abs(weight[row, column]) == statistics.abs_max == np.abs(weight).max()


def test_what_a_tensor_knows(small: Path) -> None:
    with gs.open(small) as model:
        query, experts = model.tensors["blk.0.attn_q.weight"], model.tensors["blk.0.ffn_gate_exps.weight"]
        assert (query.type, query.shape, query.n_elements, query.n_bytes) == ("Q8_0", (4, 64), 256, 4 * 68)
        assert (query.layer, query.role, query.stack, query.expert, query.n_experts) == (0, "attn_q", None, None, 1)
        assert query.bits_per_weight == 8.5
        assert (experts.shape, experts.n_experts, experts.n_rows) == ((3, 4, 8), 3, 12)
        assert experts.file == str(small)
        odd = model.tensors["odd name"]
        assert (odd.layer, odd.role, odd.n_elements, odd.bits_per_weight, odd.n_rows) == (None, None, 0, None, 0)
        assert repr(query) == "<Tensor 'blk.0.attn_q.weight' Q8_0 4 × 64>"


def test_data_is_a_read_only_view_that_outlives_the_model(small: Path) -> None:
    with gs.open(small) as model:
        tensor = model.tensors["blk.0.attn_q.weight"]
        data, offset = tensor.data, tensor.offset
    assert model.closed
    assert data.shape == (4, 68)
    assert not data.flags.writeable
    assert not data.flags.owndata
    assert data.tobytes() == small.read_bytes()[offset : offset + 4 * 68]


def test_dequantize_ranges(small: Path, random_blocks: Any) -> None:
    expected = gguf.quants.dequantize(random_blocks("Q8_0", 4, 64), gguf.GGMLQuantizationType.Q8_0)
    with gs.open(small) as model:
        query = model.tensors["blk.0.attn_q.weight"]
        np.testing.assert_array_equal(query.dequantize(), expected)
        for rows in (slice(0, 4), slice(1, 3), slice(-1, None), slice(2, 2), slice(3, 99), slice(3, 1)):
            np.testing.assert_array_equal(query.dequantize(rows), expected[rows])
        experts = model.tensors["blk.0.ffn_gate_exps.weight"]
        assert experts.dequantize().shape == (3, 4, 8)
        np.testing.assert_array_equal(experts.dequantize(slice(3, 9)), experts.dequantize().reshape(12, 8)[3:9])
        assert model.tensors["blk.1.attn_norm.weight"].dequantize().shape == (8,)
        assert model.tensors["odd name"].dequantize().shape == (0, 8)


def test_dequantize_into_an_array(small: Path) -> None:
    with gs.open(small) as model:
        tensor = model.tensors["blk.0.attn_q.weight"]
        out = np.full((2, 64), np.nan, np.float32)
        assert tensor.dequantize(slice(1, 3), out=out, threads=2) is out
        np.testing.assert_array_equal(out, tensor.dequantize()[1:3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": slice(0, 4, 2)}, "consecutive"),
        ({"rows": 3}, "slice"),
        ({"out": np.zeros((4, 64))}, "float32"),
        ({"out": np.zeros((4, 63), np.float32)}, r"shape \(4, 64\)"),
        ({"out": np.zeros((64, 4), np.float32).T}, "C-contiguous"),
        ({"out": np.broadcast_to(np.float32(0), (4, 64))}, "writable"),
        ({"out": [0.0]}, "float32"),
        ({"threads": 0}, "threads"),
        ({"threads": 1.5}, "threads"),
        ({"threads": True}, "threads"),
    ],
)
def test_dequantize_refuses(small: Path, arguments: dict[str, Any], message: str) -> None:
    with gs.open(small) as model, pytest.raises(ValueError, match=message):
        model.tensors["blk.0.attn_q.weight"].dequantize(**arguments)


def test_metadata(small: Path) -> None:
    with gs.open(small) as model:
        metadata = model.metadata
        assert metadata["a.list"] == ["x", "y", "z"]
        np.testing.assert_array_equal(metadata["a.numbers"], [1, 2, 3])
        assert metadata["a.float"] == 0.5
        assert metadata["a.flag"] is True
        assert metadata.head("a.list", 2) == ["x", "y"]
        assert metadata.kind("a.list") == "array[string]"
        assert (metadata.length("a.list"), metadata.length("a.float")) == (3, 1)
        assert "general.name" in metadata
        assert metadata.get("missing") is None
        assert len(metadata) == len(list(metadata)) == 7
        with pytest.raises(KeyError, match="missing"):
            metadata["missing"]


@pytest.mark.parametrize(
    ("declared", "label"),
    [(0, "F32"), (1, "F16"), (15, "Q4_K_M"), (38, "MXFP4_MOE"), (999, "unknown (999)"), ("15", None), (True, None)],
)
def test_file_type(write_gguf: Any, declared: Any, label: str | None) -> None:
    with gs.open(write_gguf({}, {"general.file_type": declared})) as model:
        assert model.file_type == label


@pytest.mark.parametrize(("value", "synthetic"), [(True, True), (False, False), (1, False), ("true", False)])
def test_synthetic_marker(write_gguf: Any, value: Any, synthetic: bool) -> None:
    with gs.open(write_gguf({}, {SYNTHETIC_KEY: value})) as model:
        assert model.synthetic is synthetic


def test_a_file_that_names_nothing(write_gguf: Any) -> None:
    with gs.open(write_gguf({"x": np.zeros(3, np.float32)}, {"a": 1}, architecture=None)) as model:
        assert (model.architecture, model.name, model.layers) == (None, None, ())
        assert "no architecture" in repr(model)
        assert model.tensors["x"].dequantize().shape == (3,)


def test_no_tensors(write_gguf: Any) -> None:
    with gs.open(write_gguf()) as model:
        assert (len(model.tensors), model.n_parameters, model.bits_per_weight) == (0, 0, None)
        assert model.identity.startswith("sha256:")


def test_closed_models_say_so(small: Path) -> None:
    model = gs.open(small)
    tensor = model.tensors[0]
    model.close()
    model.close()
    actions = (lambda: tensor.data, tensor.dequantize, tensor.statistics, lambda: model.identity,
               lambda: model.metadata["a.list"])  # fmt: skip
    for action in actions:
        with pytest.raises(ValueError, match="is closed"):
            action()
    assert tensor.role == "token_embd"
    assert "closed" in repr(model)


def test_identity_does_not_depend_on_the_path(small: Path, tmp_path: Path) -> None:
    shutil.copy(small, tmp_path / "copy.gguf")
    with gs.open(small) as one, gs.open(tmp_path / "copy.gguf") as other:
        assert one.identity == other.identity


def test_identity_sees_data_names_and_sizes(write_gguf: Any) -> None:
    data = np.arange(40_000, dtype=np.float32)

    def identity(values: Any, name: str = "x") -> str:
        with gs.open(write_gguf({name: values})) as model:
            return model.identity

    changed = data.copy()
    for position in (0, 20_000, -1):
        changed[position] += 1
        assert identity(changed) != identity(data)
        changed[position] = data[position]
    assert identity(changed) == identity(data)
    assert len({identity(data), identity(data, "y"), identity(data.reshape(2, -1)), identity(data.view(np.int32))}) == 4


@pytest.mark.parametrize("kind", ["missing", "directory", "empty", "text"])
def test_what_cannot_be_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "directory":
        path.mkdir()
    elif kind != "missing":
        path.write_text("" if kind == "empty" else "<!DOCTYPE html><html>")
    expected = {"missing": FileNotFoundError, "directory": IsADirectoryError}.get(kind, gs.GGUFError)
    with pytest.raises(expected, match=kind):
        gs.open(path)
