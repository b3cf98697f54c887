"""The streamed engine on tiny random models of every architecture, against float64 NumPy and against llama.cpp.

llama.cpp looks GELU up in a table of float16. By that alone it differs from exact arithmetic, as a NumPy model shows
that rounds in the same place: hence the wider tolerance for Gemma.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.runtime.engines.streamed import open_engine
from support.forward import Network
from support.forward import logits as reference_logits
from support.forward import run as reference_run
from support.llama_cpp_oracle import logits as llama_cpp_logits
from support.needs import llama_cpp_needed
from support.tiny_models import KINDS, VARIANTS, VOCABULARY, sample, variant

WriteGguf = Callable[..., Path]
TOKENS = np.random.default_rng(4).integers(0, VOCABULARY, 40).astype(np.int32)
EXACT, TABLE = 1e-4, 2e-3
MANY_LAYERS = 40  # in which that rounding adds up: no more than 1e-2


def streamed_logits(path: Path) -> npt.NDArray[np.float32]:
    """Of every position: all prefixes of TOKENS in one batch."""
    prefixes = [TOKENS[:length] for length in range(1, len(TOKENS) + 1)]
    with gs.open(path) as model, open_engine(model, threads=2) as engine:
        return engine.prefill(prefixes, None, room=0, progress=None)


def numpy_logits(network: Network) -> npt.NDArray[np.float64]:
    residual = reference_run(network, TOKENS[None].astype(np.int64))[-1]["residual"]
    return np.asarray(reference_logits(network, residual)[0])


def assert_near(found: npt.NDArray[Any], expected: npt.NDArray[Any], tolerance: float) -> None:
    np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("name", KINDS)
def test_logits_are_those_of_numpy(write_gguf: WriteGguf, name: str) -> None:
    model = sample(name)
    assert_near(streamed_logits(write_gguf(**model.file())), numpy_logits(model.network), EXACT)


@llama_cpp_needed
@pytest.mark.parametrize("name", KINDS)
def test_logits_are_those_of_llama_cpp(write_gguf: WriteGguf, name: str) -> None:
    model = sample(name)
    path = write_gguf(**model.file())
    expected = llama_cpp_logits(path, TOKENS.tolist())
    found = streamed_logits(path)
    if model.network.activation != "gelu":
        assert_near(found, expected, EXACT)
    elif model.network.layers > MANY_LAYERS:
        assert_near(found, expected, 5 * TABLE)
    else:
        assert_near(found, expected, TABLE)
        assert_near(numpy_logits(replace(model.network, activation="gelu of halves")), expected, 3 * EXACT)


@llama_cpp_needed
@pytest.mark.parametrize("name", VARIANTS)
def test_rarer_metadata_mean_what_llama_cpp_takes_them_for(write_gguf: WriteGguf, name: str) -> None:
    model = variant(name)
    path = write_gguf(**model.file())
    tolerance = TABLE if model.network.activation == "gelu" else EXACT
    assert_near(streamed_logits(path), llama_cpp_logits(path, TOKENS.tolist()), tolerance)
