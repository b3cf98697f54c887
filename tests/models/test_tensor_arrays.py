"""Tensors as arrays: what NumPy makes of them, rows in brackets, and other libraries' memory to decode into."""

from __future__ import annotations

import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs

if TYPE_CHECKING:
    from conftest import WriteGguf

KEYS = [
    2, -1, np.int64(1), slice(1, 3), slice(None), slice(None, None, -2), slice(2, 2), [3, 0, 3], [],
    np.array([[0, 1], [3, 2]]),
    np.array([True, False, True, True]), ..., (..., 5), (..., slice(0, 3)), (1, 7), (-1, slice(None, None, 3)),
    ([0, 2], -1), (slice(1, 4, 2), slice(2, 9)), (), (1, 7, ...), (1, ..., 7), ([0, 2], slice(None), ...),
]  # fmt: skip
KEYS_OF_EXPERTS = [
    1, (1, 2), (2, 3, 4), (0, ..., 1), (slice(None), 1), ([0, 2], [1, 3]), (slice(1), slice(0, 4, 3), slice(2, 4)),
    np.ones((3, 4), bool), np.array([True, False, True]), (-1, -1, slice(-2, None)), (1, [0, 3]),
    (..., [0, 3], slice(None)), (1, 2, ..., 3), ([0, 2], slice(None), 1), (slice(None), [1, 3], 1, ...),
]  # fmt: skip


def same(ours: Any, theirs: Any) -> bool:
    return type(ours) is type(theirs) and ours.dtype == np.float32 and np.array_equal(ours, theirs, equal_nan=True)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_rows_of_a_matrix(small: Path, key: Any) -> None:
    with gs.open(small) as model:
        tensor = model.tensors["blk.0.attn_q.weight"]
        assert same(tensor[key], tensor.dequantize()[key])


@pytest.mark.parametrize("key", KEYS_OF_EXPERTS, ids=str)
def test_rows_of_experts(small: Path, key: Any) -> None:
    with gs.open(small) as model:
        tensor = model.tensors["blk.0.ffn_gate_exps.weight"]
        assert same(tensor[key], tensor.dequantize()[key])


def test_a_vector_and_nothing(small: Path) -> None:
    with gs.open(small) as model:
        vector, nothing = model.tensors["blk.1.attn_norm.weight"], model.tensors["odd name"]
        for key in (3, -1, slice(2, 5), [1, 4], ...):
            assert same(vector[key], vector.dequantize()[key])
        assert nothing[:].shape == (0, 8)
        assert (len(vector), len(nothing), bool(nothing)) == (8, 0, True)
        assert len(model.tensors["blk.0.ffn_gate_exps.weight"]) == 3
        assert [row.tolist() for row in model.tensors["blk.0.attn_q.weight"]] == model.tensors[
            "blk.0.attn_q.weight"
        ].dequantize().tolist()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (4, "index 4 is out of bounds"),
        (-5, "out of bounds"),
        ((0, 64), "out of bounds"),
        ((0, 0, 0), "3 indices for a tensor of 2 dimensions"),
        (None, "None would add an axis"),
        (True, "True would add an axis"),
        ((np.False_, 3), "False would add an axis"),
        ((0, [1, 2]), r"tensor\[rows\]\[\.\.\., columns\]"),
        (np.ones((4, 64), bool), "columns are a number or a slice"),
        ([0.5], "integer"),
        ("attn", "indices"),
    ],
)
def test_keys_that_are_none(small: Path, key: Any, message: str) -> None:
    with gs.open(small) as model, pytest.raises(IndexError, match=message) as caught:
        model.tensors["blk.0.attn_q.weight"][key]
    assert "\n" not in str(caught.value)


def test_an_array_between_slices_of_four_dimensions(write_gguf: WriteGguf) -> None:
    weights = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    with gs.open(write_gguf({"conv": weights})) as model:
        for key in ((slice(None), [0, 2], slice(1, 3), 4), (slice(None), [2, 1], ..., -1), (..., [3, 0], slice(2))):
            assert same(model.tensors["conv"][key], weights[key])


