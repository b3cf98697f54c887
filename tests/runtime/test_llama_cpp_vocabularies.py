"""llama.cpp's own vocabularies: its test vectors, and its tokenizer on odd and on random texts."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ggufscope
from ggufscope.runtime.reading.tokenizer import Tokenizer, read_tokenizer
from ggufscope.runtime.reading.tokenizer.pre_tokenizers import PRE_TOKENIZERS
from support.needs import llama_cpp_needed
from support.real_files import VECTORS, VOCABULARIES, vocabularies_needed
from support.vocabularies import ODD_TEXTS

pytestmark = vocabularies_needed

WITHOUT_PRE_TOKENIZER = ["aquila", "gpt-neox"]
WITHOUT_VECTORS = ["baichuan", "nomic-bert-moe", *WITHOUT_PRE_TOKENIZER]


def path_of(name: str) -> Path:
    return VOCABULARIES / f"ggml-vocab-{name}.gguf"


def read(name: str) -> Tokenizer:
    with ggufscope.open(path_of(name)) as model:
        return read_tokenizer(model)


@pytest.fixture(scope="module", params=[*VECTORS, *WITHOUT_VECTORS])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def tokenizer(name: str) -> Tokenizer:
    return read(name)


@pytest.fixture(scope="module")
def oracle(name: str) -> Iterator[Any]:
    from support.llama_cpp_vocabulary import opened  # noqa: PLC0415

    with opened(path_of(name)) as vocabulary:
        yield vocabulary


def vectors(name: str) -> list[tuple[str, list[int]]]:
    path = path_of(name)
    texts = path.with_suffix(".gguf.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")
    lines = path.with_suffix(".gguf.out").read_text().split("\n")
    assert lines[len(texts) :] in ([], [""])
    return [(text, [int(number) for number in line.split()]) for text, line in zip(texts, lines, strict=False)]


@contextlib.contextmanager
def refusal_of_lost_bytes(name: str, text: str) -> Iterator[None]:
    """Falcon has no token for some bytes: llama.cpp leaves them out, and we refuse the text."""
    try:
        yield
    except ggufscope.GGUFError as error:
        assert name == "falcon"
        lost = re.search(r"no token for byte 0x([0-9A-F]{2})$", str(error))
        assert lost is not None
        assert int(lost[1], 16) in text.encode()


def test_every_case_has_the_numbers_of_its_vector(name: str, tokenizer: Tokenizer) -> None:
    if name in WITHOUT_VECTORS:
        pytest.skip("llama.cpp has no vectors for it")
    cases = vectors(name)
    assert len(cases) == VECTORS[name][2]
    for text, numbers in cases:
        assert tokenizer.encode(text, add_special=False) == numbers, text


@llama_cpp_needed
def test_odd_texts_have_the_numbers_of_llama_cpp(name: str, tokenizer: Tokenizer, oracle: Any) -> None:
    for text, add, parse in itertools.product(ODD_TEXTS, (False, True), (False, True)):
        with refusal_of_lost_bytes(name, text):
            ours = tokenizer.encode(text, add_special=add, parse_special=parse)
            assert ours == oracle.encode(text, add, parse), (text, add, parse)


@llama_cpp_needed
@settings(max_examples=200, deadline=None)
@given(text=st.text(st.one_of(st.sampled_from(" \n\t'sStTrRlL09.<|>_aeth中"), st.characters(exclude_categories=["C"]))))
def test_random_texts_have_the_numbers_of_llama_cpp(name: str, tokenizer: Tokenizer, oracle: Any, text: str) -> None:
    with refusal_of_lost_bytes(name, text):
        assert tokenizer.encode(text) == oracle.encode(text)


@llama_cpp_needed
def test_pieces_and_ends_are_those_of_llama_cpp(tokenizer: Tokenizer, oracle: Any) -> None:
    assert tokenizer.ends == oracle.ends()
    for number, special in itertools.product(range(tokenizer.n_tokens), (False, True)):
        theirs = oracle.piece(number, special)
        if not theirs.startswith(b"[UNK_BYTE_"):  # it writes so what no byte stands for; ours is the text
            assert tokenizer.piece(number, special=special) == theirs, number


@pytest.mark.parametrize("vocabulary", VECTORS)
def test_vocabularies_name_what_the_documentation_says(vocabulary: str) -> None:
    with ggufscope.open(path_of(vocabulary)) as model:
        keys = ("tokenizer.ggml.model", "tokenizer.ggml.pre")
        assert tuple(model.metadata.get(key) for key in keys) == VECTORS[vocabulary][:2]


@pytest.mark.parametrize("without", WITHOUT_PRE_TOKENIZER)
def test_a_file_that_names_no_pre_tokenizer_has_a_note(without: str) -> None:
    (note,) = read(without).vocabulary.notes
    assert "tokenizer.ggml.pre" in note


def test_every_pre_tokenizer_that_llama_cpp_knows_is_listed() -> None:
    source = (VOCABULARIES / "llama-vocab.cpp").read_text(encoding="utf-8")
    assert set(PRE_TOKENIZERS) == set(re.findall(r'tokenizer_pre == "([^"]+)"', source))
