"""Files that are composed: what is read of them is what the same file has when it is written out."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggufscope import _core
from support.byte_readers import CountingReader
from support.gguf_writer import Gguf, Tensor

MEGABYTE = 2**20
Segment = Any
STORED = [
    np.random.default_rng(seed).integers(0, 256, size, np.uint8).tobytes() for seed, size in ((0, 4096), (1, 1000))
]


def header_of(tensors: list[Tensor]) -> bytes:
    """All before the data of a file with these tensors, whose data may be missing."""
    file = Gguf(tensors=tensors)
    header = file.header()
    return header.ljust(file.pad(len(header)), b"\0")


def header_of_bytes(size: int) -> bytes:
    """Of a file with one tensor of I8 (type 24)."""
    return header_of([Tensor("a", (size,), 24)])


def permuted(rows: npt.NDArray[Any], heads: int) -> npt.NDArray[Any]:
    """As converters permute Q and K."""
    shape = rows.shape
    return rows.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Segment, bytes]:
    reader = draw(st.integers(0, 1))
    offset = draw(st.integers(0, len(STORED[reader])))
    size = draw(st.integers(0, min(300, len(STORED[reader]) - offset)))
    return (reader, offset, size), STORED[reader][offset : offset + size]


@st.composite
def ordered_rows(draw: st.DrawFn) -> tuple[Segment, bytes]:
    heads, half, row_bytes = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 20))
    rows = 2 * heads * half
    reader = draw(st.integers(0, 1))
    offset = draw(st.integers(0, len(STORED[reader]) - rows * row_bytes))
    stored = np.frombuffer(STORED[reader], np.uint8, rows * row_bytes, offset).reshape(rows, row_bytes)
    order: Any = draw(
        st.sampled_from(["halves_to_pairs", "pairs_to_halves"]) | st.lists(st.integers(0, rows - 1), max_size=12)
    )
    if order == "halves_to_pairs":
        given_rows = permuted(stored, heads)
    elif order == "pairs_to_halves":
        inverse = np.argsort(permuted(np.arange(rows), heads))
        given_rows = stored[inverse]
    else:
        given_rows = stored[order]
    return _core.Rows(reader, offset, row_bytes, rows, order, heads), given_rows.tobytes()


memory = st.binary(max_size=50).map(lambda content: (content, content))
zeros = st.integers(0, 50).map(lambda size: (_core.Zeros(size), bytes(size)))
segments = st.lists(memory | zeros | runs() | ordered_rows(), min_size=1, max_size=12)


@settings(max_examples=200)
@given(drawn=segments, data=st.data())
def test_any_range_is_that_of_the_file_written_out(drawn: list[tuple[Segment, bytes]], data: st.DataObject) -> None:
    content = b"".join(part for _, part in drawn)
    header = header_of_bytes(len(content))
    readers = [CountingReader(f"r{i}", stored) for i, stored in enumerate(STORED)]
    model = _core.Model.composed(header, [segment for segment, _ in drawn], readers, "made")
    assert model.file_sizes == [len(header) + len(content)]
    assert model.files == ["made"]
    assert [reader.calls for reader in readers] == [[], []]
    assert model.data(0).tobytes() == content
    written = header + content
    for _ in range(5):
        begin = data.draw(st.integers(0, len(written)))
        size = data.draw(st.integers(0, len(written) - begin))
        assert model.read(0, begin, size) == written[begin : begin + size]
    model.close()
    assert [reader.times_closed for reader in readers] == [1, 1]


@pytest.fixture(scope="module")
def stored_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of 4 heads and of 3 experts, after some bytes of a header."""
    rng = np.random.default_rng(3)
    path = tmp_path_factory.mktemp("composed") / "model.safetensors"
    path.write_bytes(b"x" * 8 + rng.normal(size=(4096 + 3 * 128) * 512).astype("<f4").tobytes())
    return path


