"""Models whose bytes a reader of Python reads: the same as mapped ones, with the errors of either."""

from __future__ import annotations

import gc
import mmap
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ggufscope import _core
from support.byte_readers import CountingReader, read_model
from support.gguf_writer import ARRAY, STRING, UINT16, Array, Gguf, Key, Tensor, small_model
from support.hostile_files import HOSTILE_FILES, write_file
from support.large_file import MEGABYTE, decoded, large_reader, numbers, observe


@pytest.mark.parametrize("order", "<>")
def test_small_files_are_read_whole_and_once(tmp_path: Path, order: str) -> None:
    content = small_model(order, alignment=64).build()
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    mapped, reader = _core.Model(path), CountingReader("https://h/m.gguf", content)
    model = read_model(reader)
    for name in ("file_sizes", "version", "byte_order", "alignment", "tensors", "metadata"):
        assert getattr(model, name) == getattr(mapped, name)
    assert model.files == ["https://h/m.gguf"]
    for entry in mapped.metadata:
        np.testing.assert_equal(model.value(entry.key), mapped.value(entry.key))
    for i in range(len(mapped.tensors)):
        assert model.data(i).shape == mapped.data(i).shape
        assert model.data(i).tobytes() == mapped.data(i).tobytes()
        assert decoded(model, i, 1) == decoded(mapped, i, 1)
    assert model.read(0, 3, 40) == content[3:43]
    assert reader.calls == [(0, len(content))]


def test_large_files_are_read_as_they_are_needed(large_path: Path) -> None:
    mapped, reader = _core.Model(large_path), large_reader()
    model = read_model(reader)
    assert reader.calls == [(0, 4 * MEGABYTE), (4 * MEGABYTE, 4 * MEGABYTE)]
    assert model.value("numbers").size == 5 * MEGABYTE
    assert len(reader.calls) == 2
    assert observe(model) == observe(mapped)
    assert max(size for _, size in reader.calls[2:]) <= MEGABYTE
    everything = [(i, i) for i in range(len(mapped.tensors))]
    assert _core.observe_pairs(model, mapped, everything, 2) == _core.observe_pairs(mapped, mapped, everything, 2)
    for i, info in enumerate(mapped.tensors):
        data = model.data(i)
        assert (data.shape, data.flags.writeable, data.tobytes()) == (
            mapped.data(i).shape,
            False,
            mapped.data(i).tobytes(),
        )
        assert decoded(model, i, 3) == decoded(mapped, i, 3)
        assert model.read(0, info.offset, info.n_bytes) == data.tobytes()
    part = np.empty((3, 1024), np.float32)
    model.decode(2, 100, part, 1)
    assert part.tobytes() == decoded(mapped, 2, 1)[100 * 4096 : 103 * 4096]


def test_copies_outlive_their_model() -> None:
    model = read_model(large_reader())
    data = model.data(0)
    expected = data.tobytes()
    model.close()
    del model
    gc.collect()
    assert data.tobytes() == expected


def test_only_what_the_head_lacks_is_read() -> None:
    """A header of strings is read piece by piece, as nobody knows where it ends; an array of numbers says so."""
    words = Key("words", ARRAY, Array(STRING, ["x" * 1024] * (9 * 1024)))
    for key, expected in ((words, [4, 8, 16]), (numbers(9 * MEGABYTE), [4, 16])):
        reader = CountingReader("m", Gguf(keys=[key], tensors=[Tensor("a", (2**24,), 24, bytes(2**24))]).build())
        read_model(reader)
        ends = [offset + size for offset, size in reader.calls]
        assert ends == [end * MEGABYTE for end in expected]
        assert [offset for offset, _ in reader.calls] == [0, *ends[:-1]]


def test_a_head_is_not_read_without_end() -> None:
    content = Gguf(keys=[numbers(8, claimed=600 * MEGABYTE)]).build()
    reader = CountingReader("m", content, size=2**40)
    with pytest.raises(
        _core.GGUFError, match=r"^m: header, byte 4194304: it goes on to byte 629\d+ at least"
    ) as caught:
        read_model(reader)
    assert "may have 536870912 bytes" in str(caught.value)
    assert reader.calls == [(0, 4 * MEGABYTE)]
    assert reader.times_closed == 1


