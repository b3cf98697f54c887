"""Which tokens begin and end texts, whether they are added, and the chat template, as the converter gathers them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..key_values import KeyValue
from .tokenizer_files import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..config import Config
    from ..side_files import SideFiles
    from .tokenizer_files import TokenizerFiles

# The names of Hugging Face's files → those of GGUF.
_KINDS = {
    "bos": "bos",
    "eos": "eos",
    "unk": "unknown",
    "sep": "seperator",
    "pad": "padding",
    "cls": None,
    "mask": "mask",
    "eot": "eot",
    "eom": "eom",
}
_ADDED = ("bos", "eos", "sep")  # for which GGUF can say whether they are added


class SpecialTokens:
    """Gathers them from the post-processor, the tokenizer's config, and the model's config, in this order."""

    def __init__(self, files: TokenizerFiles, config: Config, n_tokens: int) -> None:
        self._files = files
        self._config = config
        self._n_tokens = n_tokens
        self._texts: dict[str, Any] = dict(files.config or {})
        self._kinds = [kind for kind in _KINDS if kind not in {"eot", "eom"}]
        self._numbers: dict[str, int] = {}
        self._adds: dict[str, bool] = {}
        if files.tokenizer is not None:
            self._read_post_processor()
        if files.config is not None:
            self._read_tokenizer_config()
        for kind in self._kinds:
            self._set(kind, config.value(f"{kind}_token_id"))

    def keys(self) -> Iterator[KeyValue]:
        """`tokenizer.ggml.bos_token_id`, `add_bos_token` and the like."""
        for kind, number in self._numbers.items():
            name = _KINDS[kind]
            if name is not None:
                yield KeyValue(f"tokenizer.ggml.{name}_token_id", "uint32", number)
        for kind, adds in self._adds.items():
            if kind in _ADDED:
                yield KeyValue(f"tokenizer.ggml.add_{kind}_token", "bool", adds)

    def _set(self, kind: str, number: object) -> None:
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < self._n_tokens:
            self._numbers.setdefault(kind, number)

    def _read_tokenizer_config(self) -> None:
        added = {each.text: each.number for each in reversed(self._files.added())}
        for kind in self._kinds:
            adds = self._texts.get(f"add_{kind}_token")
            if isinstance(adds, bool):
                self._adds.setdefault(kind, adds)
            token = self._texts.get(f"{kind}_token")
            text = as_object(token).get("content") if isinstance(token, dict) else token
            if isinstance(text, str):
                self._set(kind, added.get(text))

    def _read_post_processor(self) -> None:
        """Read from the post-processor of `tokenizer.json` which tokens stand around a text."""
        for kind, instead in (("bos", "cls"), ("eos", "sep")):
            if not self._texts.get(f"{kind}_token") and self._texts.get(f"{instead}_token"):
                self._texts[f"{kind}_token"] = self._texts[f"{instead}_token"]
        whole = as_object((self._files.tokenizer or {}).get("post_processor"))
        for step in as_list(whole.get("processors")) or [whole]:
            match as_object(step):
                case {"type": "ByteLevel"}:
                    self._adds.setdefault("bos", False)
                    self._adds.setdefault("eos", False)
                case {"type": "RobertaProcessing"}:
                    self._adds |= {"bos": True, "eos": True, "sep": True}
                case {"type": "TemplateProcessing", "single": [first, *_, last]}:
                    self._frame(_special(first), _special(last))

    def _frame(self, first: str | None, last: str | None) -> None:
        """Of a template: the token in front of a text and the one behind it."""
        if first is not None:
            if not self._text("bos"):
                self._texts["bos_token"] = first
            self._adds["bos"] = first in {self._text("bos"), self._text("cls")}
        if last is not None:
            if last != self._text("eos") and self._files.config is not None:
                kind = next((each for each in ("eot", "eom") if each not in self._kinds), None)
                if kind is not None:
                    self._kinds.append(kind)
                    self._texts[f"{kind}_token"] = self._texts.get("eos_token")
                self._texts["eos_token"] = last
            self._adds["eos"] = True

    def _text(self, kind: str) -> str | None:
        token = self._texts.get(f"{kind}_token")
        text = as_object(token).get("content") if isinstance(token, dict) else token
        return text if isinstance(text, str) else None


def _special(part: object) -> str | None:
    """The special token of one part of a template; None where it is a text."""
    token = as_object(as_object(part).get("SpecialToken")).get("id")
    return token if isinstance(token, str) else None


def chat_template_keys(files: TokenizerFiles, side: SideFiles) -> Iterator[KeyValue]:
    """The chat template, and others that have names."""
    template = (files.config or {}).get("chat_template")
    if template is None and files.config is not None:
        template = _beside(side)
    if isinstance(template, str):
        yield KeyValue("tokenizer.chat_template", "string", template)
        return
    named = [(each.get("name"), each.get("template")) for each in map(as_object, as_list(template))]
    others = []
    for name, text in named:
        if isinstance(name, str) and name and isinstance(text, str):
            clean = re.sub(r"[^A-Za-z0-9]", "_", name)
            if clean == "default":
                yield KeyValue("tokenizer.chat_template", "string", text)
            elif clean not in others:
                others.append(clean)
                yield KeyValue(f"tokenizer.chat_template.{clean}", "string", text)
    if others:
        yield KeyValue("tokenizer.chat_templates", "string", others)


def _beside(side: SideFiles) -> object:
    contents = side.contents("chat_template.jinja")
    if contents is not None:
        return contents[1].decode("utf-8", "replace")
    older = side.json_object("chat_template.json")
    return None if older is None else older[1].get("chat_template")
