"""What stands around a text, what an answer to token ids looks like, and notes on what a vocabulary leaves out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.errors import MissingExtraError
from ggufscope.runtime.reading import readings
from ggufscope.runtime.reading.prompts import Prompt, PromptSet
from support.questions import write_questions
from support.tiny_models import sample
from support.vocabularies import byte_pairs, sentence_pieces
from support.vocabulary_kinds import word_pieces

G = "tokenizer.ggml."
WithVocabulary = Callable[..., Path]


@pytest.fixture
def with_vocabulary(write_gguf: Any) -> WithVocabulary:
    """A function that writes a small random model with a vocabulary and an embedding of its size."""

    def write(vocabulary: dict[str, Any], **metadata: Any) -> Path:
        file = sample("llama").file()
        tensors, chance = dict(file["tensors"]), np.random.default_rng(0)
        width = tensors["token_embd.weight"].shape[1]
        for name in ("token_embd.weight", "output.weight"):
            tensors[name] = chance.standard_normal((len(vocabulary[f"{G}tokens"]), width)).astype(np.float32)
        return write_gguf(tensors, file["metadata"] | vocabulary | metadata, name=f"{vocabulary[f'{G}model']}.gguf")

    return write


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("hello the")
    return path


def without(metadata: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != G + key}


ENDS = {"eos": sentence_pieces(**{f"{G}add_eos_token": True}), "separator": word_pieces()}


@pytest.mark.parametrize("which", ENDS)
def test_a_text_ends_as_the_file_asks_for_unless_it_goes_on(
    with_vocabulary: WithVocabulary, text: Path, which: str
) -> None:
    path = with_vocabulary(ENDS[which])
    with gs.open(path) as model:
        tokenizer = readings.read_tokenizer(model)
        whole = tokenizer.encode(text.read_text())
        (last,) = tokenizer.vocabulary.closing
        assert whole[-1] == last
        assert gs.trace(model, text=text).document.prompts[0].token_ids == whole
        assert gs.trace(model, text=text, max_new_tokens=1).document.prompts[0].token_ids == whole[:-1]


@pytest.mark.parametrize("closed", [True, False])
def test_a_prompt_ends_only_where_nothing_can_follow(with_vocabulary: WithVocabulary, closed: bool) -> None:
    questions = PromptSet(prompts=(Prompt(id="one", category="a", prompt="hello the", accepted=("there",)),))
    with gs.open(with_vocabulary(word_pieces())) as model:
        whole = readings.read_tokenizer(model).encode("hello the")
        (item,) = readings.read_prompt_set(model, questions, "q.json", "auto", closed=closed).items
    assert item.tokens.tolist() == (whole if closed else whole[:-1])


def test_a_vocabulary_without_pre_tokenizer_is_read_with_a_note(
    with_vocabulary: WithVocabulary, text: Path, tmp_path: Path
) -> None:
    named, unnamed = with_vocabulary(byte_pairs("default")), without(byte_pairs(), "pre")
    questions = write_questions(tmp_path / "q.json", "hello the")
    known = gs.trace(named, text=text).document
    path = with_vocabulary(unnamed)
    for document in (gs.trace(path, text=text).document, gs.trace(path, prompts=questions).document):
        assert [note for note in document.warnings if f"no {G}pre: text is cut as llama.cpp" in note]
    assert known.warnings == []
    assert gs.trace(path, text=text).document.prompts[0].token_ids == known.prompts[0].token_ids


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pre", "novel", "pre-tokenizer 'novel' is not one of the 91 that llama.cpp knows"),
        ("model", "novel", "tokenizer 'novel' is not supported; there are gpt2"),
    ],
)
def test_an_unknown_vocabulary_is_refused_for_texts_and_read_as_ids(
    with_vocabulary: WithVocabulary, text: Path, tmp_path: Path, key: str, value: str, message: str
) -> None:
    path = with_vocabulary(byte_pairs() | {f"{G}{key}": value})
    with pytest.raises(gs.GGUFError, match=message):
        gs.trace(path, text=text)
    ids = tmp_path / "ids.txt"
    ids.write_text("1 2 3")
    probe, read = gs.trace(path, probe=8).document, gs.trace(path, tokens=ids, max_new_tokens=2).document
    assert any(message in note for note in probe.warnings)
    assert any(note.startswith("answers are shown as token ids: ") and message in note for note in read.warnings)
    assert read.prompts[0].answer is not None
    assert (len(read.prompts[0].answer.token_ids), read.prompts[0].answer.text) == (2, None)


def test_answers_to_ids_are_text_where_the_tokenizer_is_known(
    stories260k: Path, tmp_path: Path, run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("1 403 407 261 378")  # Once upon a time
    (prompt,) = gs.trace(stories260k, tokens=ids, max_new_tokens=6).document.prompts
    assert prompt.answer is not None
    with gs.open(stories260k) as model:
        assert prompt.answer.text == readings.read_tokenizer(model).decode(prompt.answer.token_ids)
    call = ("trace", stories260k, "--tokens", ids, "--max-new-tokens", 6)
    code, out, _ = run_command(*call)
    assert code == 0
    assert " ".join(prompt.answer.text.split()) in out
    assert "0 correct" not in out  # nothing is scored

    def lacks_a_package(_: object) -> None:
        raise MissingExtraError("this needs the package tokenizers")

    monkeypatch.setattr(readings, "read_tokenizer", lacks_a_package)
    code, out, _ = run_command(*call)
    assert code == 0
    assert f"ids {' '.join(map(str, prompt.answer.token_ids))}" in out
    assert "answers are shown as token ids: this needs the package tokenizers" in " ".join(out.split())
