"""Every type on every instruction set, one thread: decoding, and observing with all statistics or the fast ones.

The buffer has 4 Mi weights: larger than a core's cache with its output, small enough for many rounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ggufscope import _core
from ggufscope.synth.blocks import quantize
from ggufscope.synth.weights import pool

ROWS, COLUMNS = 1024, 4096
TYPES = {description["name"]: description["id"] for description in _core.types()}
each_type = pytest.mark.parametrize("name", TYPES)
each_isa = pytest.mark.parametrize("isa", _core.available_isas())


@pytest.fixture(scope="module")
def blocks() -> dict[str, np.ndarray]:
    weights = pool(512, np.random.default_rng(0)) * np.float32(0.02)
    repeats = ROWS * COLUMNS // weights.size
    return {name: np.tile(quantize(weights, name), repeats) for name in TYPES}


def measure(benchmark: Any, data: np.ndarray, function: Any, *arguments: Any, **options: Any) -> None:
    benchmark.extra_info.update(parameters=ROWS * COLUMNS, bytes=data.nbytes, threads=1)
    benchmark.pedantic(function, arguments, options, rounds=10, warmup_rounds=1)


@each_isa
@each_type
def test_decode(benchmark: Any, blocks: dict[str, np.ndarray], name: str, isa: str) -> None:
    out = np.empty(ROWS * COLUMNS, np.float32)
    measure(benchmark, blocks[name], _core.decode, blocks[name], TYPES[name], out, threads=1, isa=isa)


@each_isa
@each_type
@pytest.mark.parametrize("fast", [False, True], ids=["full", "fast"])
def test_observe(benchmark: Any, blocks: dict[str, np.ndarray], name: str, isa: str, fast: bool) -> None:
    data, options = blocks[name], {"threads": 1, "fast": fast, "isa": isa}
    measure(benchmark, data, _core.observe_buffer, data, TYPES[name], ROWS, COLUMNS, **options)
