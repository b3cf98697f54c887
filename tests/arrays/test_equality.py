"""Results compare by value, copy and pickle."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope import errors
from ggufscope.arrays.equality import equal
from support.pickling import through_pickle

NAN = float("nan")


@pytest.mark.parametrize(
    "value",
    [NAN, np.float32("nan"), 1, None, "x", (1, NAN), [NAN], np.array([1.0, NAN]), np.array([1, 2], np.int32),
     {"a": np.array([NAN]), "b": (np.arange(2), None)}, np.array(["a", None], object), np.zeros((0, 3))],
    ids=repr,
)  # fmt: skip
def test_copies_are_equal(value: Any) -> None:
    assert equal(value, copy.deepcopy(value))


@pytest.mark.parametrize(
    ("left", "right"),
    [(NAN, 0.0), (NAN, None), (1, "1"), ((1, 2), [1, 2]), ((1,), (1, 2)), ([], [NAN]), ({"a": 1}, {"a": 2}),
     ({"a": 1}, {"b": 1}), ({"a": NAN}, {}), (np.zeros(2), np.zeros(3)), (np.zeros(2), np.zeros((1, 2))),
     (np.zeros(2), [0, 0]), (np.array([NAN]), np.array([0.0])), (np.zeros(1), 0.0), (None, np.zeros(0))],
    ids=repr,
)  # fmt: skip
def test_what_differs_is_not_equal(left: Any, right: Any) -> None:
    assert not equal(left, right)
    assert not equal(right, left)


def test_statistics_compare_by_value() -> None:
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((4, 64), np.float32)
    weights[1, 3] = np.nan
    statistics = gs.summarize(weights)
    for other in (gs.summarize(weights), copy.copy(statistics), copy.deepcopy(statistics),
                  through_pickle(statistics)):  # fmt: skip
        assert statistics == other
        assert not statistics != other  # noqa: SIM202  `!=` is a method of its own
    assert statistics != gs.summarize(weights.reshape(8, 32))
    assert statistics != gs.summarize(weights * 2)
    assert statistics != gs.summarize(weights, fast=True)
    assert statistics != dict(statistics)
    with pytest.raises(TypeError, match="unhashable"):
        hash(statistics)


def test_undefined_statistics_are_equal() -> None:
    assert gs.summarize(np.zeros((0, 4), np.float32)) == gs.summarize(np.zeros((0, 4), np.float32))
    lone = np.full((1, 1), np.nan, np.float32)
    assert gs.summarize(lone) == gs.summarize(lone)


def test_row_products_compare_by_value() -> None:
    matrix = np.array([[1.0, np.nan], [3.0, 4.0]])
    products = gs.row_products(matrix, [1, 1], squares=[1, 0.5])
    same = through_pickle(products)
    assert products == same == copy.deepcopy(products)
    assert not products != same  # noqa: SIM202
    assert products != gs.row_products(matrix, [1, 1])
    assert products != gs.row_products(matrix, [2, 1], squares=[1, 0.5])


EXCEPTIONS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BaseException)
]  # fmt: skip


@pytest.mark.parametrize("kind", [*EXCEPTIONS, gs.UnsupportedTypeError], ids=lambda kind: kind.__name__)
def test_exceptions_pickle(kind: type[Exception]) -> None:
    error = kind("model.gguf: tensor 'x': byte 7")
    again = through_pickle(error)
    assert type(again) is kind
    assert str(again) == str(error)
