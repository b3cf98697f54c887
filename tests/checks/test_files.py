"""Files and sets of files: shards, digests in names, links, manifests, and runs of zeros in what is read in pieces."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import xxhash

import ggufscope as gs
from ggufscope.checks.manifest import Manifest
from ggufscope.checks.zero_runs import zero_runs
from ggufscope.synth import synthesize
from support.gguf_writer import Gguf, Tensor
from support.planted import healthy


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    return synthesize("tiny", tmp_path / "tiny.gguf", "Q8_0", layers=2, shards=3)


def only(path: Path) -> tuple[str, str, str]:
    """Rule, severity and sentence of the only finding above a note."""
    (finding,) = [each for each in gs.check(path).findings if each.severity != "note"]
    return finding.rule, finding.severity, finding.sentence


def test_a_split_model_is_sound_from_any_of_its_files(shards: list[Path]) -> None:
    for path in shards:
        verdict = gs.check(path)
        assert (verdict.sound, len(verdict.document.files), verdict.document.counts["warning"]) == (True, 3, 0)


def test_a_shard_that_is_missing(shards: list[Path]) -> None:
    shards[1].unlink()
    rule, severity, sentence = only(shards[0])
    assert (rule, severity) == ("readable", "error")
    assert "shard 2 of 3 is missing" in sentence


def test_shards_that_changed_places(shards: list[Path]) -> None:
    shutil.copy(shards[2], shards[1])
    assert "a shard of another place or model under this name" in only(shards[0])[2]


def test_a_shard_of_another_model(shards: list[Path], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = synthesize("tiny", tmp_path / "other" / "tiny.gguf", "Q8_0", layers=3, shards=3)
    shutil.copy(other[1], shards[1])
    assert only(shards[0])[0] == "readable"


def test_a_finding_names_the_shard(shards: list[Path]) -> None:
    with gs.open(shards[0]) as model:
        tensor = next(each for each in model.tensors.values() if each.file == str(shards[1]) and each.type == "Q8_0")
        offset, name = tensor.offset, tensor.name
    data = bytearray(shards[1].read_bytes())
    data[offset + 34 : offset + 36] = b"\x00\x7e"
    shards[1].write_bytes(data)
    (finding,) = [each for each in gs.check(shards[0]).findings if each.severity == "error"]
    assert (finding.place.tensor, finding.place.file) == (name, shards[1].name)
    assert (finding.place.block, finding.place.offset) == (1, offset + 34)


def test_a_name_behind_a_link_is_held_to_its_digest(tmp_path: Path) -> None:
    """As the Hugging Face cache keeps files."""
    model = healthy("Q4_0")
    content = model.file.build()
    blob = tmp_path / "blobs" / sha256(content).hexdigest()
    blob.parent.mkdir()
    blob.write_bytes(content)
    link = tmp_path / "model.gguf"
    link.symlink_to(blob)
    assert gs.check(link).findings == []
    model.key("general.name").value = "a wealthy model"
    blob.write_bytes(model.file.build())
    assert only(link)[0] == "digest"


def test_a_manifest_of_a_split_model(shards: list[Path], tmp_path: Path) -> None:
    manifest = gs.check(shards[0], manifest=True).manifest
    assert isinstance(manifest, Manifest)
    files = {each.name: (each.size, each.sha256) for each in manifest.document.files}
    assert files == {path.name: (path.stat().st_size, sha256(path.read_bytes()).hexdigest()) for path in shards}
    with gs.open(shards[0]) as model:
        digests = {name: xxhash.xxh3_128(tensor.data.tobytes()).hexdigest() for name, tensor in model.tensors.items()}
    assert {name: each.xxh3_128 for name, each in manifest.tensors.items()} == digests
    manifest.save(tmp_path / "manifest.json")
    assert Manifest.load(tmp_path / "manifest.json") == manifest
    (whole,) = synthesize("tiny", tmp_path / "whole.gguf", "Q8_0", layers=2)
    findings = [each for each in gs.check(whole, against=manifest).findings if each.severity != "note"]
    assert [(each.rule, each.severity) for each in findings] == [("manifest", "warning")]
    assert findings[0].sentence == "the model lies in 1 file, in the manifest in 3; its tensors agree"


def test_no_manifest_is_taken_unasked(tmp_path: Path) -> None:
    assert gs.check(healthy("Q4_0").write(tmp_path)).manifest is None


MIB = 1 << 20
RUNS = [
    [(0, 2048)],
    [(MIB - 1, MIB + 2047)],  # across the pieces that are read
    [(MIB - 5000, 3 * MIB - 77)],
    [(100, 2148), (2149, 5000), (3 * MIB - 2048, 3 * MIB)],
    [(511, 2 * MIB)],
]


@pytest.mark.parametrize("runs", RUNS)
def test_runs_of_zero_bytes_are_found_to_the_byte(runs: list[tuple[int, int]], tmp_path: Path) -> None:
    data = np.full(3 * MIB + 4, 7, np.uint8)
    for begin, end in runs:
        data[begin:end] = 0
    file = Gguf(tensors=[Tensor("t", (len(data) // 4,), 0, data.tobytes())])
    path = tmp_path / "m.gguf"
    path.write_bytes(file.build())
    with gs.open(path) as model:
        found = [(run.begin, run.end) for run in zero_runs(model.tensors["t"])]
    assert found == [(begin, end) for begin, end in runs if end - begin >= 2048]


def test_bytes_of_a_tensor(tmp_path: Path) -> None:
    with gs.open(healthy("Q4_0").write(tmp_path)) as model:
        tensor = model.tensors["blk.1.attn_q.weight"]
        assert tensor.read(18, 36) == tensor.data.tobytes()[18:54]
        assert tensor.read(tensor.n_bytes, 0) == b""
        for begin, size in ((-1, 4), (0, tensor.n_bytes + 1), (tensor.n_bytes, 1), (4, -1)):
            with pytest.raises(ValueError, match="bytes, and no"):
                tensor.read(begin, size)