def test_refusals_are_those_of_mapped_files(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    content = small_model().build()
    for size in range(1, len(content), 7):
        path.write_bytes(content[:size])
        assert_same_refusal(path)
    refused = 0
    for file in HOSTILE_FILES.values():
        try:
            write_file(path, file)
        except OSError:
            continue  # the file system has no sparse files of this size
        if path.stat().st_size == 0:
            continue  # test_an_empty_file_is_refused
        refused += assert_same_refusal(path)
        path.unlink()
    assert refused > 50


def assert_same_refusal(path: Path) -> bool:
    """Whether there is one. Headers of more than 512 MiB are refused only where they would have to be fetched."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        reader = CountingReader(str(path), content)
        of_read = refusal(lambda: read_model(reader))
    if of_read is None or "headers of files that are not mapped" not in of_read[1]:
        assert of_read == refusal(lambda: _core.Model(path))
    return of_read is not None


def refusal(open_model: Callable[[], _core.Model]) -> tuple[type, str] | None:
    try:
        open_model()
    except _core.GGUFError as error:
        return type(error), str(error)
    return None


def test_an_empty_file_is_refused() -> None:
    reader = CountingReader("m", b"")
    with pytest.raises(_core.GGUFError, match=r"^m: the file is empty$"):
        read_model(reader)
    assert (reader.calls, reader.times_closed) == ([], 1)


def test_a_read_model_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(read_model(CountingReader("m", small_model().build())))


class Shelf:
    """Shards by name; `asked` has what was asked for."""

    def __init__(self, missing: int | None = None, error: Exception | None = None) -> None:
        self.files = {self.name(i): self.shard(i) for i in range(3) if i != missing}
        self.error = error
        self.readers: list[CountingReader] = []

    @staticmethod
    def name(number: int) -> str:
        return f"hf://a/b/m-{number + 1:05}-of-00003.gguf"

    @staticmethod
    def shard(number: int) -> bytes:
        keys = [Key("split.no", UINT16, number), Key("split.count", UINT16, 3)]
        return Gguf(keys=keys, tensors=[Tensor(f"t{number}", (2,), 0, struct.pack("<2f", number, 1))]).build()

    def open(self, name: str) -> CountingReader:
        if name not in self.files:
            raise self.error or FileNotFoundError(2, "no such file", name)
        self.readers.append(CountingReader(name, self.files[name]))
        return self.readers[-1]


@pytest.mark.parametrize("opened", range(3))
def test_shards_are_asked_for_by_name_and_once(opened: int) -> None:
    shelf = Shelf()
    model = _core.Model.from_readers(shelf.name(opened), shelf.open)
    assert model.files == [shelf.name(i) for i in range(3)]
    assert sorted(reader.name for reader in shelf.readers) == model.files
    assert [(t.name, t.file) for t in model.tensors] == [("t0", 0), ("t1", 1), ("t2", 2)]
    assert [model.data(i).view("<f4").tolist() for i in range(3)] == [[i, 1] for i in range(3)]
    model.close()
    assert [reader.times_closed for reader in shelf.readers] == [1, 1, 1]


def test_a_missing_shard_is_named() -> None:
    shelf = Shelf(missing=1)
    with pytest.raises(_core.GGUFError, match=r"^hf://a/b/m-00002-of-00003.gguf: shard 2 of 3 is missing$"):
        _core.Model.from_readers(shelf.name(2), shelf.open)
    assert [reader.times_closed for reader in shelf.readers] == [1, 1]
    with pytest.raises(FileNotFoundError):
        _core.Model.from_readers(shelf.name(1), shelf.open)
    error = PermissionError(13, "not yours")
    with pytest.raises(PermissionError) as caught:
        _core.Model.from_readers(shelf.name(0), Shelf(missing=1, error=error).open)
    assert caught.value is error
