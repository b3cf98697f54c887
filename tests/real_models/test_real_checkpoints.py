"""Real models written back as checkpoints: seen as GGUF files they are what they came from."""

import json
from pathlib import Path

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.runtime.reading.tokenizer import read_tokenizer
from support.checkpoints.reversing import write_back

TEXT = "The mayor of the town opened the old bridge in 1923, and it's still there: 3.14 naïve cafés, 東京!"


@pytest.fixture(params=["smollm2", "gemma3"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A checkpoint and the GGUF file whose weights it has."""
    path = request.getfixturevalue(request.param)
    return write_back(path, tmp_path / request.param), path


@pytest.mark.slow
@pytest.mark.real_model
def test_a_checkpoint_is_the_model_that_it_was_written_from(both: tuple[Path, Path]) -> None:
    directory, path = both
    with gs.open(directory) as checkpoint, gs.open(path) as model:
        assert checkpoint.architecture == model.architecture
        assert set(checkpoint.tensors) == set(model.tensors)
        for name, tensor in checkpoint.tensors.items():
            assert tensor.dequantize().tobytes() == model.tensors[name].dequantize().tobytes(), name
        shared = [key for key in model.metadata if key.startswith(f"{model.architecture}.")]
        for key in shared:
            np.testing.assert_array_equal(checkpoint.metadata[key], model.metadata[key], key)
        tokens = [read_tokenizer(each).encode(TEXT) for each in (checkpoint, model)]
        assert tokens[0] == tokens[1]


@pytest.mark.slow
def test_a_trace_of_a_checkpoint_is_that_of_the_model(smollm2: Path, tmp_path: Path) -> None:
    directory = write_back(smollm2, tmp_path / "smollm2")
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    traces = [json.loads(gs.trace(each, text=text).to_json()) for each in (directory, smollm2)]
    for trace in traces:
        del trace["model"], trace["run"]
    assert traces[0] == traces[1]
