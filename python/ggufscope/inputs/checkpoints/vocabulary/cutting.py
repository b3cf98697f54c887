r"""How a tokenizer of byte pairs cuts text into words, and llama.cpp's name for that, `tokenizer.ggml.pre`.

The converter encodes a long text and looks the numbers up among those of a hundred known tokenizers. Here the
expressions of `tokenizer.json` are compared instead, which also tells a vocabulary that nobody has seen. Several names
may mean one way to cut; architectures have theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .tokenizer_files import as_list, as_object

if TYPE_CHECKING:
    from .tokenizer_files import TokenizerFiles

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_CONTRACTIONS_SPELT = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
_WORDS = r"|[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA_3 = rf"{_WORDS}|\p{{N}}{{1,3}}{_REST}"
_QWEN_2 = rf"{_WORDS}|\p{{N}}{_REST}"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_FRONT, _PATHS = r"[^\r\n\p{L}\p{N}]?", r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_TEKKEN = rf"{_FRONT}{_UPPER}*{_LOWER}+|{_FRONT}{_UPPER}+{_LOWER}*|\p{{N}}{_PATHS}"
_ENDING = rf"{_CONTRACTIONS}?"
_GPT_4O = rf"{_FRONT}{_UPPER}*{_LOWER}+{_ENDING}|{_FRONT}{_UPPER}+{_LOWER}*{_ENDING}|\p{{N}}{{1,3}}{_PATHS}"

_GPT_2_WORDS = "ByteLevel"  # cuts by GPT-2's expression
_BYTES = "bytes"  # only writes bytes as characters
_DIGITS = "Digits"  # each by itself

# What is done, in order → the usual name, and those of architectures that have one of their own.
_NAMES: dict[tuple[str, ...], tuple[str, dict[str, str]]] = {
    (_GPT_2_WORDS,): ("gpt-2", {"phi2": "phi-2", "olmo": "olmo"}),
    (_DIGITS, _GPT_2_WORDS): ("smollm", {"starcoder2": "starcoder", "command-r": "command-r", "granite": "refact"}),
    (_CONTRACTIONS + _LLAMA_3, _BYTES): ("llama-bpe", {"glm4": "glm4"}),
    (_CONTRACTIONS_SPELT + _LLAMA_3, _BYTES): ("llama-bpe", {}),
    (_CONTRACTIONS + _QWEN_2, _BYTES): ("qwen2", {"stablelm": "stablelm2"}),
    (_CONTRACTIONS_SPELT + _QWEN_2, _BYTES): ("qwen2", {}),
    (_TEKKEN, _BYTES): ("tekken", {}),
    (_GPT_4O, _BYTES): ("gpt-4o", {}),
}  # fmt: skip


def name_of_cutting(files: TokenizerFiles, architecture: str) -> str | None:
    """llama.cpp's name of the way a tokenizer cuts text; None where it has none here."""
    steps = [_step(each) for each in _flat((files.tokenizer or {}).get("pre_tokenizer"))]
    usual, own = _NAMES.get(tuple(steps), (None, {}))
    return own.get(architecture, usual)


def _flat(pre_tokenizer: object) -> list[dict[str, Any]]:
    """The steps of a sequence, or the one that there is."""
    values = as_object(pre_tokenizer)
    if values.get("type") == "Sequence":
        return [as_object(each) for each in as_list(values.get("pretokenizers"))]
    return [values] if values else []


def _step(step: dict[str, Any]) -> str:
    """The way a step cuts text, as the keys of `_NAMES` have it."""
    match step:
        case {"type": "ByteLevel"}:
            return _GPT_2_WORDS if step.get("use_regex", True) is True else _BYTES
        case {"type": "Digits", "individual_digits": True}:
            return _DIGITS
        case {"type": "Split", "pattern": {"Regex": str(expression)}, "behavior": "Isolated"}:
            return expression
        case {"type": "Split", "pattern": {"Regex": str(expression)}, "behavior": "Removed", "invert": True}:
            return expression
    return f"another: {step.get('type')}"
