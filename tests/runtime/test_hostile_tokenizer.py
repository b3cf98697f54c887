"""Tokenizer metadata that cannot be used: one line each, naming file and key."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope
from ggufscope.extras import install_hint
from ggufscope.runtime.reading.tokenizer import read_tokenizer
from support.vocabularies import byte_pairs, sentence_pieces

G = "tokenizer.ggml."
N = len(sentence_pieces()[f"{G}tokens"])


def bpe(**changes: Any) -> dict[str, Any]:
    return byte_pairs() | {f"{G}{key}": value for key, value in changes.items()}


def spm(**changes: Any) -> dict[str, Any]:
    return sentence_pieces(**{f"{G}{key}": value for key, value in changes.items()})


def without(metadata: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != f"{G}{key}"}


BAD = {
    "no tokenizer": ({}, "model: the file has no tokenizer"),
    "unknown model": (spm(model="t6"), "model: tokenizer 't6' is not supported; there are gpt2, gemma4, whitespace"),
    "model is a number": (spm(model=7), "model: must be string, not uint32"),
    "no tokens": (without(spm(), "tokens"), "tokens: the key is missing"),
    "tokens are numbers": (spm(tokens=[1, 2, 3]), "tokens: must be array[string], not array[int32]"),
    "duplicate tokens": (spm(tokens=["a"] + ["b"] * (N - 1)), "tokens: tokens 1 and 2 are the same"),
    "huge token": (spm(tokens=["x" * 5000, "y"]), "tokens: token 0 has 5000 characters, the limit is 4096"),
    "types too few": (spm(token_type=[1, 1]), f"token_type: 2 entries for {N} tokens"),
    "types are text": (spm(token_type=["a"] * N), "token_type: an array of numbers, not array[string]"),
    "no scores": (without(spm(), "scores"), "scores: the key is missing"),
    "scores too few": (spm(scores=[0.0]), f"scores: 1 entries for {N} tokens"),
    "scores of NaN": (spm(scores=[0.0, float("nan")] + [0.0] * (N - 2)), "scores: the score of token 1 is NaN"),
    "bos out of range": (spm(bos_token_id=N), f"bos_token_id: token {N} of a vocabulary of {N}"),
    "bos is a list": (spm(bos_token_id=[1]), "bos_token_id: a token number, not array[int32]"),
    "bos wanted": (
        without(bpe(add_bos_token=True), "bos_token_id"),
        "bos_token_id: a text needs a bos token, and the file has none",
    ),
    "flag is a number": (spm(add_space_prefix=1), "add_space_prefix: must be bool, not uint32"),
    "byte token without a byte": (spm(token_type=[6] * N), "tokens: byte token 0 is '<unk>', not <0x00> to <0xFF>"),
    "unknown pre-tokenizer": (
        bpe(pre="tekken9"),
        "pre: pre-tokenizer 'tekken9' is not one of the 91 that llama.cpp knows",
    ),
    "no merges": (without(bpe(), "merges"), "merges: the key is missing"),
    "merges are numbers": (bpe(merges=[1]), "merges: must be array[string], not array[int32]"),
    "merge of one": (bpe(merges=["ab"]), "merges: merge 0, 'ab', is not two tokens"),
    "merge of unknown": (bpe(merges=["a zzzzz"]), "merges: merge 0 needs 'zzzzz', which is no token"),
    "merge to unknown": (bpe(merges=["q ~"]), "merges: merge 0 needs 'q~', which is no token"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_metadata_name_file_and_key(case: str, write_gguf: Any) -> None:
    metadata, reason = BAD[case]
    path = write_gguf(metadata=metadata)
    with ggufscope.open(path) as model, pytest.raises(ggufscope.GGUFError) as caught:
        read_tokenizer(model)
    assert str(caught.value).startswith(f"{path}: {G}{reason}")
    assert "\n" not in str(caught.value)


def test_an_empty_vocabulary(tmp_path: Path) -> None:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    string, array = 8, 9
    model = text(f"{G}model") + struct.pack("<I", string) + text("llama")
    tokens = text(f"{G}tokens") + struct.pack("<IIQ", array, string, 0)
    path = tmp_path / "empty.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + model + tokens)
    with ggufscope.open(path) as opened, pytest.raises(ggufscope.GGUFError, match="the vocabulary is empty"):
        read_tokenizer(opened)


def test_more_tokens_than_embeddings(write_gguf: Any) -> None:
    path = write_gguf({"token_embd.weight": np.zeros((4, 8), np.float32)}, sentence_pieces())
    with (
        ggufscope.open(path) as model,
        pytest.raises(ggufscope.GGUFError, match=rf"{N} tokens for 4 rows of token_embd\.weight"),
    ):
        read_tokenizer(model)


def test_a_repeated_merge_counts_where_it_first_stands(write_gguf: Any) -> None:
    plain = byte_pairs()
    merges = plain[f"{G}merges"]
    numbers = []
    for name, found in (("once.gguf", merges), ("twice.gguf", [*merges, *merges[:50]])):
        with ggufscope.open(write_gguf(metadata=bpe(merges=found), name=name)) as model:
            numbers.append(read_tokenizer(model).encode("The statistics of every parameter, at memory speed"))
    assert numbers[0] == numbers[1]


def test_the_library_is_named_where_it_is_missing(write_gguf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ggufscope.extras.find_spec", lambda _: None)
    with ggufscope.open(write_gguf(metadata=byte_pairs())) as model, pytest.raises(ImportError) as caught:
        read_tokenizer(model)
    assert str(caught.value) == f"this needs the package tokenizers: {install_hint('trace')}"
    with ggufscope.open(write_gguf(metadata=sentence_pieces())) as model:
        assert read_tokenizer(model).n_tokens == N  # needs no library
