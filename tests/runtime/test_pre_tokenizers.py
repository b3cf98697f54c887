"""Every pre-tokenizer cuts as llama.cpp does, shown by a vocabulary that joins any two bytes that are not cut apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ggufscope
from ggufscope.runtime.reading.tokenizer import Tokenizer, read_tokenizer
from ggufscope.runtime.reading.tokenizer.pre_tokenizers import PRE_TOKENIZERS
from support.needs import llama_cpp_needed
from support.vocabularies import ODD_TEXTS
from support.vocabulary_kinds import PAIRED, pairs_of_bytes, pairs_of_characters, whitespace_words

TEXTS = [
    *ODD_TEXTS,
    PAIRED,
    PAIRED[::-1],
    "".join(f"{first}{first} {first}1" for first in PAIRED),
    "IMGIMGABCZ <sentinel:12> IMGIMGAZ",
    "1234567 12 123 1234 ٣٣٣٣ ½1234 a1b22c333d4444 1½٣4",
    " \u3000 a \u2028\n \u3000",
    *(" " * count + "a" for count in (3, 7, 130, 519)),
    "aB Ab AB's aB'LL ǅa ʰA 中A中a",
    "(a)b,c.d!e?f…g。h",
    "ꁀA 한A ㄱA 豈A",
]


@pytest.fixture(params=PRE_TOKENIZERS)
def file(request: pytest.FixtureRequest, write_gguf: Any) -> Path:
    path: Path = write_gguf(metadata=_metadata(request.param))
    return path


def _metadata(pre: str) -> dict[str, Any]:
    if pre == "whitespace":  # llama.cpp aborts on spaces side by side with a model of another name
        return whitespace_words()
    return pairs_of_bytes(pre) if PRE_TOKENIZERS[pre].byte_level else pairs_of_characters(pre)


@pytest.fixture
def tokenizer(file: Path) -> Tokenizer:
    with ggufscope.open(file) as model:
        return read_tokenizer(model)


@pytest.fixture
def oracle(file: Path) -> Iterator[Any]:
    from support.llama_cpp_vocabulary import opened  # noqa: PLC0415

    with opened(file) as vocabulary:
        yield vocabulary


@llama_cpp_needed
def test_odd_texts_have_the_numbers_of_llama_cpp(tokenizer: Tokenizer, oracle: Any) -> None:
    for text in TEXTS:
        assert tokenizer.encode(text) == oracle.encode(text), text


@llama_cpp_needed
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.one_of(st.sampled_from(PAIRED), st.characters(exclude_categories=["C"])), max_size=40))
def test_random_texts_have_the_numbers_of_llama_cpp(tokenizer: Tokenizer, oracle: Any, text: str) -> None:
    assert tokenizer.encode(text) == oracle.encode(text)


def test_the_vocabulary_shows_a_cut_between_any_two_bytes(write_gguf: Any) -> None:
    """The default cuts digits in threes, qwen2 each of them, bloom none."""
    counts = {}
    for pre in ("bloom", "default", "qwen2"):
        with ggufscope.open(write_gguf(metadata=pairs_of_bytes(pre), name=f"{pre}.gguf")) as model:
            counts[pre] = len(read_tokenizer(model).encode("111111", add_special=False))
    assert counts == {"bloom": 2, "default": 4, "qwen2": 6}
