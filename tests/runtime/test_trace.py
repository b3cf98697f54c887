"""`trace` and `ggufscope trace`: prompts, texts and probes in, one document out, and one line for what goes wrong."""

from __future__ import annotations

import dataclasses
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.console import Console

import ggufscope as gs
from ggufscope.errors import TraceError
from ggufscope.runtime.engines.engine import Ending, GenerationInterrupted
from ggufscope.runtime.engines.streamed import StreamedEngine
from ggufscope.runtime.measuring.capture import POINTS
from ggufscope.runtime.measuring.figures import FIGURES, band_figure
from ggufscope.runtime.measuring.reductions import number_of_bands
from ggufscope.runtime.reading.prompts import shipped_prompts
from ggufscope.runtime.reading.tokenizer import read_tokenizer
from ggufscope.runtime.trace_result import TraceInterrupted
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.trace import duration, render_trace
from support.programs import SLOW_READING, on_a_terminal
from support.tiny_models import sample

if TYPE_CHECKING:
    from support.command_line import RunCommand

WriteGguf = Callable[..., Path]
QUESTIONS = {
    "prompts": [
        {"id": "a", "category": "one", "prompt": "Lily likes to play", "accepted": ["outside"], "difficulty": "easy"},
        {"id": "b", "category": "two", "prompt": "Tom", "accepted": ["cat"], "hallucination_examples": ["dog"]},
    ]
}


@pytest.fixture
def run(run_command: RunCommand) -> RunCommand:
    return partial(run_command, "trace")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.json"
    path.write_text(json.dumps(QUESTIONS), encoding="utf-8")
    return path


def test_the_prompts_that_come_along(stories260k: Path) -> None:
    document = gs.trace(stories260k, max_new_tokens=3).document
    shipped = shipped_prompts().prompts
    assert [prompt.id for prompt in document.prompts] == [prompt.id for prompt in shipped]
    assert document.settings.source == "prompts"
    assert document.settings.prompt_set == "ggufscope"
    assert (document.settings.template, document.settings.opening_tokens) == ("none", [1])
    with gs.open(stories260k) as model:
        tokenizer = read_tokenizer(model)
        assert document.model.identity == model.identity
    for prompt, original in zip(document.prompts, shipped, strict=True):
        assert prompt.token_ids == tokenizer.encode(original.prompt)
        assert (prompt.category, prompt.difficulty) == (original.category, original.difficulty)
        assert prompt.answer is not None
        assert len(prompt.answer.token_ids) <= 3
        assert prompt.answer.text == tokenizer.decode(prompt.answer.token_ids)
        assert prompt.score is not None


def test_figures_as_arrays(stories260k: Path, questions: Path) -> None:
    found = gs.trace(stories260k, prompts=questions, max_new_tokens=0)
    assert found.document.prompts[0].answer is None
    assert found.document.prompts[0].score is None
    assert found.document.settings.prompt_set == "questions.json"
    for name, figure in FIGURES.items():
        values = found.head_figure(name) if figure.per_head else found.layer_figure(name)
        assert values.shape == ((2, 5, 8) if figure.per_head else (2, 5))
        undefined = name == "repeat_share"  # no token stands twice in these
        assert np.isnan(values).all() if undefined else np.isfinite(values).all()
    longest = max(len(prompt.token_ids) for prompt in found.document.prompts)
    bands = [band_figure(band).name for band in range(number_of_bands(longest))]
    assert found.document.figures.keys() == {*FIGURES, *bands}
    for name in bands:
        assert found.document.figures[name].per_head
        assert np.isfinite(found.head_figure(name)[np.argmax([len(p.token_ids) for p in found.document.prompts])]).all()


def test_saved_and_loaded(stories260k: Path, questions: Path, tmp_path: Path) -> None:
    found = gs.trace(stories260k, prompts=questions)
    found.save(tmp_path / "trace.json")
    loaded = gs.Trace.load(tmp_path / "trace.json")
    assert loaded.to_json() == found.to_json()
    np.testing.assert_allclose(loaded.layer_figure("residual_rms"), found.layer_figure("residual_rms"), rtol=1e-6)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(TraceError, match=r"other\.json: not a saved trace"):
        gs.Trace.load(tmp_path / "other.json")


def test_answers_get_no_more_room_than_the_context_has(
    stories260k: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int] = []

    def generate(_: StreamedEngine, limit: int, *_others: object, **_options: object) -> list[Ending]:
        limits.append(limit)
        return [Ending((), "stop"), Ending((), "stop")]

    monkeypatch.setattr(StreamedEngine, "generate", generate)
    document = gs.trace(stories260k, prompts=questions, max_new_tokens=10**9).document
    shortest = min(len(prompt.token_ids) for prompt in document.prompts)
    assert document.model.context_length == 2048
    assert limits == [2048 - shortest + 2]


