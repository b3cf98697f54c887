"""Prompts and texts as callers of the library give them: files, or what would stand in them.

trace(model, prompts="questions.json")                 a file
trace(model, prompts=["Why is the sky blue?"])         prompts, whose answers nobody scores
trace(model, prompts=[{"prompt": "Which city is the capital of Japan?", "accepted": ["Tokyo"]}])
trace(model, text="story.txt")                         a file
trace(model, text="Once upon a time, there was")       a text; a list of one text is one whatever is in it
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from ...errors import PromptsError, TraceError
from ...text.names import base_name
from .input_files import TEXT_FORM, read_input
from .prompts import NamedPrompts, QuestionSet, describe, named_prompts

if TYPE_CHECKING:
    from typing import TypeAlias

AskedPrompts: TypeAlias = (
    "str | PathLike[str] | NamedPrompts | Sequence[str | Mapping[str, Any]] | Mapping[str, Any] | None"
)
AskedText: TypeAlias = "str | PathLike[str] | Sequence[str]"

IN_MEMORY = "given in memory"  # in place of the name of a file
_LARGEST_TEXT = 16 << 20  # bytes
_SUFFIX = re.compile(r"\.\w{1,8}$")


class NamedText(NamedTuple):
    """A text, and what to call it."""

    name: str
    text: str


def prompts_of(asked: AskedPrompts) -> NamedPrompts:
    """The prompts that were asked for; None: those that ship.

    Args:
        asked: a file, a set that was read already, or prompts: texts, or mappings with the keys of a file, of which
            only `prompt` has to be there.

    Raises:
        PromptsError: They are malformed; names the place.
        OSError: The file cannot be read.
    """
    if isinstance(asked, NamedPrompts):
        return asked
    if asked is None or isinstance(asked, (str, PathLike)):
        if isinstance(asked, str) and not os.path.exists(asked) and " " in asked.strip():
            raise PromptsError(f"there is no file {asked!r}; prompts themselves stand in a list: prompts=[…]")
        return named_prompts(asked)
    listed = asked.get("prompts", asked) if isinstance(asked, Mapping) else asked
    if not isinstance(listed, Sequence) or isinstance(listed, (bytes, bytearray)):
        raise PromptsError("prompts are a file, or a list of texts or of mappings with the key 'prompt'")
    try:
        questions = tuple(_question(number, each) for number, each in enumerate(listed, 1))
        return NamedPrompts(IN_MEMORY, QuestionSet.model_validate({"prompts": questions}))
    except ValidationError as error:
        raise PromptsError(describe(error)) from None


def _question(number: int, asked: Any) -> Any:
    if isinstance(asked, str):
        return {"id": f"prompt {number}", "prompt": asked}
    if not isinstance(asked, Mapping):
        return asked  # a prompt that was read, or what the check of the set refuses
    lists = {name: tuple(asked[name]) for name in ("accepted", "hallucination_examples") if _is_list(asked.get(name))}
    return {"id": f"prompt {number}", **asked, **lists}


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def text_of(asked: AskedText) -> NamedText:
    """The text that was asked for: of a file, or itself.

    Args:
        asked: the path of a file, a text with white space in it that is no file's name, or a list of one text.

    Raises:
        TraceError: It is no UTF-8 text, or an empty one, or too large.
        OSError: The file cannot be read.
    """
    if is_file(asked):
        return _read_text(asked)  # type: ignore[arg-type]
    texts = [asked] if isinstance(asked, str) else list(asked)  # type: ignore[arg-type]
    if len(texts) != 1 or not isinstance(texts[0], str):
        raise TraceError("a text is one piece: a file, a text, or a list of one text")
    try:
        texts[0].encode()
    except UnicodeEncodeError as error:
        raise TraceError(f"no text: character {error.start} is half of a surrogate pair") from None
    return NamedText(IN_MEMORY, _checked(texts[0]))


def is_file(asked: object) -> bool:
    """Whether what was asked for is a file, rather than what would stand in one.

    >>> is_file("story.txt"), is_file("my story.txt"), is_file("Once upon a time"), is_file(["story.txt"])
    (True, True, False, False)
    """
    if isinstance(asked, PathLike):
        return True
    if not isinstance(asked, str):
        return False
    return os.path.exists(asked) or not re.search(r"\s", asked) or bool(_SUFFIX.search(asked))


def input_files(prompts: object, text: object) -> list[str | PathLike[str]]:
    """The files that prompts and a text are read from."""
    named = [prompts] if isinstance(prompts, (str, PathLike)) else []
    return [*named, *([text] if isinstance(text, (str, PathLike)) and is_file(text) else [])]


def _read_text(path: str | PathLike[str]) -> NamedText:
    data = read_input(path, _LARGEST_TEXT, TEXT_FORM)
    try:
        return NamedText(base_name(path), _checked(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: no text: byte {error.start} is no UTF-8; {TEXT_FORM}") from None
    except TraceError as error:
        raise TraceError(f"{path}: {error}; {TEXT_FORM}") from None


def _checked(text: str) -> str:
    if not text:
        raise TraceError("an empty text")
    if len(text.encode()) > _LARGEST_TEXT:
        raise TraceError(f"larger than {_LARGEST_TEXT >> 20} MiB")
    return text
