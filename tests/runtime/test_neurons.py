"""How active neurons were at most, against plain NumPy: dense layers, and experts by who chose them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

import ggufscope as gs
from ggufscope.runtime.engines.streamed import open_engine
from ggufscope.runtime.measuring.capture import Recorder
from ggufscope.runtime.shape import ModelShape
from support.architectures import SPECIMENS

WriteGguf = Callable[..., Path]
Floats = npt.NDArray[np.float32]

CHANCE = np.random.default_rng(2)
SHAPE = ModelShape(2, (4, 4), (2, 2), (None, None), 48, 100, 64)


def gated(n_tokens: int, n_neurons: int = 30) -> Floats:
    return (CHANCE.standard_normal((n_tokens, n_neurons)) ** 3).astype(np.float32)


def shares(products: Floats) -> npt.NDArray[np.float64]:
    """|h| / rms(h), token by token."""
    exact = products.astype(np.float64)
    return np.abs(exact) / np.sqrt(np.mean(exact**2, axis=-1, keepdims=True))


def test_peaks_are_the_largest_shares_over_all_prompts() -> None:
    recorder, prompts = Recorder(2, SHAPE), [gated(5), gated(9)]
    for number, products in enumerate(prompts):
        recorder.take(number, 1, "gated", products)
    np.testing.assert_allclose(recorder.neurons.peaks(1), [shares(np.concatenate(prompts)).max(axis=0)], rtol=1e-6)
    assert recorder.neurons.n_tokens(1).tolist() == [14]
    assert recorder.neurons.peaks(0) is None


def test_tokens_of_nothing_raise_nothing_and_broken_ones_do_not_count() -> None:
    recorder, products = Recorder(1, SHAPE), gated(4)
    products[1] = 0
    products[2, 3] = np.nan
    recorder.take(0, 0, "gated", products)
    np.testing.assert_allclose(recorder.neurons.peaks(0), [shares(products[[0, 3]]).max(axis=0)], rtol=1e-6)
    assert recorder.neurons.n_tokens(0).tolist() == [3]


def test_threads_do_not_lose_a_peak() -> None:
    recorder, prompts = Recorder(16, SHAPE), [gated(40) for _ in range(16)]
    workers = [threading.Thread(target=recorder.take, args=(n, 0, "gated", h)) for n, h in enumerate(prompts)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    np.testing.assert_allclose(recorder.neurons.peaks(0), [shares(np.concatenate(prompts)).max(axis=0)], rtol=1e-6)


def test_what_two_recorders_saw_counts_together() -> None:
    prompts = [gated(5), gated(9)]
    first, second = (Recorder(1, SHAPE) for _ in prompts)
    for recorder, products in zip((first, second), prompts, strict=True):
        recorder.take(0, 1, "gated", products)
    second.take(0, 0, "gated", prompts[0])
    first.neurons.merge(second.neurons)
    np.testing.assert_allclose(first.neurons.peaks(1), [shares(np.concatenate(prompts)).max(axis=0)], rtol=1e-6)
    np.testing.assert_allclose(first.neurons.peaks(0), [shares(prompts[0]).max(axis=0)], rtol=1e-6)
    assert (first.neurons.n_tokens(0).tolist(), first.neurons.n_tokens(1).tolist()) == ([5], [14])


def test_a_token_counts_for_the_experts_that_it_chose() -> None:
    shape = ModelShape(1, (4,), (2,), (None,), 48, 100, 64, n_experts=(4,))
    recorder, products = Recorder(1, shape), gated(6, 2 * 10).reshape(6, 2, 10)
    chosen = np.array([[0, 1], [1, 0], [0, 3], [3, 1], [1, 3], [0, 1]])
    recorder.take_experts(0, 0, chosen, np.ones((6, 2), np.float32))
    recorder.take(0, 0, "gated", products.reshape(6, 20))
    peaks = recorder.neurons.peaks(0)
    assert peaks is not None
    for expert in (0, 1, 3):
        np.testing.assert_allclose(peaks[expert], shares(products[chosen == expert]).max(axis=0), rtol=1e-6)
    assert recorder.neurons.n_tokens(0).tolist() == [4, 5, 0, 3]
    assert not peaks[2].any()


def test_an_engine_tells_of_every_expert(write_gguf: WriteGguf) -> None:
    tokens = [np.arange(30, dtype=np.int32), np.arange(50, 70, dtype=np.int32)]
    with gs.open(write_gguf(**SPECIMENS["qwen2moe"].file())) as model, open_engine(model, 2) as engine:
        recorder = Recorder(2, engine.shape, tokens=tokens)
        engine.prefill(tokens, recorder, room=0, progress=None)
        use = recorder.experts
    assert use is not None
    for layer, token_shares in enumerate(use.shares()["token_share"]):
        counts = recorder.neurons.n_tokens(layer)
        np.testing.assert_allclose(counts, 50 * token_shares)
        peaks = recorder.neurons.peaks(layer)
        assert peaks is not None
        np.testing.assert_array_equal(peaks.max(axis=1) > 0, counts > 0)
