"""The part of docs/check.md about rules, from the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ggufscope.checks import RULES
from ggufscope.checks.registry import GROUPS

if TYPE_CHECKING:
    from ggufscope.checks.registry import Rule

MARK = "<!-- What follows is written by tools/make_rules_page.py from the registry. -->"


def rules_part() -> str:
    """A section for each group of rules, in the order of the registry."""
    parts = [MARK]
    for reads, title in GROUPS.items():
        parts.append(f"## {title}")
        parts += [_section(rule) for rule in RULES.values() if rule.reads == reads]
    return "\n\n".join(parts) + "\n"


def _section(rule: Rule) -> str:
    profile = " A profile alone tells it, without the exact place." if rule.from_statistics else ""
    paragraphs = [
        f"### {rule.name}",
        f"Finds {rule.summary}: {_ARTICLES[rule.severity]}.{profile}",
        rule.why,
        f"**What to do:** {rule.remedy}",
    ]
    return "\n\n".join(_wrapped(paragraph) for paragraph in paragraphs)


_ARTICLES = {"error": "an error", "warning": "a warning", "note": "a note"}


def _wrapped(text: str, width: int = 125) -> str:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)