def test_no_rows_of_a_closed_model(small: Path) -> None:
    with gs.open(small) as model:
        tensor = model.tensors["blk.0.attn_q.weight"]
    with pytest.raises(ValueError, match="closed"):
        tensor[[]]


def test_of_other_rows_nothing_is_decoded(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[slice] = []
    with gs.open(small) as model:
        tensor = model.tensors["blk.0.attn_q.weight"]
        decode = gs.Tensor.dequantize
        monkeypatch.setattr(
            gs.Tensor, "dequantize", lambda self, rows, out: (asked.append(rows), decode(self, rows, out))
        )
        tensor[[2, 3, 0]]
    assert asked == [slice(2, 4), slice(0, 1)]


def test_numpy_takes_tensors(small: Path) -> None:
    with gs.open(small) as model:
        tensor = model.tensors["blk.0.attn_q.weight"]
        weights = tensor.dequantize()
        assert same(np.asarray(tensor), weights)
        assert np.array(tensor, np.float64).dtype == np.float64
        assert np.asarray(tensor, dtype="f8").tolist() == weights.tolist()
        assert np.array_equal(np.abs(tensor), np.abs(weights))
        assert np.array_equal(tensor @ np.ones(64, np.float32), weights @ np.ones(64, np.float32))
        with pytest.raises(ValueError, match=r"tensor\.data"):
            np.array(tensor, copy=False)


class Interfaced:
    """The memory of an array behind `__array_interface__` alone."""

    def __init__(self, held: np.ndarray[Any, Any]) -> None:
        self.held, self.__array_interface__ = held, held.__array_interface__


class Exchanged:
    """The memory of an array behind DLPack alone."""

    def __init__(self, held: np.ndarray[Any, Any]) -> None:
        self.held = held

    def __dlpack__(self, **options: Any) -> Any:
        return self.held.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.held.__dlpack_device__()


@pytest.mark.parametrize("wrapper", [Interfaced, Exchanged, memoryview])
def test_into_memory_of_others(small: Path, wrapper: Any) -> None:
    held = np.full((4, 64), np.nan, np.float32)
    out = wrapper(held)
    with gs.open(small) as model:
        tensor = model.tensors["blk.0.attn_q.weight"]
        weights = tensor.dequantize()
        assert tensor.dequantize(out=out) is out
        assert np.array_equal(held, weights)
        held[:] = 0
        assert gs.dequantize(tensor.data, tensor.type, out=out) is out
        assert np.array_equal(held, weights)


def test_into_a_flat_buffer(small: Path) -> None:
    out = array.array("f", bytes(4 * 128))
    with gs.open(small) as model:
        tensor = model.tensors["blk.0.attn_q.weight"]
        assert tensor.dequantize(slice(1, 3), out=out) is out
        assert out.tolist() == tensor[1:3].reshape(-1).tolist()


@pytest.mark.parametrize(
    "out",
    [
        bytes(4 * 256),
        bytearray(4 * 256),
        array.array("d", bytes(8 * 256)),
        array.array("f", bytes(4 * 255)),
        Exchanged(np.zeros((4, 64))),
        Interfaced(np.broadcast_to(np.float32(0), (4, 64))),
        memoryview(np.zeros((4, 64), np.float32)).toreadonly(),
        np.frombuffer(bytearray(4 * 256 + 1), np.float32, offset=1).reshape(4, 64),
        object(),
    ],
)
def test_memory_that_does_not_fit(small: Path, out: Any) -> None:
    with gs.open(small) as model, pytest.raises(ValueError, match=r"float32 array of shape \(4, 64\)") as caught:
        model.tensors["blk.0.attn_q.weight"].dequantize(out=out)
    assert "\n" not in str(caught.value)
