"""Files of token ids: read for every vocabulary, and one line for what is none."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.errors import TraceError
from ggufscope.runtime.reading.token_files import read_token_sequences
from support.tiny_models import sample
from support.vocabularies import sentence_pieces

if TYPE_CHECKING:
    from support.command_line import RunCommand

SEQUENCES = [[1, 403, 407, 261], [1, 7]]
FORMS = {
    "lines": "1 403 407 261\n1 7\n",
    "odd lines": "\n  1\t403 407   261\r\n\n1 7",
    "lists": "[[1, 403, 407, 261], [1, 7]]",
}


@pytest.fixture
def run(run_command: RunCommand) -> RunCommand:
    return partial(run_command, "trace")


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    return tmp_path / "ids.txt"


@pytest.mark.parametrize("form", FORMS)
def test_lines_and_lists_are_sequences(form: str, ids: Path) -> None:
    ids.write_text(FORMS[form], newline="")
    assert read_token_sequences(ids, 512) == SEQUENCES


def test_one_list_is_one_sequence(ids: Path) -> None:
    ids.write_text(" [1, 2,\n 3]\n")
    assert read_token_sequences(ids, 512) == [[1, 2, 3]]


BAD = {
    "": "no token ids",
    " \n": "no token ids",
    "[]": "the sequence is empty",
    "[[1], []]": "sequence 1 is empty",
    "[1, [2]]": "item 0 is no list, and others are",
    "[1, 2": "no valid JSON (",
    "[" * 100_000: "no valid JSON (nested too deeply)",
    "[1, 2.5]": "the sequence: item 1, 2.5, is no token id",
    "[1, true]": "the sequence: item 1, true, is no token id",
    '[["1"]]': "sequence 0: item 0, '1', is no token id",
    "[[[1]]]": "sequence 0: item 0, [1], is no token id",
    "[-1]": "the sequence: token -1 of a vocabulary of 512",
    "[1e999]": "the sequence: item 0, Infinity, is no token id",
    f"[1{'0' * 4000}]": "the sequence: token of more than 64 bits of a vocabulary of 512",
    f"[1{'0' * 9000}]": "no valid JSON (",
    "1 512\n": "line 1: token 512 of a vocabulary of 512",
    "1\n\n2 x3": "line 3: item 1, 'x3', is no token id",
    "1,2": "line 1: item 0, '1,2', is no token id",
    "١": "line 1: item 0, '١', is no token id",  # noqa: RUF001
    "1" * 50: "line 1: item 0, '11111111111111111111…', is no token id",
    "1\n" * 10_001: "10001 sequences, the limit is 10000",
    "\ud800": "no token ids: byte 0 is no UTF-8",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:12]))
def test_what_is_no_list_of_ids_is_refused_with_its_place(text: str, ids: Path) -> None:
    ids.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(TraceError) as caught:
        read_token_sequences(ids, 512)
    assert str(caught.value).startswith(f"{ids}: {BAD[text]}")
    assert str(caught.value).endswith("; a file of token ids is JSON, as [[1, 422, 9], [1, 17]], or has a line for each"
                                      " sequence, as 1 422 9")  # fmt: skip
    assert "\n" not in str(caught.value)


def test_ids_are_read_as_their_text_is(stories260k: Path, ids: Path, tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text("Once upon a time")
    (read,) = gs.trace(stories260k, text=tmp_path / "story.txt", max_new_tokens=3).document.prompts
    ids.write_text(f"1 5\n{' '.join(map(str, read.token_ids))}")
    document = gs.trace(stories260k, tokens=ids, max_new_tokens=3).document
    assert (document.settings.source, document.settings.prompt_set) == ("tokens", "ids.txt")
    assert document.settings.opening_tokens == []
    assert [prompt.id for prompt in document.prompts] == ["sequence 0", "sequence 1"]
    second = document.prompts[1]
    assert (second.token_ids, second.prompt) == (read.token_ids, None)
    np.testing.assert_allclose(second.layers["residual_rms"], read.layers["residual_rms"], rtol=1e-5)
    assert second.answer is not None
    assert read.answer is not None
    assert second.answer.token_ids == read.answer.token_ids


def test_an_unknown_tokenizer_is_refused_for_text_alone(run: RunCommand, write_gguf: Any, ids: Path) -> None:
    model = sample("llama")
    file = model.file()
    file["metadata"] = file["metadata"] | {"tokenizer.ggml.model": "novel", "tokenizer.ggml.tokens": ["a", "b"]}
    path = write_gguf(**file)
    ids.write_text("[1, 2, 3]")
    code, out, err = run(path)
    assert (code, out) == (3, "")
    assert "tokenizer.ggml.model: tokenizer 'novel' is not supported; there are gpt2, gemma4" in err
    assert err.count("\n") == 1
    for arguments in (["--probe", "8"], ["--tokens", ids]):
        code, out, err = run(path, *arguments)
        assert (code, err) == (0, "")
        assert "tokenizer 'novel' is not supported" in " ".join(out.split())


@pytest.fixture
def fewer_tokens(write_gguf: Any) -> tuple[Path, str]:
    """A model with four embedding rows more than tokens, and what is said of it."""
    file = sample("llama").file()
    vocabulary = sentence_pieces()
    n_tokens, n_rows = len(vocabulary["tokenizer.ggml.tokens"]), len(file["tensors"]["token_embd.weight"])
    cut = {key: value[: n_rows - 4] if isinstance(value, list) else value for key, value in vocabulary.items()}
    assert n_rows - 4 < n_tokens
    path = write_gguf(file["tensors"], file["metadata"] | cut)
    return path, f"tokenizer.ggml.tokens: {n_rows - 4} tokens for {n_rows} rows of token_embd.weight"


def test_fewer_tokens_than_embeddings_are_refused_for_text_alone(
    run: RunCommand, fewer_tokens: tuple[Path, str], ids: Path
) -> None:
    path, reason = fewer_tokens
    with gs.open(path) as model:
        n_rows = model.tensors["token_embd.weight"].n_rows
    ids.write_text(f"1 {n_rows - 1}")
    code, out, err = run(path)
    assert (code, out) == (3, "")
    assert reason in err
    assert err.count("\n") == 1
    assert run(path, "--tokens", ids)[0] == 0
    assert run(path, "--probe", 8)[0] == 0
    ids.write_text(f"1 {n_rows}")
    code, out, err = run(path, "--tokens", ids)
    assert (code, out) == (3, "")
    assert f"line 1: token {n_rows} of a vocabulary of {n_rows}" in err


@pytest.mark.usefixtures("few_charts")
def test_a_study_goes_on_where_texts_cannot_be_read(fewer_tokens: tuple[Path, str], tmp_path: Path) -> None:
    path, reason = fewer_tokens
    study = gs.study(path, tmp_path / "results")
    assert list(study.failures) == ["trace"]
    assert study.failures["trace"].endswith(reason)
    assert {"profile", "analysis", "report"} <= study.finished.keys()


def test_ids_exclude_the_other_readings(run: RunCommand, stories260k: Path, ids: Path) -> None:
    code, _, err = run(stories260k, "--tokens", ids, "--probe", 3)
    assert code == 2
    assert "a probe and token ids exclude each other" in err
    code, _, err = run(stories260k, "--tokens", ids)
    assert code == 3
    assert "ids.txt: No such file" in err
