"""Small vocabularies of the rarer kinds of tokenizers, as metadata for the fixture `write_gguf`."""

from __future__ import annotations

import struct
from itertools import product
from typing import Any

from ggufscope.models.tokens import TokenType, byte_characters

G = "tokenizer.ggml."
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = (
    int(kind)
    for kind in (
        TokenType.NORMAL,
        TokenType.UNKNOWN,
        TokenType.CONTROL,
        TokenType.USER_DEFINED,
        TokenType.UNUSED,
        TokenType.BYTE,
    )
)

# Every pair of these bytes is a token: a cut anywhere between two of them shows.
PAIRED = "abAB'stSre190 \t\n\r.,!/$+~µéÀ中あ한カ٣½ǅʰ\u0301\u0940\u2028\u3000\u200b\x85\U0001f600"


def _metadata(model: str, tokens: list[str], types: list[int], **others: Any) -> dict[str, Any]:
    keys = {"model": model, "tokens": tokens, "token_type": types} | others
    return {f"{G}{key}": value for key, value in keys.items() if value is not None}


def pairs_of_bytes(pre: str, **changes: Any) -> dict[str, Any]:
    """A byte-level vocabulary that merges any two of the bytes of `PAIRED`, and two such pairs of letters."""
    characters = byte_characters()
    used = [characters[byte] for byte in sorted(set(PAIRED.encode()))]
    pairs = list(product(used, repeat=2))
    doubled = [
        (a + b, c + d) for (a, b), (c, d) in product(product("ab1 ", repeat=2), repeat=2) if " " not in a + b + c + d
    ]
    merges = [f"{left} {right}" for left, right in (*pairs, *doubled)]
    tokens = [*characters, *(left + right for left, right in (*pairs, *doubled)), "<s>", "<0x41>"]
    types = [NORMAL] * (len(tokens) - 2) + [CONTROL, BYTE]
    others = {"pre": pre, "merges": merges, "bos_token_id": len(tokens) - 2, "eos_token_id": len(tokens) - 2}
    return _metadata("gpt2", tokens, types, **(others | changes))


def pairs_of_characters(pre: str | None, model: str = "gpt2", **changes: Any) -> dict[str, Any]:
    """A vocabulary of characters, spaces as `▁`, with bytes for the others."""
    letters = [*"▁abcdehlort.,!?13\n", "é", "中", "あ"]
    merges = [("▁", "a"), ("▁", "▁"), ("h", "e"), ("l", "l"), ("▁", "he"), ("ll", "o"), ("▁he", "llo"), ("▁▁", "▁▁")]
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<turn|>"]
    tokens = [*special, *BYTES, *letters, *("".join(pair) for pair in merges), "\n\n", "\n\n\n", "<tool>"]
    types = [CONTROL, CONTROL, CONTROL, UNKNOWN, CONTROL] + [BYTE] * 256
    types += [NORMAL] * (len(tokens) - len(types) - 1) + [USER_DEFINED]
    others = {"pre": pre, "merges": [" ".join(pair) for pair in merges], "bos_token_id": 2, "eos_token_id": 1}
    return _metadata(model, tokens, types, **(others | changes))


def whitespace_words(**changes: Any) -> dict[str, Any]:
    return pairs_of_characters("whitespace", "whitespace", **changes)


def dna_words() -> dict[str, Any]:
    metadata = pairs_of_bytes("gpt-2")
    bases = [
        "".join(word) + "\ue000" for word in product("ACGT", repeat=6) if word[:4] in {tuple("ACGT"), tuple("TTAA")}
    ]
    added = ["<dna>", "</dna>", "<oov>", *bases]
    metadata[f"{G}model"] = "hybriddna"
    metadata[f"{G}tokens"] = [*metadata[f"{G}tokens"], *added]
    metadata[f"{G}token_type"] = [*metadata[f"{G}token_type"], *[NORMAL] * len(added)]
    return metadata


