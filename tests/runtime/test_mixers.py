"""What passes between tokens where it is no plain attention, against the formulas in float64."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.runtime.engines.streamed import open_engine
from ggufscope.runtime.engines.streamed.kernels import delta_rule
from ggufscope.runtime.engines.streamed.mixers.convolution import Tail
from ggufscope.runtime.measuring.capture import Recorder
from support.architectures import SPECIMENS
from support.architectures.latent import LATENT
from support.architectures.mixers import MIXERS
from support.architectures.specimen import VOCABULARY

WriteGguf = Callable[..., Path]
Floats = npt.NDArray[np.float64]
TOKENS = np.random.default_rng(7).integers(0, VOCABULARY, 24).astype(np.int32)


def floats(chance: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
    return chance.standard_normal(shape).astype(np.float32)


def test_the_delta_rule_is_its_formula() -> None:
    chance = np.random.default_rng(1)
    n_tokens, n_keys, n_values = 30, 16, 12
    queries, keys = (floats(chance, n_tokens, n_keys) / 4 for _ in range(2))
    values = floats(chance, n_tokens, n_values)
    kept, strength = (chance.uniform(0.2, 1, n_tokens).astype(np.float32) for _ in range(2))
    state = floats(chance, n_keys, n_values)
    exact, expected = state.astype(np.float64), np.empty((n_tokens, n_values))
    for token in range(n_tokens):
        exact *= kept[token]
        exact += strength[token] * np.outer(keys[token], values[token] - keys[token] @ exact)
        expected[token] = queries[token] @ exact
    out = delta_rule(queries, keys, values, np.stack([kept, strength]), state)
    np.testing.assert_allclose(out, expected, atol=1e-5)
    np.testing.assert_allclose(state, exact, atol=1e-5)


def test_a_convolution_goes_on_where_it_was() -> None:
    chance = np.random.default_rng(2)
    x, kernel = floats(chance, 11, 5), floats(chance, 5, 4)
    padded = np.concatenate([np.zeros((3, 5)), x])
    expected = np.stack([(padded[token : token + 4] * kernel.T).sum(axis=0) for token in range(11)])
    tail, out = Tail(4, 5), np.empty_like(x)
    for rows in (slice(0, 1), slice(1, 3), slice(3, 11)):
        tail.convolve(x[rows], kernel, out[rows])
    np.testing.assert_allclose(out, expected, atol=1e-6)


@pytest.mark.parametrize("name", [*LATENT, *MIXERS])
def test_what_is_read_token_by_token_is_what_is_read_at_once(name: str, write_gguf: WriteGguf) -> None:
    """An answer's tokens, read one by one with what was kept, score the next token as the same tokens in a prompt."""
    with gs.open(write_gguf(**SPECIMENS[name].file())) as model, open_engine(model, 1) as engine:
        engine.prefill([TOKENS], None, room=6, progress=None)
        (ending,) = engine.generate(6, frozenset(), progress=None)
        answered: list[int] = []
        for token in ending.tokens:
            scores = engine.prefill([np.append(TOKENS, np.array(answered, np.int32))], None, room=0, progress=None)
            assert int(scores[0].argmax()) == token
            answered.append(token)


@pytest.mark.parametrize("name", [*LATENT, *MIXERS])
def test_prompts_do_not_notice_each_other(name: str, write_gguf: WriteGguf) -> None:
    with gs.open(write_gguf(**SPECIMENS[name].file())) as model, open_engine(model, 1) as engine:
        together = engine.prefill([TOKENS[:9], TOKENS, TOKENS[:1]], None, room=0, progress=None).copy()
        alone = engine.prefill([TOKENS], None, room=0, progress=None)
        np.testing.assert_allclose(together[1], alone[0], atol=1e-4)


def test_files_of_ollama_are_read_alike(write_gguf: WriteGguf) -> None:
    """Theirs have no ending of `ssm_dt`, no sections of RoPE, and key heads by layer."""
    file = SPECIMENS["qwen35"].file()
    tensors = {name.replace("ssm_dt.bias", "ssm_dt"): tensor for name, tensor in file["tensors"].items()}
    metadata = {key: value for key, value in file["metadata"].items() if not key.endswith("dimension_sections")}
    metadata |= {"qwen35.attention.head_count_kv": [0, 2, 0, 2]}
    scores = []
    for changes in ({}, {"tensors": tensors, "metadata": metadata}):
        with gs.open(write_gguf(**(file | changes))) as model, open_engine(model, 1) as engine:
            scores.append(engine.prefill([TOKENS], None, room=0, progress=None).copy())
    np.testing.assert_array_equal(*scores)


def test_layers_without_attention_have_no_figures_of_it(write_gguf: WriteGguf) -> None:
    with gs.open(write_gguf(**SPECIMENS["qwen35"].file())) as model, open_engine(model, 1) as engine:
        recorder = Recorder(1, engine.shape)
        engine.prefill([TOKENS], recorder, room=0, progress=None)
        assert engine.shape.n_heads == (0, 4, 0, 4)
    tables = recorder.tables()
    for figure in ("q_rms", "k_rms", "entropy", "first_token_share"):
        measured = np.isfinite(tables[figure][0].reshape(4, -1)).any(axis=1)
        np.testing.assert_array_equal(measured, [False, True, False, True], err_msg=figure)
    for figure in ("v_rms", "attention_output_rms", "ffn_output_rms", "gated_rms", "residual_rms"):
        assert np.isfinite(tables[figure]).all(), figure


def test_keys_of_latent_attention_are_those_that_heads_would_have(write_gguf: WriteGguf) -> None:
    """Queries and keys as expanded, once turned, give the attention that was captured."""
    captured: dict[str, npt.NDArray[np.float32]] = {}

    def keep(_prompt: int, layer: int, point: str, _first: int, values: npt.NDArray[np.float32]) -> None:
        if layer == 0:
            captured[point] = values.copy()

    with gs.open(write_gguf(**SPECIMENS["deepseek2"].file())) as model, open_engine(model, 1) as engine:
        engine.prefill([TOKENS], Recorder(1, engine.shape, keep), room=0, progress=None)
    assert captured["q"].shape == captured["k"].shape == (len(TOKENS), 4 * 24)
    assert captured["v"].shape == (len(TOKENS), 4 * 12)
    q, k = (captured[point].astype(np.float64).reshape(len(TOKENS), 4, 24) for point in ("q", "k"))
    for head in (q, k):  # RoPE of the last eight components, neighbours together
        angle = np.arange(len(TOKENS))[:, None] * 10_000.0 ** (-np.arange(0, 8, 2) / 8)
        turned = (head[..., 16::2] + 1j * head[..., 17::2]) * np.exp(1j * angle)[:, None]
        head[..., 16::2], head[..., 17::2] = turned.real, turned.imag
    scores = np.einsum("ihd,jhd->hij", q, k) / 24**0.5
    scores[:, np.triu_indices(len(TOKENS), 1)[0], np.triu_indices(len(TOKENS), 1)[1]] = -np.inf
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    np.testing.assert_allclose(captured["attention"], shares / shares.sum(axis=-1, keepdims=True), atol=1e-5)
