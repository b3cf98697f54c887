"""Chat templates read, and never run: their tags, told from text, comments and strings.

    Hello {{ user['name'] }}{% if tools %} … {% endif %}{# a remark #}{% raw %}{{ as it is }}{% endraw %}

Jinja's rules as far as balance asks for them: what stands in a string of a tag ends no tag, and what stands between
`raw` and `endraw` is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENING = re.compile(r"\{%|\{\{|\{#")
_CLOSING = {"{%": "%}", "{{": "}}", "{#": "#}"}
_END_OF_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_BRACKETS = {"{": "}", "[": "]", "(": ")"}
_BLOCKS = {"if", "for", "macro", "block", "filter", "call", "generation", "with", "autoescape", "trans"}
_NAME = re.compile(r"[-+]?\s*([A-Za-z_]+)")


class Tag(NamedTuple):
    """A tag of a template.

    Attributes:
        begin: of its first character.
        opening: `"{%"` or `"{{"`.
        code: between its ends.
    """

    begin: int
    opening: str
    code: str

    @property
    def name(self) -> str | None:
        """The first word of a statement: `"if"`, `"endfor"`; None for an expression."""
        match = _NAME.match(self.code) if self.opening == "{%" else None
        return None if match is None else match[1]

    @property
    def strings(self) -> list[str]:
        """What stands in the strings of the code."""
        return [match[0][1:-1] for match in _STRING.finditer(self.code)]

    @property
    def bare(self) -> str:
        """The code without what stands in strings."""
        return _STRING.sub("''", self.code)


class UnclosedError(Exception):
    """A tag that nothing ends, or text that should be in one."""


def tags(template: str) -> Iterator[Tag]:
    """The statements and expressions of a template, in order.

    Raises:
        UnclosedError: A tag is not closed.
    """
    at = 0
    while (match := _OPENING.search(template, at)) is not None:
        opening, begin = match[0], match.start()
        end = template.find("#}", match.end()) if opening == "{#" else _end(template, match.end(), _CLOSING[opening])
        if end < 0:
            raise UnclosedError(f"the {opening!r} at character {begin} is not closed")
        at = end + 2
        if opening == "{#":
            continue
        tag = Tag(begin, opening, template[match.end() : end].rstrip("-+"))
        yield tag
        if tag.name == "raw":
            raw = _END_OF_RAW.search(template, at)
            if raw is None:
                raise UnclosedError(f"the raw text at character {begin} has no endraw")
            at = raw.end()


def _end(template: str, at: int, closing: str) -> int:
    """Where the tag whose code begins at `at` is closed; −1 where it is not."""
    depth = 0
    while at < len(template):
        if depth == 0 and template.startswith(closing, at):
            return at
        character = template[at]
        if character in "'\"":
            match = _STRING.match(template, at)
            if match is None:
                return -1
            at = match.end()
            continue
        depth += (character in _BRACKETS) - (character in _BRACKETS.values() and depth > 0)
        at += 1
    return -1


def unbalanced(template: str) -> str | None:
    """What is not closed, or closed without having been opened; None where all is well."""
    opened: list[str] = []
    try:
        for tag in tags(template):
            name = tag.name
            if name in _BLOCKS or (name == "set" and "=" not in tag.bare):
                opened.append(f"end{name}")
            elif name is not None and name.startswith("end") and name != "endraw":
                if not opened or opened[-1] != name:
                    return f"the {name} at character {tag.begin} closes nothing"
                opened.pop()
            elif name in {"else", "elif"} and not opened:
                return f"the {name} at character {tag.begin} is in no block"
    except UnclosedError as fault:
        return str(fault)
    return f"there is no {opened[-1]} for a block" if opened else None


_DUNDER = re.compile(
    r"__(?:class|globals|builtins|import|subclasses|mro|init|base|bases|getattribute|code|dict|reduce|loader)__"
)
_WORD = re.compile(r"\b(?:os\.(?:system|popen)|subprocess|eval\s*\(|exec\s*\(|lipsum|self\s*\._)")
_LOADING = {"import", "include", "extends", "from"}


def reaches(template: str) -> str | None:
    """What a template asks for that no conversation needs; None where it does not, or cannot be read.

    Text and strings may speak of anything; a string that is the name of a hidden attribute, and nothing else, may not.
    """
    try:
        for tag in tags(template):
            if tag.name in _LOADING:
                return tag.name
            word = _DUNDER.search(tag.bare) or _WORD.search(tag.bare)
            hidden = next((text for text in tag.strings if _DUNDER.fullmatch(text)), None)
            if word is not None or hidden is not None:
                return hidden if word is None else word[0]
    except UnclosedError:
        return None
    return None
