"""Valid files: tables, bytes and decoded values, against what was written and against the gguf package."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import gguf
import numpy as np
import pytest

from ggufscope import _core
from support.format_registry import GGML_TYPES
from support.gguf_writer import STRING, Gguf, Key, Tensor, alignment_key, small_model


def opened(path: Path, content: bytes) -> _core.Model:
    path.write_bytes(content)
    return _core.Model(path)


def rows_of(model: _core.Model) -> list[tuple[str, int, tuple[int, ...], int, int]]:
    return [(t.name, t.type, t.shape, t.n_elements, t.n_bytes) for t in model.tensors]


def decoded(model: _core.Model, tensor: int) -> np.ndarray:
    info = model.tensors[tensor]
    out = np.empty(info.shape, np.float32)
    model.decode(tensor, 0, out, 1)
    return out


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(("order", "name"), [("<", "little"), (">", "big")])
@pytest.mark.parametrize("alignment", [1, 8, 32, 64, 4096])
def test_small_model(tmp_path: Path, order: str, name: str, alignment: int, version: int) -> None:
    model = opened(tmp_path / "m.gguf", small_model(order, alignment, version).build())
    assert (model.version, model.byte_order, model.alignment, model.closed) == (version, name, alignment, False)
    assert model.files == [str(tmp_path / "m.gguf")]
    assert model.file_sizes == [(tmp_path / "m.gguf").stat().st_size]
    assert rows_of(model) == [
        ("token_embd.weight", 0, (3, 4), 12, 48),
        ("blk.0.attn_q.weight", 2, (2, 64), 128, 72),
        ("output_norm.weight", 0, (5,), 5, 20),
    ]
    assert all(t.file == 0 and t.offset % alignment == 0 for t in model.tensors)
    np.testing.assert_array_equal(decoded(model, 0), np.arange(12, dtype=np.float32).reshape(3, 4))
    np.testing.assert_array_equal(decoded(model, 2), np.arange(5, dtype=np.float32))
    codes = np.arange(16)
    block = np.concatenate([codes & 15, codes >> 4]).astype(np.float32) - 8
    np.testing.assert_array_equal(decoded(model, 1), np.tile(block * 0.5, 4).reshape(2, 64))


def test_data_is_a_read_only_view(tmp_path: Path) -> None:
    source = small_model()
    model = opened(tmp_path / "m.gguf", source.build())
    for index, tensor in enumerate(source.tensors):
        view = model.data(index)
        assert view.dtype == np.uint8
        assert not view.flags.writeable
        assert view.tobytes() == tensor.data
    assert model.data(1).shape == (2, 36)
    assert model.data(2).shape == (20,)
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        model.data(0).flags.writeable = True
    info = model.tensors[1]
    assert model.read(0, info.offset, info.n_bytes) == source.tensors[1].data


@pytest.mark.parametrize("type_", GGML_TYPES, ids=lambda t: t["name"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_type(tmp_path: Path, type_: _core.TypeDescription, order: str) -> None:
    columns, rows = 2 * type_["elements_per_block"], 3
    size = rows * 2 * type_["bytes_per_block"]
    data = np.random.default_rng(type_["id"]).integers(0, 256, size, np.uint8).tobytes()
    file = Gguf(tensors=[Tensor("t", (rows, columns), type_["id"], data)], order=order)
    (tmp_path / "m.gguf").write_bytes(file.build())
    if order == ">" and not type_["big_endian"]:
        with pytest.raises(_core.UnsupportedTypeError, match=rf"'t'.*{type_['name']} .*big-endian"):
            _core.Model(tmp_path / "m.gguf")
        return
    model = _core.Model(tmp_path / "m.gguf")
    assert rows_of(model) == [("t", type_["id"], (rows, columns), rows * columns, size)]
    expected = np.empty((rows, columns), np.float32)
    _core.decode(np.frombuffer(data, np.uint8), type_["id"], expected, swapped=order == ">")
    np.testing.assert_array_equal(decoded(model, 0).view(np.uint32), expected.view(np.uint32))


def test_row_ranges(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    model = opened(tmp_path / "m.gguf", Gguf(tensors=[Tensor("t", (2, 3, 4), 0, values.tobytes())]).build())
    out = np.empty((2, 4), np.float32)
    model.decode(0, 3, out, 2)
    np.testing.assert_array_equal(out, values.reshape(6, 4)[3:5])
    for isa in _core.available_isas():
        model.decode(0, 0, out, threads=1, isa=isa)
        np.testing.assert_array_equal(out, values.reshape(6, 4)[:2])
    model.decode(0, 6, np.empty((0, 4), np.float32), 1)
    for first, shape in [(5, (2, 4)), (0, (7, 4)), (7, (0, 4)), (0, (3,)), (2**63, (1, 4))]:
        with pytest.raises(ValueError, match="does not fit"):
            model.decode(0, first, np.empty(shape, np.float32), 1)


@pytest.mark.parametrize(
    "out",
    [
        np.empty(4, np.float64),
        np.empty(8, np.float32)[::2],
        np.empty((4, 2), np.float32).T,
        np.frombuffer(bytes(16), np.float32),
        np.empty(4, ">f4"),
        np.frombuffer(bytearray(17), np.uint8)[1:].view(np.float32),
    ],
    ids=["float64", "strided", "transposed", "read-only", "swapped", "misaligned"],
)
def test_unusable_output(tmp_path: Path, out: np.ndarray) -> None:
    model = opened(tmp_path / "m.gguf", Gguf(tensors=[Tensor("t", (2, 4), 0, bytes(32))]).build())
    with pytest.raises(TypeError, match="float32"):
        model.decode(0, 0, out, 1)


def test_wrong_arguments(tmp_path: Path) -> None:
    model = opened(tmp_path / "m.gguf", small_model().build())
    for index in [-1, 3]:
        with pytest.raises(IndexError, match="3 tensors"):
            model.data(index)
    with pytest.raises(IndexError, match="1 files"):
        model.read(1, 0, 1)
    for offset, size in [(0, model.file_sizes[0] + 1), (model.file_sizes[0] + 1, 0), (2**64 - 1, 2), (1, 2**64 - 1)]:
        with pytest.raises(ValueError, match="outside"):
            model.read(0, offset, size)
    with pytest.raises(ValueError, match="threads"):
        model.decode(0, 0, np.empty(4, np.float32), 0)
    with pytest.raises(ValueError, match="instruction set 'x'"):
        model.decode(0, 0, np.empty(4, np.float32), 1, isa="x")


@pytest.mark.parametrize("shape", [(0,), (0, 64), (3, 0), (2, 0, 4), (0, 0)])
def test_dimension_of_zero(tmp_path: Path, shape: tuple[int, ...]) -> None:
    tensors = [Tensor("empty", shape), Tensor("t", (2,), 0, struct.pack("<2f", 1, 2))]
    model = opened(tmp_path / "m.gguf", Gguf(tensors=tensors).build())
    assert rows_of(model)[0] == ("empty", 0, shape, 0, 0)
    assert model.data(0).shape == (*shape[:-1], 4 * shape[-1])
    assert decoded(model, 0).shape == shape
    np.testing.assert_array_equal(decoded(model, 1), [1, 2])


def test_only_an_empty_tensor(tmp_path: Path) -> None:
    # Nothing follows the table, not even padding.
    model = opened(tmp_path / "m.gguf", Gguf(tensors=[Tensor("empty", (0, 32), 2)]).header())
    assert model.data(0).shape == (0, 18)


def test_scalar(tmp_path: Path) -> None:
    model = opened(tmp_path / "m.gguf", Gguf(tensors=[Tensor("s", (), 0, struct.pack("<f", 2.5))]).build())
    assert rows_of(model) == [("s", 0, (), 1, 4)]
    assert model.data(0).shape == (4,)
    assert decoded(model, 0) == 2.5


def test_nothing_but_a_header(tmp_path: Path) -> None:
    model = opened(tmp_path / "m.gguf", Gguf().build())
    assert (model.tensors, model.metadata, model.file_sizes) == ([], [], [24])


@pytest.mark.parametrize("n_dims", [5, 8])
def test_more_dimensions_than_ggml_has(tmp_path: Path, n_dims: int) -> None:
    shape = (2, 3, 1, 2, 1, 1, 2, 4)[8 - n_dims :]
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    model = opened(tmp_path / "m.gguf", Gguf(tensors=[Tensor("t", shape, 0, values.tobytes())]).build())
    assert model.tensors[0].shape == shape
    assert np.array_equal(decoded(model, 0), values)
    assert model.data(0).shape == (*shape[:-1], 16)


@pytest.mark.parametrize("length", [64, 1024])
def test_longer_names_than_ggml_reads(tmp_path: Path, length: int) -> None:
    model = opened(tmp_path / "m.gguf", Gguf(tensors=[Tensor("n" * length, (1,), 0, bytes(4))]).build())
    assert model.tensors[0].name == "n" * length


@pytest.mark.parametrize("type_", GGML_TYPES, ids=lambda type_: type_["name"])
def test_anything_may_follow_the_last_tensor(tmp_path: Path, type_: _core.TypeDescription) -> None:
    block = bytes(type_["bytes_per_block"])
    rows = [Tensor(name, (1, type_["elements_per_block"]), type_["id"], block) for name in "ab"]
    content = Gguf(tensors=rows).build()
    model = opened(tmp_path / "m.gguf", content + b"\xff" * 1000)
    assert [bytes(model.data(i)) for i in range(2)] == [block, block]
    assert model.file_sizes == [len(content) + 1000]


def test_tensors_in_any_order_with_gaps(tmp_path: Path) -> None:
    tensors = [Tensor(str(i), (1,), 0, struct.pack("<f", i), offset=i * 96) for i in (2, 0, 1)]
    model = opened(tmp_path / "m.gguf", Gguf(tensors=tensors).build())
    assert [t.name for t in model.tensors] == ["2", "0", "1"]
    assert [float(decoded(model, i)[0]) for i in range(3)] == [2, 0, 1]


@pytest.mark.parametrize("name", ["model.gguf", "ümlaut 模型.gguf", "new\nline.gguf", b"not\xffutf8.gguf"])
def test_any_path(tmp_path: Path, name: str | bytes) -> None:
    path = os.path.join(os.fsencode(tmp_path), os.fsencode(name))
    with open(path, "wb") as file:
        file.write(small_model().build())
    for spelled in (path, os.fsdecode(path), Path(os.fsdecode(path))):
        assert _core.Model(spelled).files == [os.fsdecode(path)]


@pytest.mark.parametrize("endianess", list(gguf.GGUFEndian))
def test_files_of_the_gguf_package(tmp_path: Path, endianess: gguf.GGUFEndian) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "llama", endianess=endianess)
    writer.add_block_count(2)
    writer.add_array("list.of.strings", ["a", "bc", "ü"])
    writer.add_array("list.of.floats", [0.5, -1.0])
    writer.add_bool("flag", True)
    writer.add_float64("double", 0.1)
    f32 = rng.normal(size=(5, 7)).astype(np.float32)
    f16 = rng.normal(size=(3, 2, 4)).astype(np.float16)
    writer.add_tensor("f32", f32.copy())
    writer.add_tensor("f16", f16.copy())
    if endianess == gguf.GGUFEndian.LITTLE:
        writer.add_tensor("q8", gguf.quantize(f32.repeat(32, 1), gguf.GGMLQuantizationType.Q8_0), raw_dtype=8)
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        step()

    model = _core.Model(path)
    reader = gguf.GGUFReader(path)
    assert model.byte_order == ("little" if endianess == gguf.GGUFEndian.LITTLE else "big")
    assert [t.name for t in model.tensors] == [t.name for t in reader.tensors]
    for index, (ours, theirs) in enumerate(zip(model.tensors, reader.tensors, strict=True)):
        assert ours.type == theirs.tensor_type
        assert ours.shape == tuple(int(n) for n in reversed(theirs.shape))
        assert (ours.n_elements, ours.n_bytes) == (theirs.n_elements, theirs.n_bytes)
        assert ours.offset == theirs.data_offset
        assert model.data(index).tobytes() == theirs.data.tobytes()
    np.testing.assert_array_equal(decoded(model, 0), f32)
    np.testing.assert_array_equal(decoded(model, 1), f16.astype(np.float32))
    for entry in model.metadata:
        expected = reader.fields[entry.key].contents()
        value = model.value(entry.key)
        assert (value.tolist() if isinstance(value, np.ndarray) else value) == expected


def test_the_gguf_package_reads_the_test_writer(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(small_model().build())
    reader = gguf.GGUFReader(tmp_path / "m.gguf")
    assert [t.name for t in reader.tensors] == [t.name for t in small_model().tensors]
    for ours, theirs in zip(small_model().tensors, reader.tensors, strict=True):
        assert theirs.data.tobytes() == ours.data


def test_huge_but_legal_alignment(tmp_path: Path) -> None:
    file = Gguf(keys=[alignment_key(1 << 16), Key("k", STRING, "v")], tensors=[Tensor("t", (1,), 0, bytes(4))])
    file.alignment = 1 << 16
    assert opened(tmp_path / "m.gguf", file.build()).tensors[0].offset == 1 << 16
