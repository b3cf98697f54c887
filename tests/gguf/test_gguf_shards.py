"""Split models: opened through any shard, refused when shards are missing, mixed or duplicate."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import gguf
import numpy as np
import pytest

from ggufscope import _core
from support.gguf_writer import INT32, STRING, UINT16, UINT32, Gguf, Key, Tensor


def shard(number: int, count: int, total: int = 4, order: str = "<", extra: list[Tensor] | None = None) -> Gguf:
    """Shard `number` (from 0) holds tensors t<number> and, the first one, also `first`."""
    tensors = [Tensor(f"t{number}", (2,), 0, struct.pack(order + "2f", number, -number))]
    if number == 0:
        tensors.append(Tensor("first", (1,), 0, bytes(4)))
    keys = [
        Key("split.no", UINT16, number),
        Key("split.count", UINT16, count),
        Key("split.tensors.count", INT32, total),
    ]
    if number == 0:
        keys.insert(0, Key("general.name", STRING, "model"))
    return Gguf(keys=keys, tensors=tensors + (extra or []), order=order)


def path_of(folder: Path, number: int, count: int = 3, name: str = "m") -> Path:
    return folder / f"{name}-{number + 1:05}-of-{count:05}.gguf"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for number in range(3):
        path_of(tmp_path, number).write_bytes(shard(number, 3).build())
    return tmp_path


@pytest.mark.parametrize("opened", range(3))
def test_opens_through_any_shard(model: Path, opened: int) -> None:
    whole = _core.Model(path_of(model, opened))
    assert whole.files == [str(path_of(model, number)) for number in range(3)]
    assert whole.file_sizes == [path_of(model, number).stat().st_size for number in range(3)]
    assert [(t.name, t.file) for t in whole.tensors] == [("t0", 0), ("first", 0), ("t1", 1), ("t2", 2)]
    assert whole.value("general.name") == "model"
    assert whole.value("split.no") == 0
    for index, number in [(0, 0), (2, 1), (3, 2)]:
        out = np.empty(2, np.float32)
        whole.decode(index, 0, out, 1)
        assert out.tolist() == [number, -number]
        info = whole.tensors[index]
        assert whole.read(number, info.offset, 8) == whole.data(index).tobytes()


def test_big_endian_shards(tmp_path: Path) -> None:
    for number in range(3):
        path_of(tmp_path, number).write_bytes(shard(number, 3, order=">").build())
    whole = _core.Model(path_of(tmp_path, 1))
    out = np.empty(2, np.float32)
    whole.decode(3, 0, out, 1)
    assert (whole.byte_order, out.tolist()) == ("big", [2, -2])


def test_shards_of_the_gguf_package(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama", split_max_tensors=2)
    values = np.arange(20, dtype=np.float32).reshape(5, 4)
    for number in range(5):
        writer.add_tensor(f"t{number}", values[number])
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        step()
    whole = _core.Model(path_of(tmp_path, 1, name="x"))
    assert [(t.name, t.file) for t in whole.tensors] == [("t0", 0), ("t1", 0), ("t2", 1), ("t3", 1), ("t4", 2)]
    assert [whole.data(i).tobytes() for i in range(5)] == [row.tobytes() for row in values]


def test_a_single_shard_needs_no_name(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(shard(0, 1, 2).build())
    assert len(_core.Model(tmp_path / "m.gguf").tensors) == 2


def test_through_symbolic_links(model: Path, tmp_path: Path) -> None:
    # As download caches keep them: links with proper names to files with hashes for names.
    links = tmp_path / "links"
    links.mkdir()
    for number in range(3):
        blob = path_of(model, number).rename(tmp_path / f"blob{number}")
        path_of(links, number).symlink_to(blob)
    assert len(_core.Model(path_of(links, 2)).tensors) == 4


def refused(path: Path, *fragments: str) -> None:
    with pytest.raises(_core.GGUFError) as caught:
        _core.Model(path)
    assert all(fragment in str(caught.value) for fragment in fragments), caught.value


@pytest.mark.parametrize("missing", range(3))
def test_missing(model: Path, missing: int) -> None:
    path_of(model, missing).unlink()
    opened = path_of(model, (missing + 1) % 3)
    refused(opened, str(path_of(model, missing)), f"shard {missing + 1} of 3 is missing")


def test_unreadable(model: Path) -> None:
    unreadable = path_of(model, 1)
    unreadable.unlink()
    unreadable.symlink_to(unreadable)  # nobody can read that, not even root
    with pytest.raises(OSError, match="symbolic links") as caught:
        _core.Model(path_of(model, 0))
    assert caught.value.filename == str(unreadable)


def test_duplicate(model: Path) -> None:
    shutil.copy(path_of(model, 0), path_of(model, 1))
    refused(path_of(model, 2), str(path_of(model, 1)), "split.no", "0 instead of 1")


def test_duplicate_tensor(model: Path) -> None:
    for number in range(2):
        path_of(model, number).write_bytes(shard(number, 3, 5).build())
    path_of(model, 2).write_bytes(shard(2, 3, 5, extra=[Tensor("t0", (1,), 0, bytes(4))]).build())
    refused(path_of(model, 0), str(path_of(model, 2)), "tensor 't0'", "the name occurs twice")


def test_mixed_count(model: Path) -> None:
    path_of(model, 1).write_bytes(shard(1, 2).build())
    refused(path_of(model, 0), str(path_of(model, 1)), "split.count", "2 instead of 3")


def test_mixed_models(model: Path) -> None:
    path_of(model, 1).write_bytes(shard(1, 3, total=9).build())
    refused(path_of(model, 0), str(path_of(model, 1)), "does not belong to the same model")


def test_mixed_byte_orders(model: Path) -> None:
    path_of(model, 1).write_bytes(shard(1, 3, order=">").build())
    refused(path_of(model, 0), str(path_of(model, 1)), "does not belong to the same model")


def test_not_a_shard_among_shards(model: Path) -> None:
    path_of(model, 1).write_bytes(Gguf().build())
    refused(path_of(model, 0), str(path_of(model, 1)), "split.count", "absent instead of 3")


def test_tensors_missing(model: Path) -> None:
    for number in range(3):
        path_of(model, number).write_bytes(shard(number, 3, total=7).build())
    refused(path_of(model, 1), "split.tensors.count", "the model has 7 tensors, its 3 shards hold 4")


WRONG_NAMES = [
    "m.gguf",
    "m-00001-of-00004.gguf",
    "m-00000-of-00003.gguf",
    "m-00004-of-00003.gguf",
    "m_00001-of-00003.gguf",
    "m-0000a-of-00003.gguf",
    "m-00001-of-00003.bin",
]


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_renamed(model: Path, name: str) -> None:
    renamed = path_of(model, 0).rename(model / name)
    refused(renamed, "one of 3 shards", "cannot be found")


def test_renamed_to_the_place_of_another(model: Path) -> None:
    path_of(model, 0).rename(path_of(model, 1))
    refused(path_of(model, 1), "shard 1 of 3 is missing")


def test_absurd_count(tmp_path: Path) -> None:
    path_of(tmp_path, 0).write_bytes(Gguf(keys=[Key("split.count", UINT32, 2**32 - 1)]).build())
    refused(path_of(tmp_path, 0), "4294967295 shards are absurd")


def test_damaged_shard_is_named(model: Path) -> None:
    whole = path_of(model, 1).read_bytes()
    path_of(model, 1).write_bytes(whole[:60])
    refused(path_of(model, 0), str(path_of(model, 1)), "3 keys, the 36 bytes left hold 2 at most")