def test_an_answer_that_fills_the_context_ends_there(stories260k: Path, questions: Path, tmp_path: Path) -> None:
    with gs.open(stories260k) as model:
        shape = model.metadata["llama.context_length"]
    data = bytearray(stories260k.read_bytes())
    at = data.index(b"llama.context_length") + len(b"llama.context_length") + 4
    assert int.from_bytes(data[at : at + 4], "little") == shape
    data[at : at + 4] = (12).to_bytes(4, "little")
    (tmp_path / "short.gguf").write_bytes(data)
    document = gs.trace(tmp_path / "short.gguf", prompts=questions, max_new_tokens=10**9).document
    for prompt in document.prompts:
        assert prompt.answer is not None
        assert prompt.answer.ended == "context"
        assert len(prompt.token_ids) + len(prompt.answer.token_ids) == 12 + 1


def test_an_open_model_stays_open(stories260k: Path) -> None:
    with gs.open(stories260k) as model:
        gs.trace(model, probe=4)
        assert not model.closed


def test_a_text(stories260k: Path, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("Once upon a time, there was a little girl.\n", encoding="utf-8")
    document = gs.trace(stories260k, text=path).document
    (prompt,) = document.prompts
    assert (document.settings.source, document.settings.prompt_set) == ("text", "story.txt")
    assert prompt.prompt == path.read_text()
    assert prompt.answer is None
    answered = gs.trace(stories260k, text=path, max_new_tokens=5).document.prompts[0]
    assert answered.answer is not None
    assert len(answered.answer.token_ids) == 5
    assert answered.score is None


@pytest.mark.parametrize(
    ("data", "message"), [(b"", "an empty text"), (b"ab\xff", "byte 2 is no UTF-8"), (b"x" * 9000, "context is 2048")]
)
def test_texts_that_are_none(run: RunCommand, stories260k: Path, tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "text").write_bytes(data)
    code, out, err = run(stories260k, "--text", tmp_path / "text")
    assert (code, out) == (3, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_probe(stories260k: Path) -> None:
    document = gs.trace(stories260k, probe=40, seed=3).document
    (prompt,) = document.prompts
    assert (document.settings.source, document.settings.seed, prompt.token_ids[0]) == ("probe", 3, 1)
    with gs.open(stories260k) as model:
        types = np.asarray(model.metadata["tokenizer.ggml.token_type"])
    assert len(prompt.token_ids) == 41
    assert set(types[prompt.token_ids[1:]].tolist()) == {1}  # no control, no bytes
    assert gs.trace(stories260k, probe=40, seed=3).document.prompts == document.prompts
    assert gs.trace(stories260k, probe=40, seed=4).document.prompts != document.prompts


def test_a_probe_needs_no_tokenizer(write_gguf: WriteGguf) -> None:
    document = gs.trace(write_gguf(**sample("qwen3").file()), probe=12).document
    assert len(document.prompts[0].token_ids) == 12
    assert any("does not say which are control tokens" in warning for warning in document.warnings)
    assert any("nothing stands in front" in warning for warning in document.warnings)


def test_what_is_kept(stories260k: Path, questions: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    found = gs.trace(stories260k, prompts=questions, max_new_tokens=0, keep=list(POINTS), keep_path=path)
    lengths = [len(prompt.token_ids) for prompt in found.document.prompts]
    with np.load(path) as kept:
        assert len(kept.files) == 2 * 5 * len(POINTS)
        for number, length in enumerate(lengths):
            for layer in range(5):
                place = f"prompt{number}/layer{layer}"
                assert kept[f"{place}/attention"].shape == (8, length, length)
                np.testing.assert_allclose(kept[f"{place}/attention"].sum(axis=-1), 1, rtol=1e-5)
                gated = kept[f"{place}/gated"]
                assert gated.shape == (length, 172)
                rms = np.median(np.sqrt(np.mean(gated[1:].astype(np.float64) ** 2, axis=1)))
                assert found.layer_figure("gated_rms")[number, layer] == pytest.approx(rms, rel=1e-6)
    assert found.document.settings.kept == list(POINTS)


def test_overflow_is_a_warning(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    model.tensors["blk.1.ffn_down.weight"] *= np.float32(3e38)
    document = gs.trace(write_gguf(**model.file()), probe=12).document
    assert document.warnings[-1] == "activations are not finite from layer 1 on: they overflow float32"
    assert document.prompts[0].layers["residual_rms"][1] is None
    gs.Trace.from_json(gs.Trace(document).to_json())


# The command


def test_the_summary(run: RunCommand, stories260k: Path, questions: Path) -> None:
    code, out, err = run(stories260k, "--prompts", questions, "--max-new-tokens", 4)
    assert (code, err) == (0, "")
    for text in ("5 layers · 8 heads", "2 prompts", "template none", "attention entropy / ln n", "unscored"):
        assert text in out


def test_json_equals_the_file(run: RunCommand, stories260k: Path, questions: Path, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    code, out, err = run(stories260k, "--prompts", questions, "-o", path, "--json", "--keep", "q", "--keep", "q")
    assert (code, err) == (0, "")
    assert out == path.read_text(encoding="utf-8")
    assert gs.Trace.from_json(out).document.settings.kept == ["q"]
    with np.load(path.with_suffix(".npz")) as kept:
        assert "prompt1/layer4/q" in kept.files
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["questions.json", "trace.json", "trace.npz"]


def test_names_from_files_are_escaped(run: RunCommand, stories260k: Path, tmp_path: Path) -> None:
    prompt = QUESTIONS["prompts"][0] | {"id": "\x1b[2Ja", "category": "[bold]x"}
    (tmp_path / "odd.json").write_text(json.dumps({"prompts": [prompt]}))
    _, out, _ = run(stories260k, "--prompts", tmp_path / "odd.json")
    assert "\x1b" not in out
    assert "\\x1b[2Ja" in out
    assert "[bold]x" in out


def test_a_hostile_engine_and_template(stories260k: Path, questions: Path) -> None:
    document = gs.trace(stories260k, prompts=questions, max_new_tokens=0).document
    hostile = dataclasses.replace(
        document,
        engine=dataclasses.replace(document.engine, name="e\x1b[2J"),
        settings=dataclasses.replace(document.settings, template="t\u202e"),
    )
    console = Console(file=io.StringIO(), width=200)
    render_trace(TerminalScreen(console), hostile)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert r"engine e\x1b[2J" in shown
    assert r"template t\u202e" in shown


def test_a_malformed_set_of_prompts(run: RunCommand, stories260k: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({"prompts": [QUESTIONS["prompts"][0] | {"accepted": []}]}))
    code, out, err = run(stories260k, "--prompts", tmp_path / "bad.json")
    assert (code, out) == (3, "")
    assert "bad.json: prompts[0].accepted" in err


def test_a_model_without_a_tokenizer(run: RunCommand, write_gguf: WriteGguf) -> None:
    code, out, err = run(write_gguf(**sample("llama").file()))
    assert (code, out) == (3, "")
    assert "tokenizer" in err


def test_weights_that_are_not_finite(run: RunCommand, write_gguf: WriteGguf, tmp_path: Path) -> None:
    model = sample("llama")
    model.tensors["blk.1.ffn_up.weight"][3, 4] = np.nan
    target = tmp_path / "trace.json"
    older = '{\n"schema": "ggufscope.trace/1",'
    target.write_text(older)
    code, out, err = run(write_gguf(**model.file()), "--probe", 9, "-o", target, "--keep", "q")
    assert (code, out) == (3, "")
    assert "blk.1.ffn_up.weight has a weight that is not finite, in row 3, column 4" in err
    assert target.read_text() == older
    assert not target.with_suffix(".npz").exists()


# Ctrl-C


def test_an_interruption_among_the_answers_keeps_the_figures(
    run: RunCommand, stories260k: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate = StreamedEngine.generate

    def stopping(self: StreamedEngine, *arguments: Any, **_options: Any) -> Any:
        def stop(_what: str, share: float) -> None:
            if share > 0.5:
                raise KeyboardInterrupt

        return generate(self, *arguments, progress=stop)

    monkeypatch.setattr(StreamedEngine, "generate", stopping)
    with pytest.raises(TraceInterrupted) as caught:
        gs.trace(stories260k, prompts=questions, max_new_tokens=8)
    answer = caught.value.trace.document.prompts[0].answer
    assert answer is not None
    assert (len(answer.token_ids), answer.ended) == (5, "interrupted")
    assert isinstance(caught.value.__context__, GenerationInterrupted | None)
    path = tmp_path / "trace.json"
    code, out, err = run(stories260k, "--prompts", questions, "--max-new-tokens", 8, "-o", path)
    assert (code, out) == (130, "")
    assert err.endswith("ggufscope: interrupted\n")
    saved = gs.Trace.load(path)
    assert np.isfinite(saved.layer_figure("residual_rms")).all()
    score = saved.document.prompts[0].score
    assert score is not None
    assert score.verdict == "unscored"


def test_ctrl_c_while_reading_leaves_nothing(stories260k: Path, tmp_path: Path) -> None:
    """A real signal to a real process, in the middle of a text that takes long to read."""
    text = tmp_path / "long.txt"
    text.write_text("Once upon a time, there was a little girl named Lily. " * 90, encoding="utf-8")
    arguments = ["trace", str(stories260k), "--text", str(text), "-o", str(tmp_path / "t.json"), "--keep", "q"]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_READING, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taking\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "ggufscope: interrupted\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.txt"]


def test_a_terminal_sees_the_plan(stories260k: Path, questions: Path) -> None:
    shown, _ = on_a_terminal("trace", stories260k, "--prompts", questions, output_apart=True)
    assert "2 prompts, " in shown
    assert "then up to 64 tokens of answer each, about" in shown


def test_durations() -> None:
    assert [duration(seconds) for seconds in (0.34, 9.94, 75.2, 4000)] == ["0.3 s", "9.9 s", "75 s", "67 min"]
