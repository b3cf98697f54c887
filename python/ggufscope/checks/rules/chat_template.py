"""Chat templates that cannot be whole, or that reach for what a template has no business with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..findings import Place
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts

_PAIRS = {"if": "endif", "for": "endfor", "macro": "endmacro", "block": "endblock", "filter": "endfilter"}
_TAG = re.compile(r"\{%[-+]?\s*([a-z_]+)(.*?)[-+]?%\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_REACHES = re.compile(
    r"__(?:class|globals|builtins|import|subclasses|mro|init|base|bases|getattribute|code|dict)__"
    r"|\b(?:os\.(?:system|popen)|subprocess|eval\s*\(|exec\s*\(|lipsum|cycler\.|joiner\.)"
    r"|\{%[-+]?\s*(?:import|include|extends|from)\b"
)


@rule(
    "chat-template",
    "warning",
    "chat templates that are not whole, or reach beyond the conversation",
    reads="metadata",
    why="A template is a program that a runtime runs on what users write. One whose blocks are not closed fails there;"
    " one that asks for attributes as `__class__` tries to get out of the sandbox. It is read here, and never run.",
    remedy="Take the template of the original model, and do not run this one.",
)
def chat_template(facts: Facts) -> Iterator[Fault]:
    for key in facts.model.metadata:
        if not key.startswith("tokenizer.chat_template") or facts.model.metadata.kind(key) != "string":
            continue
        template = _COMMENT.sub("", str(facts.model.metadata[key]))
        reach = _REACHES.search(template)
        if reach is not None:
            yield Fault(f"{key} reaches for {reach[0]!r}", Place(key=key), "error")
        fault = _unbalanced(template)
        if fault is not None:
            yield Fault(f"{key}: {fault}", Place(key=key))


def _unbalanced(template: str) -> str | None:
    """What is not closed, or closed without having been opened."""
    begins, ends = template.count("{%"), template.count("%}")
    if begins != ends:
        return f"{begins} times '{{%' and {ends} times '%}}'"
    opened: list[str] = []
    for tag, rest in _TAG.findall(template):
        if tag in _PAIRS:
            opened.append(_PAIRS[tag])
        elif tag == "set" and "=" not in rest:
            opened.append("endset")
        elif tag in {*_PAIRS.values(), "endset"} and (not opened or opened.pop() != tag):
            return f"a {tag} closes nothing"
    return f"no {opened[-1]}" if opened else None
