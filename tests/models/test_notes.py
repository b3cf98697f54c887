"""Notes on files beyond what llama.cpp reads, in every view; and adapters that are refused from their profiles, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope import _core
from ggufscope.errors import ProfileError
from ggufscope.models.notes import notes_of
from support.gguf_writer import STRING, Gguf, Key, Tensor
from support.small_models import llama

LONG = "model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_q.weight"
TYPES = {type_["name"]: type_ for type_ in _core.types()}


def write(path: Path, *tensors: Tensor, trailing: int = 0) -> Path:
    file = Gguf(keys=[Key("general.architecture", STRING, "sd1")], tensors=list(tensors))
    path.write_bytes(file.build() + b"\xab" * trailing)
    return path


def plain(name: str = "a.b", *shape: int) -> Tensor:
    values = np.random.default_rng(1).standard_normal(shape or (4,)).astype(np.float32)
    return Tensor(name, values.shape, 0, values.tobytes())


def of_type(name: str, *names: str) -> list[Tensor]:
    type_ = TYPES[name]
    return [
        Tensor(each, (1, type_["elements_per_block"]), type_["id"], bytes(type_["bytes_per_block"])) for each in names
    ]


FILES = {
    "plain": ([plain()], 0, []),
    "name of 63 bytes": ([plain("n" * 63)], 0, []),
    "long name": ([plain(), plain(LONG)], 0, [
        f"names of more than 63 bytes, which llama.cpp does not read: {LONG} (77 bytes)"]),
    "many long names": ([plain(f"{i}{LONG}") for i in range(5)], 0, [
        "names of more than 63 bytes, which llama.cpp does not read: "
        + ", ".join(f"{i}{LONG} (78 bytes)" for i in range(3)) + " and 2 more"]),
    "five dimensions": ([plain("p", 8, 4, 1, 2, 2)], 0, [
        "more than 4 dimensions, which llama.cpp does not read: p (5 dimensions)"]),
    "trailing": ([plain("a", 8)], 1000, ["1000 bytes behind the last tensor"]),
    "one byte behind": ([plain("a", 8)], 1, ["1 byte behind the last tensor"]),
    "padding": ([plain("a", 9)], 0, []),
    "trailing, of a rival type": (of_type("NVFP4", "a"), 1000, [
        "1000 bytes behind the last tensor; some forks of ggml use the id of NVFP4 for another layout"]),
    "trailing, of a rival type that fits": (of_type("NVFP4", "a", "b"), 1000, ["1000 bytes behind the last tensor"]),
    "factors": ([plain("blk.0.attn_q.weight", 4, 4), plain("blk.0.attn_q.scale", 1),
        plain("blk.0.attn_k.weight", 4, 4), plain("blk.0.attn_k.weight.scale", 1),
        plain("blk.0.ffn_gate_inp.weight", 2, 4), plain("blk.0.ffn_gate_inp.scale", 4), plain("a.scale", 3)], 0, []),
    "a factor too many": ([plain("blk.0.attn_q.weight", 4, 4), plain("blk.0.attn_q.weight.scale", 1),
        plain("blk.0.attn_q.scale", 1)], 0, [
        "named as factors of matrices, and of no use as such: blk.0.attn_q.weight.scale (1 number)"]),
    "factors of another size": ([plain("blk.0.attn_q.weight", 4, 4), plain("blk.0.attn_q.scale", 3),
        plain("blk.1.attn_q.weight", 4, 4), plain("blk.1.attn_q.weight.scale", 4)], 0, [
        "named as factors of matrices, and of no use as such: "
        "blk.0.attn_q.scale (3 numbers), blk.1.attn_q.weight.scale (4 numbers)"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_notes(tmp_path: Path, kind: str) -> None:
    tensors, trailing, expected = FILES[kind]
    with gs.open(write(tmp_path / "m.gguf", *tensors, trailing=trailing)) as model:
        assert notes_of(model) == expected


def test_files_of_a_split_model_are_told_apart(tmp_path: Path) -> None:
    paths = []
    for number in range(2):
        keys = [Key("split.no", 2, number), Key("split.count", 2, 2), Key("split.tensors.count", 5, 2)]
        path = tmp_path / f"m-{number + 1:05}-of-00002.gguf"
        path.write_bytes(Gguf(keys=keys, tensors=[plain(f"t{number}", 8)]).build() + bytes(40 * number))
        paths.append(path)
    with gs.open(paths[0]) as model:
        assert notes_of(model) == ["40 bytes behind the last tensor of file 2 of 2"]


@pytest.mark.parametrize("kind", ["long name", "five dimensions", "trailing"])
def test_every_view_has_the_notes(tmp_path: Path, run_command: Any, kind: str) -> None:
    tensors, trailing, (note,) = FILES[kind]
    path = write(tmp_path / "m.gguf", *tensors, trailing=trailing)
    beginning = note.split(":")[0]
    for name in ("inspect", "profile"):
        assert beginning in " ".join(run_command(name, path)[1].split())
    assert json.loads(run_command("inspect", path, "--json")[1])["notes"] == [note]
    profile = gs.profile(path)
    assert profile.model.notes == [note]
    profile.save(tmp_path / "profile.json")
    assert gs.Profile.load(tmp_path / "profile.json") == profile
    assert run_command("report", tmp_path / "profile.json", "-o", tmp_path / "report", "--format", "md")[0] == 0
    assert beginning in (tmp_path / "report" / "report.md").read_text().replace("\\", "")


def test_five_dimensions_are_read_everywhere(tmp_path: Path, run_command: Any) -> None:
    tensor = plain("patch_embedding.weight", 8, 4, 1, 2, 2)
    values = np.frombuffer(tensor.data, np.float32).reshape(tensor.shape)
    path = write(tmp_path / "m.gguf", tensor)
    with gs.open(path) as model:
        read = model.tensors[0]
        assert read.shape == values.shape
        np.testing.assert_array_equal(read.dequantize(), values)
        np.testing.assert_array_equal(read.dequantize(rows=slice(3, 5)), values.reshape(-1, 2)[3:5])
        assert read.statistics().abs_max_index == np.unravel_index(np.abs(values).argmax(), values.shape)
    row = gs.profile(path).tensors["patch_embedding.weight"]
    assert row.shape == values.shape
    np.testing.assert_allclose(row.row_l2, np.linalg.norm(values.reshape(-1, 2), axis=1), rtol=1e-6)
    np.testing.assert_allclose(row.column_l2, np.linalg.norm(values.reshape(-1, 2), axis=0), rtol=1e-6)
    assert "8 × 4 × 1 × 2 × 2" in run_command("inspect", path, "--tensors", "*")[1]
    assert "8 × 4 × 1 × 2 × 2" in run_command("profile", path, "--tensors", "*", "--columns", "name,shape")[1]


@pytest.mark.parametrize("kind", ["adapter", "mmproj", "imatrix"])
def test_a_profile_of_what_is_no_language_model_is_refused_as_its_file_is(
    write_gguf: Any, tmp_path: Path, kind: str
) -> None:
    model = llama()
    path = write_gguf(model["tensors"], model["metadata"] | {"general.type": kind})
    gs.profile(path).save(tmp_path / "profile.json")
    for source in (path, tmp_path / "profile.json", gs.profile(path)):
        with pytest.raises(ProfileError, match=f"general.type is '{kind}'; the analysis needs a language model"):
            gs.analyze(source)


def test_an_older_profile_has_neither_type_nor_notes(write_gguf: Any) -> None:
    document = json.loads(gs.profile(write_gguf(**llama())).to_json())
    assert document["model"]["notes"] == []
    del document["model"]["notes"]
    document["model"].pop("general_type", None)
    loaded = gs.Profile.from_json(json.dumps(document))
    assert (loaded.model.notes, loaded.model.general_type) == (None, None)
    assert gs.analyze(loaded).document.model.n_layers == 3
