"""Compilation where nothing can be kept on disk, and the two rules for division."""

from __future__ import annotations

import math

import pytest

from ggufscope.arrays.compiled import compiled, compiled_as_numpy


def without_a_file(name):
    """A function that numba finds no place to keep: its source is no file, as when no directory can be written."""
    space = {}
    exec(compile(f"def {name}(x, y):\n    return x / y\n", "<nowhere>", "exec"), space)  # noqa: S102
    return space[name]


def test_what_cannot_be_kept_is_compiled_all_the_same():
    for decorate in (compiled, compiled_as_numpy):
        assert decorate(without_a_file("divide"))(3.0, 4.0) == 0.75


def test_division_by_zero():
    with pytest.raises(ZeroDivisionError):
        compiled(without_a_file("divide"))(1.0, 0.0)
    assert compiled_as_numpy(without_a_file("divide"))(1.0, 0.0) == math.inf
