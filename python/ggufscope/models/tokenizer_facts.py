"""The tokenizer of a file in a few facts: its kind, its special tokens by their texts, its chat template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .metadata import as_count
from .token_texts import TokenTexts

if TYPE_CHECKING:
    from .model import Model

_PREFIX, _SUFFIX = "tokenizer.ggml.", "_token_id"
_TOKENS = "tokenizer.ggml.tokens"
CHAT_TEMPLATE = "tokenizer.chat_template"
_MOST_SPECIAL = 24  # llama.cpp knows some fifteen
# Names in the keys → in words.
_WORDS = {
    "bos": "begin",
    "eos": "end",
    "eot": "end of turn",
    "eom": "end of message",
    "padding": "padding",
    "unknown": "unknown",
    "seperator": "separator",  # as the key is spelled
    "cls": "class",
    "mask": "mask",
}


@dataclass(frozen=True)
class SpecialToken:
    """A token with a task of its own.

    Attributes:
        task: as the key names it, without prefix and `_token_id`: `"bos"`, `"eos"`, …
        token: its id.
        text: in quotes, escaped and cut to a readable length; `"token 17"` where the file has no text for it.
    """

    task: str
    token: int
    text: str

    @property
    def words(self) -> str:
        """The task in words."""
        return _WORDS.get(self.task, self.task.replace("_", " "))


@dataclass(frozen=True)
class TokenizerFacts:
    """The tokenizer of a file.

    Attributes:
        kind: `tokenizer.ggml.model`, None where the file has no such text.
        cut: `tokenizer.ggml.pre`, likewise.
        n_tokens: entries of the vocabulary.
        special: tokens with a task, in the order of their keys.
        chat_templates: key → characters of it.
    """

    kind: str | None
    cut: str | None
    n_tokens: int
    special: tuple[SpecialToken, ...]
    chat_templates: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.kind,
            "pre": self.cut,
            "n_tokens": self.n_tokens,
            "special": {each.task: {"id": each.token, "text": each.text} for each in self.special},
            "chat_templates": self.chat_templates,
        }


def tokenizer_facts(model: Model) -> TokenizerFacts | None:
    """The facts; None of a file without a tokenizer. Of the vocabulary only the tokens up to the last special one."""
    metadata = model.metadata
    if not any(key.startswith("tokenizer.") for key in metadata):
        return None
    is_list = _TOKENS in metadata and metadata.kind(_TOKENS).startswith("array")
    return TokenizerFacts(
        kind=_text(metadata.get(f"{_PREFIX}model")),
        cut=_text(metadata.get(f"{_PREFIX}pre")),
        n_tokens=metadata.length(_TOKENS) if is_list else 0,
        special=_special(model),
        chat_templates={
            key: len(metadata[key])
            for key in metadata
            if key.startswith(CHAT_TEMPLATE) and metadata.kind(key) == "string"
        },
    )


def _special(model: Model) -> tuple[SpecialToken, ...]:
    ids = {
        key.removeprefix(_PREFIX).removesuffix(_SUFFIX): token
        for key in model.metadata
        if key.startswith(_PREFIX) and key.endswith(_SUFFIX) and (token := as_count(model.metadata[key])) is not None
    }
    chosen = dict(list(ids.items())[:_MOST_SPECIAL])
    texts = TokenTexts(model, most=max(chosen.values(), default=-1) + 1)
    return tuple(SpecialToken(task, token, texts(token)) for task, token in chosen.items())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
