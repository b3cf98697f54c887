"""Token numbers and pieces against llama.cpp, on odd and on random texts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ggufscope
from ggufscope.models.tokens import TokenType
from ggufscope.runtime.reading.tokenizer import Tokenizer, read_tokenizer
from ggufscope.runtime.reading.tokenizer.pre_tokenizers import PRE_TOKENIZERS
from support.needs import llama_cpp_needed
from support.vocabularies import ODD_TEXTS, WHOLE_WORDS, byte_pairs, sentence_pieces, with_tokens
from support.vocabulary_kinds import (
    RULES,
    character_map,
    dna_words,
    pairs_of_characters,
    plamo,
    rwkv,
    unigram,
    whitespace_words,
    word_pieces,
)

NO_SPACE = {"tokenizer.ggml.add_space_prefix": False}
MODERN_BERT = {"general.name": "Modern-BERT base"}
ROLES = {"tokenizer.ggml.fim_pad_token_id": 70, "tokenizer.ggml.eot_token_id": 71}
MASKS = ["<mask>", "[MASK]"]
GPT_OSS = ["<|start|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>"]
ADD_EOS = {"tokenizer.ggml.add_bos_token": False, "tokenizer.ggml.add_eos_token": True}
VOCABULARIES = {
    **{pre: lambda pre=pre: byte_pairs(pre) for pre in ("gpt-2", "llama-bpe", "qwen2")},
    "no pre-tokenizer": lambda: {k: v for k, v in byte_pairs().items() if k != "tokenizer.ggml.pre"},
    "an empty pre-tokenizer": lambda: byte_pairs(""),
    "gpt-2 with eos": lambda: byte_pairs("gpt-2") | ADD_EOS,
    "gpt-oss": lambda: with_tokens(byte_pairs("qwen2"), *GPT_OSS, "[PAD]", "<fim-prefix>", "<SUF>"),
    "gpt-oss without calls": lambda: with_tokens(byte_pairs("qwen2"), *GPT_OSS[:4]),
    "gemma 4's end": lambda: with_tokens(byte_pairs("gpt-2"), "<|tool_response>", "</s>"),
    "a named role": lambda: with_tokens(byte_pairs("gpt-2"), "[PAD]", "<PAD>", **ROLES),
    "jina's mask": lambda: with_tokens(byte_pairs("jina-v2-de") | ADD_EOS, *MASKS, kind=TokenType.CONTROL),
    "modern-bert's mask": lambda: with_tokens(byte_pairs("gpt-2") | MODERN_BERT, *MASKS, kind=TokenType.CONTROL),
    "sentence pieces": sentence_pieces,
    "no space in front": lambda: sentence_pieces(**NO_SPACE, **ADD_EOS),
    "phi-3": lambda: sentence_pieces(**{"general.name": "Phi-3 small"}),
    "gemma4": lambda: pairs_of_characters(None, "gemma4"),
    "sarvam": lambda: pairs_of_characters("sarvam-moe"),
    "white space": whitespace_words,
    "white space, lower case": lambda: whitespace_words(**{"normalizer.lowercase": True}),
    "dna": dna_words,
    "word pieces": word_pieces,
    "word pieces with case": lambda: word_pieces(**{"normalizer.lowercase": False}),
    "word pieces with accents": lambda: word_pieces(**{"normalizer.strip_accents": False}),
    "unigram": unigram,
    "unigram, mapped": lambda: unigram(precompiled_charsmap=character_map(RULES), add_space_prefix=True),
    "unigram, spaces merged": lambda: unigram(remove_extra_whitespaces=True, add_eos_token=False),
    "rwkv": rwkv,
    "plamo2": plamo,
}
KEEP_TEXT = {"BPE", "SPM", "PLaMo2"}


def read(path: Path) -> Tokenizer:
    with ggufscope.open(path) as model:
        return read_tokenizer(model)


@pytest.fixture(params=[*VOCABULARIES, "stories260K"])
def file(request: pytest.FixtureRequest, write_gguf: Any) -> Path:
    if request.param == "stories260K":
        path: Path = request.getfixturevalue("stories260k")
        return path
    return write_gguf(metadata=VOCABULARIES[request.param]())


@pytest.fixture
def oracle(file: Path) -> Iterator[Any]:
    from support.llama_cpp_vocabulary import opened  # noqa: PLC0415

    with opened(file) as vocabulary:
        yield vocabulary


@llama_cpp_needed
def test_odd_texts_have_the_numbers_of_llama_cpp(file: Path, oracle: Any) -> None:
    tokenizer = read(file)
    for text, add, parse in itertools.product(ODD_TEXTS, (False, True), (False, True)):
        ours = tokenizer.encode(text, add_special=add, parse_special=parse)
        assert ours == oracle.encode(text, add, parse), (text, add, parse)


@llama_cpp_needed
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.one_of(st.sampled_from(" \n\t'sStTrRlL09.<|>_aeth中"), st.characters(exclude_categories=["C"]))))
def test_random_texts_have_the_numbers_of_llama_cpp(file: Path, oracle: Any, text: str) -> None:
    tokenizer = _kept(file)
    assert tokenizer.encode(text) == oracle.encode(text)
    assert tokenizer.encode(text, parse_special=True) == oracle.encode(text, True, True)


_tokenizers: dict[Path, Tokenizer] = {}


def _kept(file: Path) -> Tokenizer:
    if file not in _tokenizers:
        _tokenizers[file] = read(file)
    return _tokenizers[file]


@llama_cpp_needed
def test_pieces_and_ends_are_those_of_llama_cpp(file: Path, oracle: Any) -> None:
    tokenizer = read(file)
    if tokenizer.vocabulary.pre is PRE_TOKENIZERS["whitespace"]:
        pytest.skip("llama.cpp writes [UNK_BYTE_0x…] for the characters of these tokens")
    for number, special in itertools.product(range(tokenizer.n_tokens), (False, True)):
        assert tokenizer.piece(number, special=special) == oracle.piece(number, special), number
    assert tokenizer.ends == oracle.ends()


def test_texts_come_back(file: Path) -> None:
    tokenizer = read(file)
    if tokenizer.vocabulary.kind not in KEEP_TEXT or tokenizer.vocabulary.pre is PRE_TOKENIZERS["whitespace"]:
        pytest.skip("this kind normalizes a text")
    marks_spaces = tokenizer.vocabulary.kind == "SPM" or tokenizer.vocabulary.pre.marks_spaces
    for text in ODD_TEXTS:
        back = tokenizer.decode(tokenizer.encode(text))
        added = " " if tokenizer.vocabulary.add_space and text else ""
        if marks_spaces:
            text = text.replace("▁", " ")  # the mark of a space, which it is read as  # noqa: PLW2901
        assert back.removeprefix(added if not text.startswith("<tool>") else "") == text or "<tool>" in text


def test_half_a_character_at_the_end_is_replaced(write_gguf: Any) -> None:
    tokenizer = read(write_gguf(metadata=sentence_pieces()))
    numbers = tokenizer.encode("x€", add_special=False)
    assert tokenizer.decode(numbers) == " x€"
    assert tokenizer.decode(numbers[:-1]) == " x\ufffd"


def test_names_of_control_tokens_are_text_unless_asked(write_gguf: Any) -> None:
    tokenizer = read(write_gguf(metadata=byte_pairs()))
    end = tokenizer.number("<|eot_id|>")
    assert end not in tokenizer.encode("a<|eot_id|>")
    assert tokenizer.encode("a<|eot_id|>", parse_special=True)[-1] == end
    assert tokenizer.decode([end]) == ""
    assert tokenizer.decode([end], special=True) == "<|eot_id|>"
    assert end in tokenizer.ends


def test_a_whole_word_stays_a_token_for_llama_only(write_gguf: Any) -> None:
    for pre, expected in (("llama-bpe", True), ("qwen2", False), ("gpt-2", False)):
        tokenizer = read(write_gguf(metadata=byte_pairs(pre), name=f"{pre}.gguf"))
        numbers = tokenizer.encode(WHOLE_WORDS[1], add_special=False)
        assert (numbers == [tokenizer.number(WHOLE_WORDS[1])]) is expected


def test_half_a_surrogate_pair_is_refused(write_gguf: Any) -> None:
    tokenizer = read(write_gguf(metadata=sentence_pieces()))
    with pytest.raises(ValueError, match="character 1 of the text is half of a surrogate pair"):
        tokenizer.encode("a\ud800")


def test_a_vocabulary_without_bytes_says_what_it_lacks(write_gguf: Any) -> None:
    metadata = byte_pairs("gpt-2")
    lost = "Ģ"  # stands for byte 0x80
    changed = {
        "tokenizer.ggml.tokens": [text if text != lost else "zzz" for text in metadata["tokenizer.ggml.tokens"]],
        "tokenizer.ggml.merges": [m for m in metadata["tokenizer.ggml.merges"] if lost not in m],
    }
    tokenizer = read(write_gguf(metadata=metadata | changed))
    assert tokenizer.decode(tokenizer.encode("plain")) == "plain"
    with pytest.raises(ggufscope.GGUFError, match=r"tokenizer\.ggml\.tokens: no token for byte 0x80"):
        tokenizer.encode("\u2000")
    pieces = sentence_pieces()
    pieces["tokenizer.ggml.tokens"] = [t.replace("<0xE2>", "odd") for t in pieces["tokenizer.ggml.tokens"]]
    pieces["tokenizer.ggml.token_type"] = [1 if t == 6 else t for t in pieces["tokenizer.ggml.token_type"]]
    with pytest.raises(ggufscope.GGUFError, match=r"no token for byte 0xE2"):
        read(write_gguf(metadata=pieces)).encode("€")