def test_a_composed_model_has_the_numbers_of_the_file_written_out(stored_path: Path, tmp_path: Path) -> None:
    """Through a path and through a reader, with threads; Q in pairs, experts apart, one tensor of memory."""
    content = stored_path.read_bytes()
    q = np.frombuffer(content, "<f4", 4096 * 512, 8).reshape(4096, 512)
    experts = np.frombuffer(content, "<f4", 3 * 128 * 512, 8 + q.nbytes).reshape(3, 128, 512)
    norm = np.arange(5, dtype="<f4").tobytes()
    tensors = [
        Tensor("blk.0.attn_q.weight", q.shape, 0, permuted(q, 4).tobytes()),
        Tensor("blk.0.ffn_up_exps.weight", experts.shape, 0, experts[::-1].tobytes()),
        Tensor("output_norm.weight", (5,), 0, norm),
    ]
    written = tmp_path / "written.gguf"
    written.write_bytes(Gguf(tensors=tensors).build())
    expected = _core.Model(written)
    one = experts[0].nbytes
    pieces = [
        _core.Rows(0, 8, 2048, 4096, "halves_to_pairs", 4),
        *((0, 8 + q.nbytes + i * one, one) for i in (2, 1, 0)),
        norm,
        _core.Zeros(12),
    ]
    reader = CountingReader("hf://a/b/model.safetensors", content)
    numbers = [0, 1, 2]
    for readers in ([str(stored_path)], [reader]):
        model = _core.Model.composed(header_of(tensors), pieces, readers, "made")
        assert model.tensors == expected.tensors
        for threads in (1, 4):
            assert _core.observe_model(model, numbers, [1024, 0, 0], threads) == _core.observe_model(
                expected, numbers, [1024, 0, 0], threads
            )
        pairs = [(i, i) for i in numbers]
        assert all(part.identical for part in _core.observe_pairs(expected, model, pairs, 4))
        for i, info in enumerate(expected.tensors):
            assert model.data(i).tobytes() == expected.data(i).tobytes()
            out = np.empty(info.shape, np.float32)
            model.decode(i, 0, out, 4)
            assert out.tobytes() == expected.data(i).tobytes()
    assert reader.announced[0] == [(8, q.nbytes), *((8 + q.nbytes + i * one, one) for i in (2, 1, 0))]
    halves = [size for offset, size in reader.calls if offset < 8 + q.nbytes]
    assert min(halves) >= 64 * 1024  # neighbours are read at once


