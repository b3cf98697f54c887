"""Propagation behind exact openings on the tiny models of every architecture: near to what is measured there.

What can be propagated at all is that with openings, too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.special

import ggufscope as gs
from ggufscope.analysis.presets.propagation import propagate
from ggufscope.runtime.engines import streamed
from ggufscope.runtime.measuring.capture import Recorder
from ggufscope.runtime.openings import Openings, read_openings
from support.architectures import SPECIMENS
from support.architectures.specimen import VOCABULARY

WriteGguf = Callable[..., Path]
Floats = npt.NDArray[np.float64]
# fmt: off
PREDICTED = (
    "llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi2", "phi3", "granite", "smollm3", "exaone4",
    "mistral3", "glm4", "starcoder2", "gpt2", "gptneox", "stablelm", "stablelm-12b", "command-r-plus", "cohere2",
    "falcon", "olmo2", "olmoe", "mixtral", "qwen2moe", "qwen3moe", "granitemoe", "gpt-oss", "glm4moe", "minicpm",
)
# fmt: on
# What every token of the specimens is: plain text but the first three, so that a text can begin.
VOCABULARY_KEYS: dict[str, Any] = {
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", *(f"▁{number}" for number in range(3, VOCABULARY))],
    "tokenizer.ggml.scores": [0.0] * VOCABULARY,
    "tokenizer.ggml.token_type": [2, 3, 3, *[1] * (VOCABULARY - 3)],
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
}
CONTINUATIONS = 16  # of each opening
POINTS = {"residual": "residual", "ffn_output": "ffn_output", "attention_output": "attention_output"}


def continued(openings: Openings) -> list[npt.NDArray[np.int32]]:
    """Every opening before random tokens, which are what the Gaussian begins with."""
    chance = np.random.default_rng(5)
    rest = openings.n_positions - openings.n_tokens
    return [
        np.concatenate([tokens, chance.integers(3, VOCABULARY, rest).astype(np.int32)])
        for tokens in openings.tokens
        for _ in range(CONTINUATIONS)
    ]


def measured(model: gs.Model, prompts: list[npt.NDArray[np.int32]], n_layers: int) -> dict[str, Any]:
    """By layer: rms over all tokens but the first at every point, the same of the exact ones told apart, entropies."""
    squares = {point: np.zeros((n_layers, len(prompts[0]))) for point in POINTS}
    entropies: dict[int, Floats] = {}

    def keep(_prompt: int, layer: int, point: str, _head: int, values: npt.NDArray[np.float32]) -> None:
        exact = values.astype(np.float64)
        if point in squares:
            squares[point][layer] += np.mean(np.square(exact), axis=1) / len(prompts)
        if point == "attention":
            seen = np.count_nonzero(exact, axis=2).max(axis=0)[1:]
            share = (scipy.special.entr(exact).sum(axis=2)[:, 1:] / np.log(seen)).mean(axis=1)
            entropies[layer] = entropies.get(layer, 0.0) + share / len(prompts)

    with streamed.open_engine(model, 1) as engine:
        engine.prefill(prompts, Recorder(len(prompts), engine.shape, keep), room=0, progress=None)
    rms = {point: np.sqrt(values.mean(axis=1)) for point, values in squares.items()}
    return rms | {"entropy": np.stack([entropies[layer] for layer in range(n_layers)])}


@pytest.mark.parametrize("name", PREDICTED)
def test_near_to_what_is_measured(write_gguf: WriteGguf, name: str) -> None:
    specimen = SPECIMENS[name]
    file = specimen.file()
    with gs.open(write_gguf(**(file | {"metadata": file["metadata"] | VOCABULARY_KEYS}))) as model:
        openings = read_openings(model)
        assert openings.n_positions > openings.n_tokens == 9
        predicted = propagate(model, openings=openings, threads=1)
        assert len(predicted.layers) == specimen.layers
        expected = measured(model, continued(openings), specimen.layers)
    for point in POINTS:
        layers = slice(1) if point == "attention_output" else slice(None)
        overall = predicted.overall_rms[point][layers]
        np.testing.assert_allclose(overall, expected[point][layers], rtol=0.15, err_msg=point)
    np.testing.assert_allclose(predicted.head_entropy, expected["entropy"], atol=0.15)
