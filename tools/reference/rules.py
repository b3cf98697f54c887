"""Rules of `check`, from the registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ggufscope.checks import RULES
from ggufscope.checks.registry import GROUPS

from .markdown import page, paragraph

if TYPE_CHECKING:
    from ggufscope.checks.registry import Rule

ARTICLES = {"error": "an error", "warning": "a warning", "note": "a note"}


def render() -> str:
    return page(
        "Rules of check",
        paragraph(
            "What `ggufscope check` looks for: what each rule finds, why that matters, and what to do."
            " `ggufscope check --explain RULE` prints the same. [Check](../check.md) says what the verdict"
            " is made of."
        ),
        *sections(),
    )


def sections() -> Iterator[str]:
    """A section for each group of rules, in the order of the registry."""
    for reads, title in GROUPS.items():
        yield f"## {title}"
        for rule in RULES.values():
            if rule.reads == reads:
                yield from section(rule)


def section(rule: Rule) -> Iterator[str]:
    profile = " A profile alone tells it, without the exact place." if rule.from_statistics else ""
    yield f"### {rule.name}"
    yield paragraph(f"Finds {rule.summary}: {ARTICLES[rule.severity]}.{profile}")
    yield paragraph(rule.why)
    yield paragraph(f"**What to do:** {rule.remedy}")