def test_an_error_of_a_reader_comes_out_as_it_is() -> None:
    error = KeyboardInterrupt()

    def fail(number: int) -> None:
        raise error

    size = 8 * MEGABYTE
    readers = [CountingReader("good", bytes(size)), CountingReader("bad", bytes(size), before=fail)]
    header = header_of([Tensor("a", (size // 4096, 2048), 0)])
    model = _core.Model.composed(header, [(0, 0, size), (1, 0, size)], readers, "made")
    with pytest.raises(KeyboardInterrupt) as caught:
        _core.observe_model(model, [0], [0], 4)
    assert caught.value is error


def test_a_local_file_that_shrinks_is_told(stored_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(stored_path.read_bytes())
    model = _core.Model.composed(header_of_bytes(MEGABYTE), [(0, MEGABYTE, MEGABYTE)], [str(path)], "made")
    with path.open("r+b") as file:
        file.truncate(MEGABYTE + 10)
    with pytest.raises(
        _core.GGUFError, match=f"^{path}: data, byte {MEGABYTE + 10}: the file shrank while it was read"
    ):
        model.data(0)


HOSTILE: dict[str, tuple[Callable[[], Segment], type[Exception], str]] = {
    "no such reader": (lambda: (2, 0, 1), ValueError, "reader 2 of 2, counted from 0, is not there"),
    "behind the end": (
        lambda: (1, 1001, 0),
        _core.GGUFError,
        "^r1: data, byte 1001: 0 bytes .* the file ends at 1000$",
    ),
    "over the end": (lambda: (1, 999, 2), _core.GGUFError, "^r1: data, byte 999: 2 bytes from here on are needed"),
    "a size that wraps": (lambda: (1, 10, 2**64 - 5), _core.GGUFError, "r1: data, byte 10"),
    "a negative offset": (lambda: (1, -1, 1), TypeError, "numbers from 0 on"),
    "zeros without end": (lambda: _core.Zeros(2**63), ValueError, "larger than any file"),
    "zeros twice": (lambda: [_core.Zeros(2**62)] * 3, ValueError, "larger than any file"),
    "rows over the end": (lambda: _core.Rows(0, 0, 4097, 1, [0]), _core.GGUFError, "r0: data, byte 0: 4097 bytes"),
    "rows that wrap": (
        lambda: _core.Rows(0, 0, 2**40, 2**40, "halves_to_pairs", 2),
        ValueError,
        "the rows are larger than any file",
    ),
    "rows without bytes": (lambda: _core.Rows(0, 0, 0, 2**63, "halves_to_pairs", 1), ValueError, "data is cut off"),
    "a row that is not there": (lambda: _core.Rows(0, 0, 1, 4, [4]), ValueError, "row 4 of 4, counted from 0"),
    "heads that do not divide": (lambda: _core.Rows(0, 0, 1, 10, "halves_to_pairs", 4), ValueError, "10 rows are not"),
    "odd heads": (
        lambda: _core.Rows(0, 0, 1, 9, "pairs_to_halves", 3),
        ValueError,
        "9 rows are not two halves of each",
    ),
    "no heads": (lambda: _core.Rows(0, 0, 1, 8, "pairs_to_halves", 0), ValueError, "of 0 heads"),
    "no such order": (
        lambda: _core.Rows(0, 0, 1, 8, "backwards"),
        ValueError,
        "no order of rows is called 'backwards'",
    ),
    "no segment": (lambda: "text", TypeError, "a segment is bytes, Zeros, Rows or a tuple"),
    "too short a tuple": (lambda: (1, 2), TypeError, "a segment is"),
    "too few bytes": (lambda: b"123", _core.GGUFError, "^made: tensor 'a', byte 64: its data is cut off"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_segments_are_refused(name: str) -> None:
    make, error, message = HOSTILE[name]
    readers = [CountingReader(f"r{i}", stored) for i, stored in enumerate(STORED)]

    def compose() -> None:
        segment = make()
        segments = segment if isinstance(segment, list) else [segment]
        _core.Model.composed(header_of_bytes(100), segments, readers, "made")

    with pytest.raises(error, match=message):
        compose()
    assert {reader.times_closed for reader in readers} <= {0, 1}
    assert [reader.calls for reader in readers] == [[], []]


def test_a_header_must_be_whole_and_nothing_more() -> None:
    header = header_of_bytes(100)
    for wrong, error, message in (
        (b"GGUF", ValueError, "a header has 24 bytes at least"),
        (header + bytes(32), ValueError, "the header has 96 bytes, its data section begins at 64"),
        (header[:-1], ValueError, "the header has 63 bytes, its data section begins at 64"),
        (b"X" + header[1:], _core.GGUFError, "^made: not a GGUF file"),
        (struct.pack("<4sIQQ", b"GGUF", 3, 2**60, 0), _core.GGUFError, "^made: tensor table, byte 8: the file claims"),
    ):
        with pytest.raises(error, match=message):
            _core.Model.composed(wrong, [bytes(200)], [], "made")


def test_readers_are_closed_where_composing_fails(tmp_path: Path) -> None:
    readers = [CountingReader("a", b"1"), CountingReader("b", b"2")]
    with pytest.raises(_core.GGUFError, match=r"^b: data, byte 0"):
        _core.Model.composed(header_of_bytes(1), [(1, 0, 2)], readers, "made")
    assert [reader.times_closed for reader in readers] == [1, 1]
    with pytest.raises(FileNotFoundError):
        _core.Model.composed(header_of_bytes(1), [b"1"], [readers[0], str(tmp_path / "none")], "made")
    assert readers[0].times_closed == 2
