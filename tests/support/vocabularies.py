"""Small vocabularies for tests, as metadata for the fixture `write_gguf`, and texts to try them on."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from ggufscope.models.tokens import TokenType
from ggufscope.runtime.reading.tokenizer.pre_tokenizers import PRE_TOKENIZERS

CONTROL = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]
ADDED = ["<tool>", "<tool>_call"]  # user-defined, one the beginning of the other
WHOLE_WORDS = ["Ġunreachable", "xyzzyplugh"]  # tokens that no merges make

# Odd on purpose: scripts, emoji with joiners and skin tones, combining marks, controls, white space of all kinds.
ODD_TEXTS = [
    "",
    " ",
    "  ",
    "a",
    " a",
    "a ",
    "   a   b    ",
    "\n",
    "\n\n \n\t\n",
    "a\r\nb\rc\n\nd  \n  e",
    "\t\ttabs\tand\vothers\f",
    "Hello, world! How are you?",
    "I'm sure you've seen it's they'll we'd DON'T I'M WE'LL 'tis 'S 'x",
    "unreachable xyzzyplugh unreachablexyzzyplugh",
    "don\u2019t \u201cquote\u201d \u2014 dash\u2026 \u2039x\u203a",
    "0 1 12 123 1234 12345 1234567890 3.14159 1,000,000 ½ ² \u2167 \u0663\u0664\u0665 \u0967\u0968",
    "x=1;y=2;if(x<y){return x+y;}//done",
    "CamelCase snake_case kebab-case a.b.c@d.e http://x.y/z?q=1&r=2#s",
    "naïve café Ångström façade Zürich \ufb01 \ufb00 '\u017f \u212aelvin",
    "e\u0301 a\u0308\u0323 \u0301alone n\u0303\u0303\u0303",
    "你好，世界！今天天气很好。東京は日本の首都です。한국어 문장입니다.",  # noqa: RUF001
    "مرحبا بالعالم، كيف حالك؟ שלום עולם",
    "Привет, мир! Γειά σου Κόσμε नमस्ते दुनिया สวัสดีชาวโลก",  # noqa: RUF001
    "😀 👍🏽 👨\u200d👩\u200d👧 🇩🇪🇫🇷 ❤\ufe0f 🏳\ufe0f\u200d🌈 𝕳𝖊𝖑𝖑𝖔 𓀀",  # noqa: RUF001
    "\x00\x01\x02\x1b[31mred\x1b[0m\x7f\x80\x85\x9f",
    "\u200b\u200c\u200d\u2060\ufeff\u202e\u2066x\u2069",
    "\u00a0\u1680\u2000\u2003\u2009\u2028\u2029\u202f\u205f\u3000 spaces",
    " " * 50 + "x" + " " * 51,
    "a" * 100,
    "=" * 80 + "\n" + "-" * 33,
    "!?!?!?...,,,;;; ((()))[[[]]]{{{}}}",
    "<|user|> \n a</s>  b<|endoftext|>  c<s> d<unk> e",
    "<s> </s> <unk> <0x41> <0x0A> ▁ ▁▁x",
    "<|begin_of_text|>hi<|eot_id|> \n <|eot_id|><|end_of_text|>  x",
    "<tool>x</tool> <tool>_call<tool>",
    "<|eot_id<|eot_id|>|>",
    "<|start|>a<|message|> b <|end|> c<|return|>d<|call|> [PAD] <fim-prefix>x<SUF>",
    " a \n <mask> \t b  [MASK]  c <mask><mask> ",
    "\ufffd\ufffe\uffff\U0010ffff\ue000",
    "The quick brown fox jumps over the lazy dog. " * 5,
]


@cache
def byte_pairs(pre: str = "llama-bpe") -> dict[str, Any]:
    """A byte-level vocabulary that the library trained, with control and user-defined tokens at its end."""
    tokenizer = Tokenizer(models.BPE())
    cut = pre_tokenizers.Split(Regex(PRE_TOKENIZERS["llama-bpe"].expressions[0]), "isolated")
    to_characters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([cut, to_characters])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet, show_progress=False)
    readme = Path(__file__).parents[2] / "README.md"
    plain = [text for text in ODD_TEXTS if "<|" not in text]
    tokenizer.train_from_iterator([readme.read_text(encoding="utf-8"), *plain], trainer)
    state = json.loads(tokenizer.to_str())["model"]
    tokens = [*sorted(state["vocab"], key=state["vocab"].__getitem__), *WHOLE_WORDS]
    types = [TokenType.NORMAL] * len(tokens)
    types += [TokenType.CONTROL] * len(CONTROL) + [TokenType.USER_DEFINED] * len(ADDED)
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": [*tokens, *CONTROL, *ADDED],
        "tokenizer.ggml.token_type": [int(kind) for kind in types],
        "tokenizer.ggml.merges": [" ".join(pair) for pair in state["merges"]],
        "tokenizer.ggml.bos_token_id": len(tokens),
        "tokenizer.ggml.eos_token_id": len(tokens) + 1,
    }


def with_tokens(
    metadata: dict[str, Any], *texts: str, kind: TokenType = TokenType.NORMAL, **changes: Any
) -> dict[str, Any]:
    """A vocabulary with further tokens, in the file of no special type, or of `kind`."""
    tokens, types = (metadata[f"tokenizer.ggml.{key}"] for key in ("tokens", "token_type"))
    more = {"tokens": [*tokens, *texts], "token_type": [*types, *[int(kind)] * len(texts)]}
    return metadata | {f"tokenizer.ggml.{key}": value for key, value in more.items()} | changes


def sentence_pieces(**changes: Any) -> dict[str, Any]:
    """A vocabulary with scores, many of them equal: there the place in the text decides what is merged first."""
    words = [
        "▁the",
        "▁an",
        "the",
        "and",
        "he",
        "th",
        "an",
        "nd",
        "in",
        "er",
        "▁a",
        "▁t",
        "aa",
        "aaa",
        "aaaa",
        "ab",
        "ba",
    ]
    letters = ["▁", "▁▁", *"abcdefghijklmnopqrstuvwxyz.,!?", "é", "中", "😀"]
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    special = ["<unk>", "<s>", "</s>", "<|user|>", "<|endoftext|>"]
    scores = [0.0] * (len(special) + len(bytes_)) + [float(-(place // 6)) for place in range(len(words))]
    types = [TokenType.UNKNOWN] + [TokenType.CONTROL] * 4 + [TokenType.BYTE] * len(bytes_)
    normal = [TokenType.NORMAL] * (len(words) + len(letters)) + [TokenType.USER_DEFINED]
    metadata = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [*special, *bytes_, *words, *letters, "<tool>"],
        "tokenizer.ggml.token_type": [int(kind) for kind in [*types, *normal]],
        "tokenizer.ggml.scores": [*scores, *[-100.0] * (len(letters) + 1)],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }
    return metadata | changes
