"""Metadata: kinds, values, laziness, hostile text."""

import math
import time
from pathlib import Path

import numpy as np
import pytest

from ggufscope import _core
from support.gguf_writer import (
    ARRAY,
    BOOL,
    FLOAT32,
    FLOAT64,
    FORMATS,
    INT8,
    INT64,
    STRING,
    UINT8,
    UINT32,
    UINT64,
    Array,
    Gguf,
    Key,
    Raw,
    Tensor,
    every_kind,
)

NAMES = {0: "uint8", 1: "int8", 2: "uint16", 3: "int16", 4: "uint32", 5: "int32", 6: "float32"} | {
    7: "bool",
    8: "string",
    10: "uint64",
    11: "int64",
    12: "float64",
}


def opened(path: Path, keys: list[Key], order: str = "<") -> _core.Model:
    (path / "m.gguf").write_bytes(Gguf(keys=keys, order=order).build())
    return _core.Model(path / "m.gguf")


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_kind(tmp_path: Path, order: str) -> None:
    model = opened(tmp_path, every_kind(), order)
    assert [entry.key for entry in model.metadata] == [key.name for key in every_kind()]
    assert all(entry.file == 0 for entry in model.metadata)
    kinds = {entry.key: (entry.kind, entry.length) for entry in model.metadata}
    for kind in FORMATS:
        if kind == BOOL:
            continue
        assert kinds[f"scalar.{kind}"] == (NAMES[kind], 1)
        assert kinds[f"array.{kind}"] == (f"array[{NAMES[kind]}]", 3)
        scalar = model.value(f"scalar.{kind}")
        assert scalar == 7
        assert type(scalar) is (float if kind in (FLOAT32, FLOAT64) else int)
        array = model.value(f"array.{kind}")
        assert array.dtype == np.dtype(NAMES[kind])
        assert array.dtype.isnative
        assert array.tolist() == [1, 2, 3]
        listed = model.value(f"array.{kind}", 2, listed=True)
        assert listed == array.tolist()[:2]
        assert [type(number) for number in listed] == [type(number) for number in array.tolist()[:2]]
    assert model.value("general.architecture") == "llama"
    assert model.value("scalar.bool") is True
    assert model.value("array.bool").tolist() == [True, False]
    assert model.value("array.string") == ["a", "", "é"]
    assert model.value("array.empty") == []
    assert kinds["array.nested"] == ("array[array[uint8]]", 2)
    assert model.value("array.bool", listed=True) == [True, False]
    assert [inner.tolist() for inner in model.value("array.nested")] == [[1], [2, 3]]
    assert model.value("array.nested", listed=True) == [[1], [2, 3]]
    assert kinds["array.mixed"] == ("array[array]", 2)
    assert model.value("array.mixed")[1] == ["x"]


def test_extreme_numbers(tmp_path: Path) -> None:
    keys = [Key("u", UINT64, 2**64 - 1), Key("i", INT64, -(2**63)), Key("b", INT8, -128), Key("nan", FLOAT64, math.nan)]
    model = opened(tmp_path, [*keys, Key("inf", FLOAT32, -math.inf), Key("odd", BOOL, Raw(b"\x02"))])
    assert [model.value(k) for k in ("u", "i", "b", "inf")] == [2**64 - 1, -(2**63), -128, -math.inf]
    assert math.isnan(model.value("nan"))
    assert model.value("odd") is True


def test_odd_booleans_become_valid_ones(tmp_path: Path) -> None:
    array = Raw(b"\x07\0\0\0" + b"\3" + bytes(7) + b"\x00\x01\xff")
    flags = opened(tmp_path, [Key("a", ARRAY, array)]).value("a")
    assert flags.view(np.uint8).tolist() == [0, 1, 1]


def test_limit(tmp_path: Path) -> None:
    nested = Array(ARRAY, [Array(UINT8, [1, 2]), Array(UINT8, [3])])
    keys = [
        Key("words", ARRAY, Array(STRING, ["a", "b", "c"])),
        Key("numbers", ARRAY, Array(UINT32, [1, 2, 3])),
        Key("nested", ARRAY, nested),
        Key("scalar", STRING, "text"),
    ]
    model = opened(tmp_path, keys)
    assert model.value("words", 2) == ["a", "b"]
    assert model.value("words", limit=0) == []
    assert model.value("words", 10) == ["a", "b", "c"]
    assert model.value("numbers", 1).tolist() == [1]
    assert [inner.tolist() for inner in model.value("nested", 1)] == [[1, 2]]
    assert model.value("scalar", 1) == "text"
    with pytest.raises(ValueError, match="negative"):
        model.value("words", -1)


def test_absent_key(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"no\.such\.key"):
        opened(tmp_path, every_kind()).value("no.such.key")


def test_values_that_are_not_utf8(tmp_path: Path) -> None:
    keys = [Key("s", STRING, b"a\xff\0b"), Key("l", ARRAY, Array(STRING, [b"\xed\xa0\x80", "ok"]))]
    model = opened(tmp_path, keys)
    assert model.value("s") == "a\\xff\0b"
    assert model.value("l") == ["\\xed\\xa0\\x80", "ok"]


def test_numbers_at_odd_addresses(tmp_path: Path) -> None:
    keys = [Key("x" * n, ARRAY, Array(FLOAT64, [1.5, -2.5])) for n in range(1, 9)]
    model = opened(tmp_path, keys)
    assert all(model.value(key.name).tolist() == [1.5, -2.5] for key in keys)


def test_deep_but_legal_nesting(tmp_path: Path) -> None:
    value: Array = Array(UINT8, [5])
    for _ in range(7):
        value = Array(ARRAY, [value])
    model = opened(tmp_path, [Key("k", ARRAY, value)])
    assert model.metadata[0].kind == "array[" * 8 + "uint8" + "]" * 8
    inner = model.value("k")
    for _ in range(6):
        inner = inner[0]
    assert inner[0].tolist() == [5]


def test_large_vocabulary_opens_at_once(tmp_path: Path) -> None:
    # The size of Llama 3.1: 128 256 tokens, 280 147 merges, 292 tensors. 50 ms of processor time at most.
    keys = [
        Key("tokens", ARRAY, Array(STRING, [f"token{i}" for i in range(128_256)])),
        Key("merges", ARRAY, Array(STRING, [f"left{i} right" for i in range(280_147)])),
        Key("types", ARRAY, Array(UINT32, [1] * 128_256)),
    ]
    tensors = [Tensor(f"blk.{i}.weight", (1, 8), 0, bytes(32)) for i in range(292)]
    (tmp_path / "m.gguf").write_bytes(Gguf(keys=keys, tensors=tensors).build())

    def seconds() -> float:
        start = time.process_time()
        model = _core.Model(tmp_path / "m.gguf")
        assert len(model.tensors) == 292
        assert [entry.length for entry in model.metadata] == [128_256, 280_147, 128_256]
        return time.process_time() - start

    assert min(seconds() for _ in range(5)) < 0.05
    model = _core.Model(tmp_path / "m.gguf")
    assert model.value("tokens")[-1] == "token128255"
    assert model.value("merges", 2) == ["left0 right", "left1 right"]
