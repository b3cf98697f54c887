"""Weights that are not finite, NaNs that signal among them: figures of the others, one line of error, no warning."""

from __future__ import annotations

import itertools
import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.errors import BitsError
from ggufscope.synth.blocks import quantize
from support.needs import llama_cpp_needed
from support.small_models import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Floats = np.ndarray[Any, np.dtype[np.float32]]

SIGNALLING = {np.float32: np.uint32(0x7F800001), np.float16: np.uint16(0x7C01)}
NAMES = ("blk.0.attn_q.weight", "blk.0.attn_norm.weight", "blk.1.ffn_down.weight", "token_embd.weight")


def broken(weights: Floats, bad: str, kind: type) -> np.ndarray:
    """The weights with one bad number in the first place, where every sample looks."""
    made = weights.astype(kind)
    flat = made.reshape(-1)
    if bad == "signals":
        flat.view(f"u{flat.itemsize}")[0] = SIGNALLING[kind]
    else:
        flat[0] = np.inf
    return made


def blocks(weights: Floats, kind: str) -> tuple[np.ndarray, str]:
    """In blocks, of which the last two bytes, the factor of a Q6_K, or the first two are an Inf."""
    made = np.stack([quantize(row, kind) for row in weights]).astype(np.uint8)
    where = slice(-2, None) if kind == "Q6_K" else slice(0, 2)
    made[0, where] = np.frombuffer(np.float16(np.inf).tobytes(), np.uint8)
    if kind == "Q6_K":
        made[0, 192:208] = 0
    return made, kind


@pytest.fixture(autouse=True)
def _no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("bad", ["signals", "inf"])
@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_what_is_broken_is_counted_on_either_side(write_gguf: Callable[..., Path], bad: str, kind: type) -> None:
    sound = readable()
    tensors = sound["tensors"]
    other = {name: 1.01 * weights if weights.ndim == 2 else weights - 1 for name, weights in tensors.items()}
    hurt = other | {name: broken(other[name], bad, kind) for name in NAMES}
    files = [write_gguf(**sound | {"tensors": each}, name=f"{n}.gguf") for n, each in enumerate((tensors, hurt))]
    for pair in itertools.permutations(files):
        model = gs.diff(*pair).models[0]
        counts = {tensor.name: tensor.non_finite_count for tensor in model.tensors if tensor.non_finite_count}
        assert counts == dict.fromkeys(NAMES, 1)
        assert model.lineage is not None


@pytest.mark.parametrize("kind", ["Q6_K", "Q8_0", "Q5_0"])
def test_blocks_with_an_infinite_step(write_gguf: Callable[..., Path], kind: str) -> None:
    weights = np.random.default_rng(1).standard_normal((64, 256)).astype(np.float32)
    name = "blk.0.ffn_up.weight"
    first = write_gguf({name: weights}, name="a.gguf")
    second = write_gguf({name: blocks(weights, kind)}, name="b.gguf")
    for pair in itertools.permutations((first, second)):
        (tensor,) = gs.diff(*pair).models[0].tensors
        assert tensor.non_finite_count > 0


def test_rows_that_differ_have_no_rows_of_equal_nans(write_gguf: Callable[..., Path]) -> None:
    tensors = {name: weights.copy() for name, weights in readable()["tensors"].items()}
    tensors[NAMES[0]][3, 4] = np.nan
    moved = {name: weights.copy() for name, weights in tensors.items()}
    moved[NAMES[0]][7] *= 1.5
    model = gs.diff(write_gguf(tensors, name="a.gguf"), write_gguf(moved, name="b.gguf")).models[0]
    assert model.lineage is not None
    assert model.lineage.moved is not None
    assert [(rows.count, rows.first) for rows in model.lineage.moved.rows] == [(1, [7])]


@llama_cpp_needed
@pytest.mark.parametrize("metadata", [{}, {"llama.attention.layer_norm_rms_epsilon": "unreadable"}])
@pytest.mark.parametrize("bad", ["signals", "inf"])
def test_bits_refuses_them(write_gguf: Callable[..., Path], bad: str, metadata: dict[str, str]) -> None:
    sound = readable(**metadata)
    tensors = sound["tensors"]
    hurt = tensors | {NAMES[0]: broken(tensors[NAMES[0]], bad, np.float16)}
    first = write_gguf(**sound, name="0.gguf")
    second = write_gguf(**sound | {"tensors": hurt}, name="1.gguf")
    with pytest.raises(BitsError, match=rf"^{NAMES[0]} as F16 \(1.gguf\) has no finite cost"):
        gs.bits(first, second, budget="16.2bpw", types=["Q8_0", "F16"])


def test_a_saved_diff_of_them_is_json(write_gguf: Callable[..., Path]) -> None:
    sound = readable()
    hurt = {name: weights * np.float32(np.nan) for name, weights in sound["tensors"].items()}
    found = gs.diff(write_gguf(**sound, name="a.gguf"), write_gguf(**sound | {"tensors": hurt}, name="b.gguf"))
    assert json.loads(found.to_json())["models"][0]["summary"]["nmse"] is None
