"""Diffs of whole files: what is there on one side alone, metadata, several models, refusals, the saved form."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.diffs.records import MetadataChange, ReshapedTensor
from support import small_models

WriteGguf = Callable[..., Path]
Floats = npt.NDArray[np.float32]


def llama(write_gguf: WriteGguf, name: str, **changes: Floats | None) -> Path:
    """A small llama; changes by name with dots as underscores twice, None takes a tensor out."""
    model = small_models.llama()
    tensors: dict[str, Any] = model["tensors"]
    for key, array in changes.items():
        tensors[key.replace("__", ".")] = array
    return write_gguf({key: each for key, each in tensors.items() if each is not None}, model["metadata"], name=name)


def differ(*paths: Path, **options: Any) -> gs.Diff:
    return gs.diff(*paths, lineage=False, **options)


def test_tensors_of_one_side(write_gguf: WriteGguf) -> None:
    square = np.ones((64, 32), np.float32)
    model = llama(
        write_gguf, "b.gguf", output__weight=None, blk__0__new__weight=square, blk__1__ffn_down__weight=square
    )
    compared = differ(llama(write_gguf, "a.gguf"), model).models[0]
    assert compared.missing == ["output.weight"]
    assert compared.extra == ["blk.0.new.weight"]
    assert compared.reshaped == [ReshapedTensor("blk.1.ffn_down.weight", [32, 64], [64, 32])]
    assert compared.summary.element_coverage is not None
    assert 0.8 < compared.summary.element_coverage < 1
    assert not compared.identical_bytes
    assert all(tensor.identical for tensor in compared.tensors)


def test_metadata_that_changed(write_gguf: WriteGguf) -> None:
    weights = {"output.weight": np.ones((4, 32), np.float32)}
    numbers, others = list(range(40)), list(range(40))
    others[3] = others[9] = -1
    left = {"same": 1, "number": 3, "gone": "x", "array": numbers, "kind": 5, "words": ["a", "b"]}
    right = {"same": 1, "number": 4, "array": others, "kind": 5.0, "words": ["a", "c"], "new": True}
    compared = differ(write_gguf(weights, left, name="a.gguf"), write_gguf(weights, right)).models[0]
    assert compared.metadata == [
        MetadataChange("number", "3", "4"),
        MetadataChange("gone", "x", None),
        MetadataChange("array", "array[int32] of 40", "array[int32] of 40", 2),
        MetadataChange("kind", "5 (uint32)", "5 (float32)"),
        MetadataChange("words", '["a", "b"]', '["a", "c"]', 1),
        MetadataChange("new", None, "true"),
    ]
    assert not compared.identical_bytes
    assert compared.tensors[0].identical


def test_several_models(write_gguf: WriteGguf) -> None:
    reference = llama(write_gguf, "a.gguf")
    louder = llama(write_gguf, "b.gguf", output__weight=2 * small_models.llama()["tensors"]["output.weight"])
    told: list[tuple[int, int]] = []
    diff = differ(reference, reference, louder, progress=lambda *done: told.append(done))
    assert [model.identical_bytes for model in diff.models] == [True, False]
    assert [tensor.name for tensor in diff.models[1].tensors if not tensor.identical] == ["output.weight"]
    with gs.open(reference) as model:
        assert told[-1] == (4 * model.n_bytes, 4 * model.n_bytes)
    assert told == sorted(told)
    columns = diff.to_columns()
    assert len(columns["name"]) == 2 * len(diff.models[0].tensors)
    assert columns["name"][columns["nmse"].argmax()] == "output.weight"
    assert columns["worst_row_nmse"][columns["nmse"].argmax()] == pytest.approx(1)
    assert list(diff.to_columns("models")["n_identical"]) == [
        len(diff.models[0].tensors),
        len(diff.models[0].tensors) - 1,
    ]
    assert set(diff.to_columns("parts")["name"]) == {"output.weight"}
    with pytest.raises(ValueError, match="no table 'heads'; there are tensors, models, parts, errors"):
        diff.to_columns("heads")


def test_what_is_asked_for(write_gguf: WriteGguf) -> None:
    reference = llama(write_gguf, "a.gguf")
    model = llama(write_gguf, "b.gguf", output__weight=None)
    for options, names in (
        ({"tensors": ["*attn_q*"]}, {f"blk.{i}.attn_q.weight" for i in range(3)}),
        ({"layers": "1-", "roles": ["attn_[kv]"]}, {f"blk.{i}.attn_{role}.weight" for i in (1, 2) for role in "kv"}),
    ):
        compared = differ(reference, model, **options).models[0]
        assert {tensor.name for tensor in compared.tensors} == names
        assert (compared.missing, compared.summary.element_coverage) == ([], 1)
    with pytest.raises(ValueError, match=r"no tensor has the name 'nothing'; names: "):
        differ(reference, model, tensors=["nothing"])
    with pytest.raises(gs.DiffError, match=r"a.gguf and b.gguf: no tensor that both have is among those asked for"):
        differ(reference, model, tensors=["output.weight"])  # which the model lacks


def test_a_reference_of_fewer_bits_is_asked_about(write_gguf: WriteGguf) -> None:
    weights = np.ones((4, 32), np.float32)
    paths = (
        write_gguf({"output.weight": weights.astype(np.float16)}, name="a.gguf"),
        write_gguf({"output.weight": weights}),
    )
    assert differ(*paths).models[0].notes == [
        "the reference has 16 bits per weight, fewer than the 32 of the model: are the two swapped?"
    ]
    assert differ(*paths[::-1]).models[0].notes == []
    with pytest.raises(gs.DiffError, match=r"a.gguf and model.gguf: the reference has 16 .* are the two swapped\?"):
        differ(*paths, coarse_reference=False)
    assert differ(*paths[::-1], coarse_reference=False).models


def test_refusals(write_gguf: WriteGguf, tmp_path: Path) -> None:
    reference = llama(write_gguf, "a.gguf")
    other = write_gguf(**small_models.fused_qkv(), name="c.gguf")
    with pytest.raises(gs.DiffError, match=r"a.gguf and c.gguf: different architectures, llama and phi3"):
        differ(reference, other)
    strange = write_gguf({"nothing": np.ones(4, np.float32)}, name="d.gguf")
    with pytest.raises(gs.DiffError, match=r"a.gguf and d.gguf: no tensor of the one has the name of one of the other"):
        differ(reference, strange)
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(reference.read_bytes()[:-2000])
    with pytest.raises(gs.GGUFError, match=r"cut\.gguf"):
        differ(reference, cut)
    with pytest.raises(ValueError, match="threads"):
        differ(reference, reference, threads=0)
    with pytest.raises(ValueError, match="--layers"):
        differ(reference, reference, layers="x")
    with pytest.raises(FileNotFoundError):
        differ(reference, tmp_path / "missing.gguf")


def test_a_file_that_shrinks_meanwhile(write_gguf: WriteGguf) -> None:
    weights = {"output.weight": np.ones((512, 1024), np.float32)}
    with gs.open(write_gguf(weights, name="a.gguf")) as reference, gs.open(write_gguf(weights)) as model:
        assert differ(reference, model).models[0].summary.n_identical == 1  # type: ignore[arg-type]
        os.truncate(model.path, model.file_sizes[0] // 2)
        with pytest.raises(gs.GGUFError, match="shrank"):
            differ(reference, model)  # type: ignore[arg-type]


def test_progress_may_cancel(write_gguf: WriteGguf) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    path = llama(write_gguf, "a.gguf")
    with pytest.raises(KeyboardInterrupt):
        differ(path, path, progress=stop)


def test_the_saved_form(write_gguf: WriteGguf, tmp_path: Path) -> None:
    reference = llama(write_gguf, "a.gguf")
    model = llama(write_gguf, "b.gguf", output__weight=np.full((64, 32), 0.3, np.float32), token_embd__weight=None)
    diff = differ(reference, model)
    path = tmp_path / "diff.json"
    diff.save(path)
    loaded = gs.Diff.load(path)
    assert loaded == diff
    assert loaded.to_json() == path.read_text()
    assert repr(diff) == repr(loaded)
    assert "'a small llama': against it 1 model, nmse 0." in repr(diff)
    diff.save(path)  # its own
    for text, reason in (
        (path.read_text().replace('"rmse"', '"root"', 1), "models.0.summary.rmse: Field required"),
        (path.read_text().replace("blk.1.attn_q", "blk.2.attn_q", 1), "models.0.tensors: a name stands there twice"),
        (path.read_text().replace('"nmse": 0.', '"nmse": -0.', 1), "models.0.summary.nmse: is negative"),
        (path.read_text().replace("diff/1", "diff/9", 1), "cannot read schema 'ggufscope.diff/9'"),
    ):
        with pytest.raises(gs.DiffError, match=reason):
            gs.Diff.from_json(text)
