"""Propagation on the tiny models of every architecture: near to what the streamed engine measures, or refused by name.

Nothing in a layer may change a prediction silently by being passed over: what has no formula is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.analysis.presets.propagation import propagate
from ggufscope.runtime.engines import streamed
from ggufscope.runtime.measuring.capture import Recorder
from support.architectures import SPECIMENS
from support.architectures.specimen import VOCABULARY

WriteGguf = Callable[..., Path]
KEYS = 24
PROMPTS = [np.random.default_rng(seed).integers(0, VOCABULARY, KEYS).astype(np.int32) for seed in range(64)]

PREDICTED = frozenset(
    {
        *(
            "llama",
            "qwen2",
            "qwen3",
            "gemma",
            "gemma2",
            "gemma3",
            "phi2",
            "phi3",
            "granite",
            "minicpm",
            "smollm3",
            "internlm2",
        ),
        *("exaone", "exaone4", "mistral3", "seed_oss", "ernie4_5", "glm4", "starcoder2", "gpt2", "gptneox", "stablelm"),
        *(
            "command-r",
            "cohere2",
            "falcon",
            "mixtral",
            "qwen2moe",
            "qwen3moe",
            "granitemoe",
            "gpt-oss",
            "arcee",
            "nemotron",
        ),
    }
)
REASONS = (
    "grows with position",
    "no formulas for token_types.weight",
    "norms queries and keys behind RoPE",
    "it is no RMSNorm of single heads",
    "clamps its projections",
    "falls with distance (ALiBi)",
    "is bidirectional",
    "belongs to multi-head latent attention",
    "belongs to short convolutions",
    "or linear attention in its form",
    "norms its values",
)


FIGURES = {"residual": "residual_rms", "ffn_output": "ffn_output_rms", "attention_output": "attention_output_rms"}


def measured(model: gs.Model, n_layers: int) -> dict[str, npt.NDArray[np.float64]]:
    """Rms by layer of the last position, which sees as many keys as are propagated."""
    squares = {point: np.zeros(n_layers) for point in FIGURES}

    def keep(_prompt: int, layer: int, point: str, _head: int, values: npt.NDArray[np.float32]) -> None:
        if point in squares:
            squares[point][layer] += np.mean(np.square(values[-1].astype(np.float64))) / len(PROMPTS)

    with streamed.open_engine(model, 1) as engine:
        engine.prefill(PROMPTS, Recorder(len(PROMPTS), engine.shape, keep), room=0, progress=None)
    return {FIGURES[point]: np.sqrt(values) for point, values in squares.items()}


@pytest.mark.parametrize("name", SPECIMENS)
def test_near_to_what_is_measured_or_refused(write_gguf: WriteGguf, name: str) -> None:
    """Mean field holds to 15 % on networks 64 channels wide, to 40 % where few keys make up what sharp heads add."""
    specimen = SPECIMENS[name]
    with gs.open(write_gguf(**specimen.file())) as model:
        predicted = propagate(model, queries=48, keys=KEYS, threads=1)
        if len(predicted.layers) < specimen.layers:
            assert name not in PREDICTED
            assert any(reason in predicted.applicability[0].reason for reason in REASONS)
            return
        for figure, expected in measured(model, specimen.layers).items():
            tolerance = 0.4 if figure == "attention_output_rms" else 0.15
            np.testing.assert_allclose(getattr(predicted, figure), expected, rtol=tolerance, err_msg=figure)
