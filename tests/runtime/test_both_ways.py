"""Attention that goes both ways, `attention.causal` false: read as such, without answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.presets.propagation import propagate
from ggufscope.runtime.engines.streamed import open_engine
from support.architectures import SPECIMENS
from support.architectures.specimen import VOCABULARY, Specimen
from support.vocabularies import byte_pairs

if TYPE_CHECKING:
    from support.command_line import RunCommand

WriteGguf = Callable[..., Path]
TOKENS = np.random.default_rng(3).integers(0, VOCABULARY, 12).astype(np.int32)
BOTH_WAYS = SPECIMENS["llama-both-ways"]
ONE_WAY = replace(BOTH_WAYS, metadata={"pooling_type": 1})


def with_texts(specimen: Specimen) -> Specimen:
    """The model with a vocabulary, so that it reads the prompts that come along."""
    vocabulary = byte_pairs()
    n = len(vocabulary["tokenizer.ggml.tokens"])
    outside = dict.fromkeys(("token_embd.weight", "output.weight"), (n, 64))
    return replace(
        specimen,
        outside={**specimen.outside, **outside},
        metadata={**specimen.metadata, "vocab_size": n, "context_length": 4096},
        general=vocabulary,
    )


def last_logits(path: Path, tokens: np.ndarray) -> np.ndarray:
    with gs.open(path) as model, open_engine(model, 1) as engine:
        return engine.prefill([tokens], None, room=0, progress=None)[0].copy()


def test_the_first_token_sees_what_is_behind_it(write_gguf: WriteGguf) -> None:
    """Of a causal model the first query has no choice, and what follows changes nothing in front."""
    entropies = {}
    for name, specimen in (("both", BOTH_WAYS), ("one", ONE_WAY)):
        trace = gs.trace(write_gguf(**specimen.file(), name=f"{name}.gguf"), probe=12)
        entropies[name] = trace.head_figure("entropy_share")
        assert trace.document.prompts[0].answer is None
    assert np.isfinite(entropies["both"]).all()
    assert not np.allclose(entropies["both"], entropies["one"], rtol=0.01)


def test_a_token_in_front_is_changed_by_those_behind(write_gguf: WriteGguf) -> None:
    raw = {}
    for name, specimen in (("both", BOTH_WAYS), ("one", ONE_WAY)):
        path = write_gguf(**specimen.file(), name=f"{name}.gguf")
        for length in (6, 12):
            kept = path.with_suffix(f".{length}.npz")
            ids = path.with_suffix(f".{length}.txt")
            ids.write_text(" ".join(map(str, TOKENS[:length])))
            gs.trace(path, tokens=ids, keep=["residual"], keep_path=kept)
            raw[name, length] = np.load(kept)["prompt0/layer1/residual"][:6]
    np.testing.assert_allclose(raw["one", 6], raw["one", 12], rtol=1e-4, atol=1e-5)
    assert not np.allclose(raw["both", 6], raw["both", 12], rtol=0.01)


def test_prompts_have_no_answers_and_the_trace_says_why(write_gguf: WriteGguf) -> None:
    trace = gs.trace(write_gguf(**with_texts(BOTH_WAYS).file()), max_new_tokens=4)
    reason = "no answers: attention goes both ways (attention.causal is false): the model does not continue a text"
    assert reason in trace.document.warnings
    assert trace.document.settings.max_new_tokens == 0
    assert all(prompt.answer is None and prompt.score is None for prompt in trace.document.prompts)


def test_a_model_without_an_output_gives_hidden_states(write_gguf: WriteGguf) -> None:
    path = write_gguf(**SPECIMENS["bert"].file())
    assert last_logits(path, TOKENS).shape == (64,)
    with gs.open(path) as model, open_engine(model, 1) as engine:
        engine.prefill([TOKENS], None, room=0, progress=None)
        with pytest.raises(ValueError, match="the model has no output for a next token"):
            engine.generate(1, frozenset(), progress=None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("llama-both-ways", "attention of blk.0 is bidirectional (attention.causal is false)"),
        ("gemma-embedding", "attention of blk.0 is bidirectional (attention.causal is false)"),
        ("bert", "there are no formulas for token_types.weight"),
    ],
)
def test_propagation_refuses_it_by_name(name: str, reason: str, write_gguf: WriteGguf) -> None:
    with gs.open(write_gguf(**SPECIMENS[name].file())) as model:
        applicability = propagate(model).applicability
    assert reason in str(applicability)


def test_the_command_says_it(run_command: RunCommand, write_gguf: WriteGguf, tmp_path: Path) -> None:
    path = write_gguf(**with_texts(BOTH_WAYS).file())
    code, shown, complaints = run_command("trace", path, "-o", tmp_path / "trace.json")
    assert code == 0, complaints
    assert "no answers: attention goes both ways" in " ".join(shown.split())