def word_pieces(**changes: Any) -> dict[str, Any]:
    """BERT's: beginnings of words with `▁`."""
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789'.,!?-é中あ")
    words = ["▁the", "▁un", "reach", "able", "▁hello", "▁naive", "ing", "▁hell", "ss", "▁a", "▁aa", "aaa"]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"▁{letter}" for letter in letters), *letters]
    tokens += [word for word in words if word not in tokens]
    types = [CONTROL, UNKNOWN, CONTROL, CONTROL, CONTROL] + [NORMAL] * (len(tokens) - 5)
    others = {"bos_token_id": 2, "seperator_token_id": 3, "unknown_token_id": 1, "padding_token_id": 0}
    return _metadata("bert", tokens, types, **(others | changes))


def character_map(rules: dict[bytes, bytes]) -> bytes:
    """A `precompiled_charsmap` with these rules, each key of one byte or two."""
    replacements = bytearray()
    nodes = [0] * 0x1000
    nodes[0] = 0x100 << 10  # base of the root
    bases = iter(range(0x200, 0x1000, 0x100))
    for first in sorted({key[0] for key in rules}):
        base = next(bases)
        at = 0x100 ^ first
        is_leaf = bytes([first]) in rules
        nodes[at] = ((base ^ at) << 10) | (is_leaf << 8) | first
        for key in (key for key in rules if key[0] == first):
            place = base
            if len(key) == 2:
                at = base ^ key[1]
                place = next(bases)
                nodes[at] = ((place ^ at) << 10) | (1 << 8) | key[1]
            nodes[place] = (1 << 31) | len(replacements)
            replacements += rules[key] + b"\0"
    array = struct.pack(f"<{len(nodes)}I", *nodes)
    return struct.pack("<I", len(array)) + array + bytes(replacements)


RULES = {b"A": b"a", "é".encode(): b"e", b"\t": b" ", b"\n": b" ", b"!": b"! !", b"~": b"", b"0": "½".encode()}


def unigram(**changes: Any) -> dict[str, Any]:
    """A unigram model with equal scores, unused and user-defined tokens, and a map of characters."""
    words = {
        "▁": -2.0,
        "▁the": -3.0,
        "the": -3.5,
        "th": -4.0,
        "he": -4.0,
        "▁a": -2.5,
        "a": -3.0,
        "aa": -6.0,
        "aaa": -8.5,
    }
    words |= {"b": -3.0, "ab": -5.0, "ba": -5.0, "中": -5.0, "é": -9.0, "e": -4.0, "t": -4.0, "h": -4.25, "!": -3.0}
    tokens = ["<pad>", "</s>", "<unk>", *words, "rare", "<extra_id_0>", "▁▁"]
    types = [CONTROL, CONTROL, UNKNOWN] + [NORMAL] * len(words) + [UNUSED, USER_DEFINED, NORMAL]
    scores = [0.0, 0.0, 0.0, *words.values(), -1.0, -99.0, -3.0]
    others = {"scores": scores, "precompiled_charsmap": None}
    return _metadata("t5", tokens, types, **(others | changes))


def rwkv() -> dict[str, Any]:
    r"""Escaped tokens, among them halves of a character and `\x00`."""
    single = [f"\\x{byte:02x}" for byte in range(256)]
    words = ["hello", " he", "the", "aaaa", "aa", r"\n\n", r"\t\t", r"\xe4\xb8", "中", "é", r"\\x", r"\'s", "<tool>"]
    tokens = ["<s>", *single, *words]
    types = [CONTROL] + [NORMAL] * 256 + [NORMAL] * (len(words) - 1) + [USER_DEFINED]
    return _metadata("rwkv", tokens, types)


def plamo() -> dict[str, Any]:
    """Scores that are equal, higher than 0 and too low to count."""
    words = {
        "a": -3.0,
        "aa": -6.0,
        "aaa": -8.0,
        "b": -2.00004,
        "ab": -5.0,
        "ba": -5.00006,
        "the": -1.0,
        " ": -1.0,
        " the": -2.0,
    }
    words |= {"中": -5.0, "中あ": 1.0, "low": -3000.0, "lo": -1999.9, "\n": -2.0, "he": -float("inf"), "e": -4.0}
    tokens = ["<|plamo:unk|>", "<|plamo:bos|>", "<|plamo:eos|>", "<|plamo:pad|>", *BYTES, *words, "</s>"]
    types = [UNKNOWN, CONTROL, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * (len(words) + 1)
    scores = [0.0] * 260 + [*words.values(), -7.0]
    return _metadata("plamo2", tokens, types, scores=scores)
