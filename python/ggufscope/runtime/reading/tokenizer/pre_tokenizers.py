"""Pre-tokenizers by the names of `tokenizer.ggml.pre`: how a text is cut into words before bytes are merged.

Another one is a row here (llama.cpp, src/llama-vocab.cpp, `llm_tokenizer_bpe` and `load`).
"""

from __future__ import annotations

from dataclasses import dataclass

_CONTRACTIONS = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
_WORDS = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

_LLAMA_3 = rf"{_WORDS}|\p{{N}}{{1,3}}|{_REST}"
_QWEN_2 = rf"{_WORDS}|\p{{N}}|{_REST}"
_GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


@dataclass(frozen=True)
class PreTokenizer:
    """One way to cut a text into words.

    Attributes:
        expression: finds the words, in the syntax of the `tokenizers` library.
        whole_words: whether a word that is a token stays whole.
        adds_bos: whether a text begins with `bos` where the file does not say.
    """

    expression: str
    whole_words: bool = False
    adds_bos: bool = False


PRE_TOKENIZERS = {
    "gpt-2": PreTokenizer(_GPT_2),
    "llama-bpe": PreTokenizer(_LLAMA_3, whole_words=True, adds_bos=True),
    "llama3": PreTokenizer(_LLAMA_3, whole_words=True, adds_bos=True),
    "llama-v3": PreTokenizer(_LLAMA_3, whole_words=True, adds_bos=True),
    "qwen2": PreTokenizer(_QWEN_2),
}
