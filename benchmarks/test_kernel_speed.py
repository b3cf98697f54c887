"""Every type, kernel and instruction set, one thread.

The samples have 4 Mi weights: larger than a core's cache with their output, small enough for many rounds. Kernels come
from `ggufscope.bench.KERNELS`; a new one is here by itself.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import pytest

from ggufscope import _core
from ggufscope.bench import KERNELS, Sample, kernel_tasks, make_sample
from ggufscope.synth.blocks import quantizable_types

TYPES = [description["name"] for description in _core.types() if description["name"] in quantizable_types()]
REFERENCE = "Q4_K"

each_type = pytest.mark.parametrize("name", TYPES)


@functools.cache
def sample_of(name: str) -> Sample:
    return make_sample(name, n_elements=1 << 22)


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("kernel", KERNELS)
@each_type
def test_kernel(measure: Any, name: str, kernel: str, isa: str) -> None:
    (task,) = kernel_tasks([kernel], sample_of(name), isa=isa)
    measure(task, f"{kernel} {name} {isa}", rounds=5)


@each_type
def test_full_against_reference(measure: Any, name: str) -> None:
    """How many times as long as a weight of Q4_K a weight of this type takes, on the best instruction set."""
    (task,), (reference,) = (kernel_tasks(["full"], sample_of(each)) for each in (name, REFERENCE))
    measure(dataclasses.replace(task, limits={REFERENCE: reference.run}), f"full {name}", rounds=7)
