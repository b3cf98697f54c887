"""The call itself: its arguments, progress and result."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.presets.propagation import Limit, propagate
from support.networks import LAYERS, sample

WriteGguf = Callable[..., Path]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"queries": 0}, "queries must be an integer, 1 or more, not 0"),
        ({"keys": 1}, "keys must be an integer, 2 or more, not 1"),
        ({"keys": 2.5}, "keys must be an integer"),
        ({"seed": -1}, "seed must be an integer, 0 or more"),
        ({"threads": 0}, "threads must be a positive integer"),
    ],
)
def test_wrong_arguments(write_gguf: WriteGguf, arguments: dict[str, Any], message: str) -> None:
    with gs.open(write_gguf(**sample("llama").file())) as model, pytest.raises(ValueError, match=message):
        propagate(model, **arguments)


def test_a_closed_model(write_gguf: WriteGguf) -> None:
    with gs.open(write_gguf(**sample("llama").file())) as model:
        pass
    with pytest.raises(ValueError, match="the model is closed"):
        propagate(model)


def test_progress_is_told_in_bytes_and_may_cancel(write_gguf: WriteGguf) -> None:
    calls: list[tuple[int, int]] = []
    with gs.open(write_gguf(**sample("llama").file())) as model:
        propagate(model, queries=1, keys=8, progress=lambda done, total: calls.append((done, total)))
        assert [total for _, total in calls] == [model.n_bytes] * (1 + LAYERS)
        done = [done for done, _ in calls]
        assert done == sorted(done)
        assert done[-1] == model.n_bytes

        def cancel(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            propagate(model, queries=1, keys=8, progress=cancel)


def test_the_result_is_frozen(write_gguf: WriteGguf) -> None:
    with gs.open(write_gguf(**sample("gpt2").file())) as model:
        found = propagate(model, queries=1, keys=8)
    assert found.applicability[0] == Limit(
        "preactivation_std.gate", "the FFN has no gate; `up` holds what its activation acts on"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.layers = np.zeros(0, np.int64)  # type: ignore[misc]


def test_numba_is_loaded_when_first_used() -> None:
    code = "import sys, ggufscope; print([m for m in ('numba', 'threadpoolctl', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
