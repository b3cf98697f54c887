"""Models whose bytes a reader of Python reads: the same as mapped ones, with the errors of either."""

from __future__ import annotations

import gc
import mmap
import pickle
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ggufscope import _core
from support.byte_readers import CountingReader, read_model
from support.gguf_writer import ARRAY, STRING, UINT8, UINT16, Array, Gguf, Key, Raw, Tensor, small_model
from support.hostile_files import HOSTILE_FILES, write_file

MEGABYTE = 2**20


def numbers(length: int, claimed: int | None = None) -> Key:
    """A key with an array of so many bytes."""
    head = UINT8.to_bytes(4, "little") + (length if claimed is None else claimed).to_bytes(8, "little")
    return Key("numbers", ARRAY, Raw(head + bytes(length)))


def large_model() -> Gguf:
    """Weights behind the first 4 MiB, of several chunks, some in three dimensions, one in another type."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (8192, 18), np.uint8)
    blocks[:, 0:2] = np.frombuffer(struct.pack("<e", 0.01), np.uint8)
    return Gguf(
        keys=[Key("general.architecture", STRING, "llama"), numbers(5 * MEGABYTE)],
        tensors=[
            Tensor("token_embd.weight", (2048, 1024), 0, rng.normal(size=2048 * 1024).astype("<f4").tobytes()),
            Tensor("blk.0.ffn_up_exps.weight", (4, 64, 512), 0, rng.normal(size=4 * 64 * 512).astype("<f4").tobytes()),
            Tensor("blk.0.attn_q.weight", (256, 1024), 2, blocks.tobytes()),
            Tensor("none", (0, 4), 0, b""),
        ],
    )


LARGE = large_model().build()


@pytest.fixture(scope="module")
def large_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("read") / "large.gguf"
    path.write_bytes(LARGE)
    return path


def large_reader(**options: Any) -> CountingReader:
    return CountingReader("hf://a/b/large.gguf", LARGE, **options)


def observe(model: _core.Model, threads: int = 4, **options: Any) -> list[_core.Part]:
    return _core.observe_model(model, range(len(model.tensors)), [0] * len(model.tensors), threads, **options)


def decoded(model: _core.Model, tensor: int, threads: int) -> bytes:
    out = np.empty(model.tensors[tensor].n_elements, np.float32)
    model.decode(tensor, 0, out, threads)
    return out.tobytes()


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


@pytest.mark.parametrize("error", [OSError(5, "gone"), KeyboardInterrupt(), RuntimeError("é")])
def test_errors_come_out_as_they_are(error: BaseException) -> None:
    def raise_from(first: int) -> Callable[[int], None]:
        def fail(number: int) -> None:
            if number >= first:
                raise error

        return fail

    for first in (0, 1):
        reader = large_reader(before=raise_from(first))
        with pytest.raises(type(error)) as caught:
            read_model(reader)
        assert caught.value is error
        assert (len(reader.calls), reader.times_closed) == (first + 1, 1)
    uses: list[Callable[[_core.Model], object]] = [
        observe,
        lambda model: model.data(0),
        lambda model: model.read(0, 10 * MEGABYTE, 10),
        lambda model: decoded(model, 0, 4),
        lambda model: _core.observe_pairs(model, model, [(0, 0)], 4),
    ]
    for use in uses:
        reader = large_reader(before=raise_from(2))
        model = read_model(reader)
        with pytest.raises(type(error)) as caught:
            use(model)
        assert caught.value is error
        model.close()
        assert reader.times_closed == 1


def test_an_error_of_another_thread_comes_out() -> None:
    caller = threading.get_ident()
    failed = threading.Event()

    def fail_elsewhere(number: int) -> None:
        if number < 2:
            return
        if threading.get_ident() != caller:
            failed.set()
            raise KeyboardInterrupt(f"in thread {threading.get_ident()}")
        assert failed.wait(30)

    model = read_model(large_reader(before=fail_elsewhere))
    for _ in range(20):
        failed.clear()
        with pytest.raises(KeyboardInterrupt, match="in thread") as caught:
            observe(model)
        assert str(caller) not in str(caught.value)


def test_a_model_may_be_closed_while_it_is_read(large_path: Path) -> None:
    reading, closed = threading.Event(), threading.Event()

    def wait(number: int) -> None:
        if number >= 2:
            reading.set()
            assert closed.wait(30)

    reader = large_reader(before=wait)
    model = read_model(reader)

    def close() -> None:
        assert reading.wait(30)
        model.close()
        assert reader.times_closed == 0
        closed.set()

    closing = threading.Thread(target=close)
    closing.start()
    parts = observe(model)
    closing.join()
    assert parts == observe(_core.Model(large_path))
    assert reader.times_closed == 1
    with pytest.raises(ValueError, match="the model is closed"):
        model.data(0)


def test_tensors_are_announced_before_they_are_read() -> None:
    reader = large_reader()
    model = read_model(reader)
    ranges = [(info.offset, info.n_bytes) for info in model.tensors]
    assert reader.announced == []
    _core.observe_model(model, [2, 0, 3], [0, 0, 0], 1)
    _core.observe_pairs(model, read_model(CountingReader("m", LARGE)), [(1, 1)], 1)
    model.expect([0, 2])
    model.expect([])
    assert reader.announced == [[ranges[2], ranges[0]], [ranges[1]], [ranges[0], ranges[2]], []]
    with pytest.raises(IndexError):
        model.expect([-1])


def test_progress_and_reading_take_turns(large_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    model = read_model(large_reader())
    parts = observe(model, progress=lambda done, total: seen.append((done, total)))
    assert parts == observe(_core.Model(large_path))
    total = sum(info.n_bytes for info in model.tensors)
    assert seen[-1] == (total, total)

    def stop(done: int, total: int) -> None:
        raise InterruptedError(done)

    with pytest.raises(InterruptedError):
        observe(read_model(large_reader()), progress=stop)


def test_threads_that_wait_give_up_when_the_caller_does() -> None:
    """Ctrl-C does not wait for a network."""
    caller = threading.get_ident()
    waiting, given_up = threading.Event(), threading.Event()

    class Waiting(CountingReader):
        def cancel(self) -> None:
            given_up.set()

    def wait(number: int) -> None:
        if number >= 2 and threading.get_ident() != caller:
            waiting.set()
            assert given_up.wait(30)
            raise OSError("gave up")

    def stop(done: int, total: int) -> None:
        if waiting.is_set():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observe(read_model(Waiting("m", LARGE, before=wait)), progress=stop)
    assert given_up.is_set()


def test_a_reader_that_keeps_its_memory_harms_nothing() -> None:
    class Keeping(CountingReader):
        def read_into(self, offset: int, out: memoryview) -> None:
            super().read_into(offset, out)
            kept.append(out[: len(out) // 2])

    kept: list[memoryview] = []
    content = small_model().build()
    model = read_model(Keeping("m", content))
    model.close()
    assert kept[0] == content[: len(content) // 2]

    class Shrinking(CountingReader):
        def read_into(self, offset: int, out: memoryview) -> None:
            memory: Any = out.obj
            out.release()
            memory.clear()

    with pytest.raises(ValueError, match="changed the size"):
        read_model(Shrinking("m", content))


@pytest.mark.parametrize(("count", "accepted"), [(None, True), (10**6, False), (0, False), ("all", False)])
def test_a_reader_that_counts_must_give_all(count: object, accepted: bool) -> None:
    class Counting(CountingReader):
        def read_into(self, offset: int, out: memoryview) -> Any:  # type: ignore[override]
            super().read_into(offset, out)
            return count

    content = small_model().build()
    if accepted:
        read_model(Counting("m", content))
        return
    with pytest.raises(_core.GGUFError, match=f"^m: data, byte 0: of {len(content)} bytes, the reader gave {count}$"):
        read_model(Counting("m", content))


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"name": 5}, TypeError),
        ({"name": "a\0b"}, ValueError),
        ({"size": -2}, ValueError),
        ({"size": 2**63}, OverflowError),
        ({"size": 3.5}, TypeError),
    ],
)
def test_what_is_no_reader_is_refused(attributes: dict[str, object], error: type[Exception]) -> None:
    reader = CountingReader("m", small_model().build())
    for name, value in attributes.items():
        setattr(reader, name, value)
    with pytest.raises(error):
        _core.Model.from_readers("m", lambda _: reader)
    assert reader.times_closed == 1
    with pytest.raises(AttributeError, match="name"):
        _core.Model.from_readers("m", lambda _: object())  # type: ignore[arg-type, return-value]


def test_an_error_in_closing_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clinging(CountingReader):
        def close(self) -> None:
            raise OSError("clings")

    told: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda failure: told.append(failure.exc_value))
    read_model(Clinging("m", small_model().build())).close()
    with pytest.raises(_core.GGUFError, match="instead of 'GGUF'"):
        read_model(Clinging("m", b"no model"))
    assert [str(error) for error in told] == ["clings"] * 2


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
