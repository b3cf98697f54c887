"""Vocabularies of the rarer kinds that cannot be used, and texts that would keep a careless tokenizer busy."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

import ggufscope
from ggufscope.runtime.reading.tokenizer import Tokenizer, read_tokenizer
from support.vocabulary_kinds import (
    BYTES,
    RULES,
    character_map,
    dna_words,
    pairs_of_bytes,
    pairs_of_characters,
    plamo,
    rwkv,
    unigram,
    whitespace_words,
    word_pieces,
)

G = "tokenizer.ggml."


def changed(metadata: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Metadata with other values, without those that are None."""
    together = metadata | {f"{G}{key}": value for key, value in changes.items()}
    return {key: value for key, value in together.items() if value is not None}


def renamed(metadata: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return changed(metadata, tokens=[new if text == old else text for text in metadata[f"{G}tokens"]])


def mapped(data: bytes) -> dict[str, Any]:
    return unigram(precompiled_charsmap=data)


def nodes(*values: int, replacements: bytes = b"x\0") -> bytes:
    return struct.pack(f"<{len(values) + 1}I", 4 * len(values), *values) + replacements


N_UNIGRAM = len(unigram()[f"{G}tokens"])
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "gemma4 without merges": (pairs_of_characters(None, "gemma4", merges=None), "merges: the key is missing"),
    "unigram without scores": (unigram(scores=None), "scores: the key is missing"),
    "unigram with a score of NaN": (
        unigram(scores=[float("nan")] * N_UNIGRAM),
        "scores: the score of token 0 is NaN",
    ),
    "unigram without unknown": (
        unigram(unknown_token_id=0xFFFFFFFF),
        "unknown_token_id: a unigram model needs an unknown token, and the file has none",
    ),
    "unknown beyond": (unigram(unknown_token_id=999), f"unknown_token_id: token 999 of a vocabulary of {N_UNIGRAM}"),
    "gap beyond": (unigram(fim_pad_token_id=999), f"fim_pad_token_id: token 999 of a vocabulary of {N_UNIGRAM}"),
    "map of text": (unigram(precompiled_charsmap="x"), "precompiled_charsmap: an array of numbers, not string"),
    "map of wide numbers": (unigram(precompiled_charsmap=[1]), "precompiled_charsmap: an array of bytes, not of int32"),
    "map of three bytes": (mapped(b"abc"), "precompiled_charsmap: an array of "),
    "map shorter than it says": (
        mapped(struct.pack("<I", 1 << 31) + b"abcd"),
        "precompiled_charsmap: an array of 2147483648 bytes and replacements do not fit into 8",
    ),
    "word pieces without unknown": (
        word_pieces(unknown_token_id=0xFFFFFFFF),
        "unknown_token_id: word pieces need a token for unknown words, and the file has none",
    ),
    "word pieces without separator": (
        word_pieces(seperator_token_id=0xFFFFFFFF),
        "seperator_token_id: a text needs a seperator token, and the file has none",
    ),
    "lowercase is a number": (word_pieces(**{"normalizer.lowercase": 1}), "normalizer.lowercase: must be bool"),
    "half an escape": (renamed(rwkv(), "hello", "hello\\"), "tokens: token 257, 'hello\\\\', is not escaped as RWKV"),
    "odd escape": (renamed(rwkv(), "hello", "\\x4G"), "tokens: token 257, '\\\\x4G', is not escaped as RWKV does"),
    "plamo without a byte": (renamed(plamo(), "<0xC3>", "<0xc>"), "tokens: no byte token for 0xC3"),
    "plamo without scores": (changed(plamo(), scores=None), "scores: the key is missing"),
    "pre-tokenizer is a number": (changed(whitespace_words(), pre=3), "pre: must be string"),
    "types are a table": (word_pieces(token_type=[[1, 2], [3]]), "token_type: an array of numbers, not array"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_metadata_name_file_and_key(case: str, write_gguf: Any) -> None:
    metadata, reason = BAD[case]
    path = write_gguf(metadata=metadata)
    with ggufscope.open(path) as model, pytest.raises(ggufscope.GGUFError) as caught:
        read_tokenizer(model)
    assert str(caught.value).startswith(f"{path}: {G}{reason}")
    assert "\n" not in str(caught.value)


A = ord("a")
LEADS_OUT = nodes(0x3FF << 10)
BAD_MAPS = {
    "leads out of itself": (LEADS_OUT, r"precompiled_charsmap: leads to node \d+ of 1$"),
    "a rule that goes round": (
        struct.pack("<I", 4 * 512) + struct.pack("<512I", *[A] * 512) + b"\0",
        r"precompiled_charsmap: a rule of more than 256 bytes$",
    ),
    "an endless replacement": (
        character_map({b"a": b"y" * 300}),
        r"precompiled_charsmap: no replacement of up to 256 bytes ends behind byte 0$",
    ),
}


@pytest.mark.parametrize("case", BAD_MAPS)
def test_maps_that_lead_nowhere_are_refused_when_a_text_needs_them(case: str, write_gguf: Any) -> None:
    data, reason = BAD_MAPS[case]
    with ggufscope.open(write_gguf(metadata=mapped(data))) as model:
        tokenizer = read_tokenizer(model)
    with pytest.raises(ggufscope.GGUFError, match=reason):
        tokenizer.encode("a" * 1000)


def test_what_no_token_says_is_refused(write_gguf: Any) -> None:
    metadata = renamed(rwkv(), "\\xf0", "\\xf0\\x9f\\x98")
    with ggufscope.open(write_gguf(metadata=metadata)) as model:
        tokenizer = read_tokenizer(model)
    with pytest.raises(ggufscope.GGUFError, match=r"tokens: no token for byte 0xF0$"):
        tokenizer.encode("\U00010000")
    metadata = renamed(pairs_of_characters("sarvam-moe"), BYTES[0xD0], "odd")
    with ggufscope.open(write_gguf(metadata=metadata, name="b.gguf")) as model:
        tokenizer = read_tokenizer(model)
    assert tokenizer.encode("hello")
    with pytest.raises(ggufscope.GGUFError, match=r"tokens: no token for byte 0xD0$"):
        tokenizer.encode("Ж")


NESTED = ["a" * length for length in range(1, 65)]


def nested(metadata: dict[str, Any], score: bool = False) -> dict[str, Any]:
    """With tokens that each begin with all others."""
    tokens = [*metadata[f"{G}tokens"], *(text for text in NESTED if text not in metadata[f"{G}tokens"])]
    n_new = len(tokens) - len(metadata[f"{G}tokens"])
    more = {"tokens": tokens, "token_type": [*metadata[f"{G}token_type"], *[1] * n_new]}
    if score:
        more["scores"] = [*metadata[f"{G}scores"], *(-float(place) for place in range(n_new))]
    return changed(metadata, **more)


MANY = 20_000
TEXTS = {
    "letters": "a" * MANY,
    "letters and an end": "a" * MANY + "\U0001f600",
    "spaces": " " * MANY + "1",
    "lines": "\n" * MANY + "x",
    "digits": "1" * MANY,
    "signs": "<" * MANY,
    "tags": "<dna>" * (MANY // 5),
    "marks": "a" + "\u0301" * MANY,
}
KINDS: dict[str, Callable[[], dict[str, Any]]] = {
    **{pre: lambda pre=pre: pairs_of_bytes(pre) for pre in ("deepseek-llm", "superbpe", "afmoe", "gpt-4o", "kimi-k2")},
    "gemma4": lambda: pairs_of_characters(None, "gemma4"),
    "dna": dna_words,
    "word pieces": lambda: nested(word_pieces()),
    "unigram": lambda: nested(unigram(precompiled_charsmap=character_map(RULES)), score=True),
    "rwkv": lambda: nested(rwkv()),
    "plamo2": lambda: nested(plamo(), score=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_long_texts_take_time_in_proportion(kind: str, write_gguf: Any) -> None:
    """Where every place looked at all the rest of a text, these would take minutes."""
    with ggufscope.open(write_gguf(metadata=KINDS[kind]())) as model:
        tokenizer = read_tokenizer(model)
    for text in TEXTS.values():
        seconds(tokenizer, text[: len(text) // 8])  # the first call compiles expressions
        few, many = (min(seconds(tokenizer, part) for _ in range(2)) for part in (text[: len(text) // 4], text))
        assert many < 10 * few + 1


def seconds(tokenizer: Tokenizer, text: str) -> float:
    begun = time.process_time()
    assert tokenizer.encode(text)
    return time.process_time() - begun
