"""llama.cpp as an engine: the same figures as the streamed engine, and what it does when something goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope
from ggufscope.errors import ExitCode, MissingExtraError, TraceError, exit_code
from ggufscope.extras import install_hint
from ggufscope.runtime.engines import streamed
from ggufscope.runtime.engines.engine import ENGINES, GenerationInterrupted
from ggufscope.runtime.measuring.capture import Recorder
from ggufscope.runtime.reading.tokenizer import read_tokenizer
from support.architectures import SPECIMENS
from support.engines import compare_figures, figures, traced
from support.needs import llama_cpp_needed
from support.tiny_models import KINDS, VOCABULARY, sample

pytestmark = llama_cpp_needed

WriteGguf = Callable[..., Path]
LLAMA_CPP = ENGINES["llama.cpp"]
TEXTS = [
    "Once upon a time",
    "Lily and Tom went to the park. They saw a big",
    "The dog was sad because",
    "One day, a little girl named Lily found a needle in her room. She knew it was difficult to play with it",
    "x",
]
TOLERANCE = 1e-4
GELU_TOLERANCE = 1e-3  # llama.cpp looks GELU up in a table of float16
FLOOR = 1e-5  # of attention that random tokens sharpen to almost one key: what is left for the others has few digits


def random_tokens(*lengths: int) -> list[npt.NDArray[np.int32]]:
    chance = np.random.default_rng(5)
    return [chance.integers(0, VOCABULARY, length).astype(np.int32) for length in lengths]


# Elsewhere llama.cpp has one thread: several wait for each other by spinning, and tests share their cores.
@pytest.mark.parametrize("threads", [1, 2])
def test_stories260k_has_the_same_figures_and_text(stories260k: Path, threads: int) -> None:
    with ggufscope.open(stories260k) as model:
        tokenizer = read_tokenizer(model)
        prompts = [np.array(tokenizer.encode(text), np.int32) for text in TEXTS]
        ours = traced(streamed.open_engine(model, 2), prompts, 24, tokenizer.ends)
        theirs = traced(LLAMA_CPP.open(model, threads), prompts, 24, tokenizer.ends)
    compare_figures(ours, theirs, TOLERANCE)
    np.testing.assert_allclose(ours.logits, theirs.logits, atol=TOLERANCE * np.abs(ours.logits).max(), rtol=0)
    assert ours.endings == theirs.endings
    texts = [tokenizer.decode(ending.tokens) for ending in theirs.endings]
    assert texts[0].startswith(", there was a little")


@pytest.mark.parametrize("name", [name for name in KINDS if not name.endswith("27b")])
def test_every_architecture_has_the_same_figures(name: str, write_gguf: WriteGguf) -> None:
    with ggufscope.open(write_gguf(**sample(name).file())) as model:
        prompts = random_tokens(17, 1, 30)
        ours = traced(streamed.open_engine(model, 2), prompts, 5, frozenset())
        theirs = traced(LLAMA_CPP.open(model, 1), prompts, 5, frozenset())
    compare_figures(ours, theirs, GELU_TOLERANCE if name.startswith("gemma") else TOLERANCE, FLOOR)
    assert ours.endings == theirs.endings


def test_many_prompts_are_read_in_groups(stories260k: Path) -> None:
    from ggufscope.runtime.engines import llama_cpp  # noqa: PLC0415  an extra

    prompts = random_tokens(3, 9, 5, 2, 7)
    with ggufscope.open(stories260k) as model:
        ours = traced(streamed.open_engine(model, 1), prompts, 6, frozenset({2}))
        theirs = traced(
            llama_cpp.open_engine(model, 1, llama_cpp.ContextLimits(sequences=2)), prompts, 6, frozenset({2})
        )
    compare_figures(ours, theirs, TOLERANCE, FLOOR)
    assert ours.endings == theirs.endings


def test_progress_goes_from_start_to_end_in_the_calling_thread(stories260k: Path) -> None:
    seen: list[tuple[str, float]] = []

    def progress(what: str, share: float) -> None:
        assert threading.current_thread() is threading.main_thread()
        seen.append((what, share))

    with ggufscope.open(stories260k) as model, LLAMA_CPP.open(model, 1) as engine:
        engine.prefill(random_tokens(3, 4), Recorder(2, engine.shape), room=4, progress=progress)
        assert seen[0] == ("prompt 1 of 2, layer 1 of 5", 0.0)
        assert [share for _, share in seen] == sorted(share for _, share in seen)
        seen.clear()
        engine.generate(4, frozenset(), progress=progress)
        assert seen[-1] == ("token 4 of 4", 0.75)


class Full(Recorder):
    """A recorder that fails in the middle."""

    def take(self, prompt: int, layer: int, point: str, values: Any, first_head: int = 0) -> None:
        if layer == 2:
            raise OSError("no space")
        super().take(prompt, layer, point, values, first_head)


def test_an_exception_in_the_callback_comes_out(stories260k: Path) -> None:
    with ggufscope.open(stories260k) as model, LLAMA_CPP.open(model, 1) as engine:
        with pytest.raises(OSError, match="no space"):
            engine.prefill(random_tokens(9), Full(1, engine.shape), room=0, progress=None)
        found = figures(engine, random_tokens(9))  # and the engine goes on
        assert np.isfinite(found["residual_rms"]).all()


def test_a_run_can_be_cancelled(stories260k: Path) -> None:
    class Slow(Recorder):
        def take(self, *arguments: Any, **options: Any) -> None:
            taken.append(arguments[1])
            waiting.wait(0.15)
            super().take(*arguments, **options)

    def stop(_what: str, share: float) -> None:
        if share > 0:
            raise KeyboardInterrupt

    taken: list[int] = []
    waiting = threading.Event()
    with ggufscope.open(stories260k) as model, LLAMA_CPP.open(model, 1) as engine:
        with pytest.raises(KeyboardInterrupt):
            engine.prefill(random_tokens(9), Slow(1, engine.shape), room=0, progress=stop)
        assert max(taken) < 4  # the last layer was not reached
        engine.prefill(random_tokens(9, 4), None, room=5, progress=None)
        with pytest.raises(GenerationInterrupted) as caught:
            engine.generate(5, frozenset(), progress=stop)
    assert [(len(ending.tokens), ending.reason) for ending in caught.value.endings] == [(1, "interrupted")] * 2


def test_the_estimate_is_a_time(stories260k: Path) -> None:
    with ggufscope.open(stories260k) as model, LLAMA_CPP.open(model, 1) as engine:
        few, many = (engine.estimate(random_tokens(*[length] * 4), 4) for length in (5, 5000))
    assert few is not None
    assert many is not None
    assert 0 < sum(few) < sum(many)


def broken(name: str, value: float) -> dict[str, Any]:
    file = sample("llama").file()
    file["tensors"][name] = file["tensors"][name].copy()
    file["tensors"][name][3, 5] = value
    return file


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_named(value: float, write_gguf: WriteGguf) -> None:
    path = write_gguf(**broken("blk.1.ffn_up.weight", value))
    with (
        ggufscope.open(path) as model,
        LLAMA_CPP.open(model, 1) as engine,
        pytest.raises(TraceError, match=r"blk\.1\.ffn_up\.weight has weights that are not finite, 1 of them"),
    ):
        engine.prefill(random_tokens(4), Recorder(1, engine.shape), room=0, progress=None)


def test_what_would_fill_the_memory_is_refused(stories260k: Path) -> None:
    with ggufscope.open(stories260k) as model, LLAMA_CPP.open(model, 1) as engine:
        recorder = Recorder(1, engine.shape)
        with pytest.raises(TraceError, match=r"20000 tokens at once need 11\.9 GiB in llama\.cpp; read less"):
            engine.prefill([np.zeros(20_000, np.int32)], recorder, room=0, progress=None)
        with pytest.raises(TraceError, match=r"values of 30000 prompts need 9\.2 GiB in llama\.cpp; read less"):
            engine.prefill([np.zeros(1, np.int32)] * 30_000, recorder, room=1, progress=None)


def test_a_file_that_llama_cpp_refuses(write_gguf: WriteGguf) -> None:
    file = sample("llama").file()
    file["metadata"] |= {"tokenizer.ggml.model": "not a tokenizer"}
    with ggufscope.open(write_gguf(**file)) as model, pytest.raises(TraceError) as caught:
        LLAMA_CPP.open(model, 1)
    assert str(caught.value).startswith(f"llama.cpp does not load {model.path} (")
    assert "not a tokenizer" in str(caught.value)


def test_an_architecture_beyond_it(write_gguf: WriteGguf) -> None:
    with (
        ggufscope.open(write_gguf(**sample("llama").file() | {"architecture": "rwkv7"})) as model,
        pytest.raises(TraceError, match="does not know the architecture 'rwkv7'"),
    ):
        LLAMA_CPP.open(model, 1)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"kq_soft_max": "kq"}, "shows no attention in layer 0"),
        ({"attn_q": "k", "attn_k": "q"}, "q_rms of layer 0 of a tiny model differs"),
        ({"ffn_gate": "up", "ffn_up": "gate"}, r"gate_rms of layer [01] of a tiny model differs"),
        ({"l_out": "ffn_output"}, r"llama\.cpp's graph ended in layer 0 of 2"),
    ],
)
def test_renamed_nodes_are_noticed(names: dict[str, str], message: str, stories260k: Path) -> None:
    from ggufscope.runtime.engines.llama_cpp import nodes, open_engine  # noqa: PLC0415  an extra

    with ggufscope.open(stories260k) as model, pytest.raises(TraceError, match=message):
        open_engine(model, 1, names=nodes.POINT_OF_NAME | names, passed=set())


def test_renamed_weights_of_experts_are_noticed(write_gguf: WriteGguf) -> None:
    """Without the node of the normalized weights, those in front of it would count."""
    from ggufscope.runtime.engines.llama_cpp import nodes, open_engine  # noqa: PLC0415

    names = {name: point for name, point in nodes.POINT_OF_NAME.items() if name != "ffn_moe_weights_norm"}
    with (
        ggufscope.open(write_gguf(**SPECIMENS["qwen3moe"].file())) as model,
        pytest.raises(TraceError, match="weight_share of experts of layer 0 of a tiny model differs"),
    ):
        open_engine(model, 1, names=names, passed=set())


def test_another_release_is_refused(stories260k: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ggufscope.runtime.engines.llama_cpp import library  # noqa: PLC0415

    package = library.load()
    library.load.cache_clear()
    try:
        monkeypatch.setattr(package, "__version__", "0.4.0")
        with (
            ggufscope.open(stories260k) as model,
            pytest.raises(TraceError, match=r"llama-cpp-python 0\.4\.0 is installed, and the engine llama\.cpp is wri"),
        ):
            LLAMA_CPP.open(model, 1)
        monkeypatch.setattr("ggufscope.extras.find_spec", lambda _: None)
        with ggufscope.open(stories260k) as model, pytest.raises(MissingExtraError) as caught:
            LLAMA_CPP.open(model, 1)
        assert str(caught.value) == f"this needs the package llama_cpp: {install_hint('runtime')}"
        assert exit_code(caught.value) is ExitCode.USAGE
    finally:
        library.load.cache_clear()
