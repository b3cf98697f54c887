"""The report as Markdown: its charts stand beside it as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...analysis.analysis_result import MARKDOWN_MARK
from ...saving.marks import COMMENT, PAGE_COMMENT
from ..content.sections import SUMMARY, parts_of
from .blocks import render_blocks
from .words import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..content.shown import Shown

VALIDATION_MARK = f"{COMMENT} validation -->"


def render_report_markdown(shown: Shown, mark: str | None = None) -> str:
    """The text of a report as Markdown.

    Args:
        shown: the results, and the charts that stand beside the text.
        mark: the comment on top by which ggufscope knows its own files; None for that of `report.md`.
    """
    usual = MARKDOWN_MARK if shown.analysis is not None else PAGE_COMMENT
    paragraphs = "\n\n".join(_paragraphs(shown))
    return f"{mark or usual}\n{paragraphs}\n"


def _paragraphs(shown: Shown) -> Iterator[str]:
    for part in parts_of(shown):
        blocks = part.blocks(shown)
        if part.name == SUMMARY:
            yield from render_blocks(blocks, 1)
        elif blocks:
            yield f"## {part.title}"
            if part.about:
                yield markdown(part.about)
            yield from render_blocks(blocks, 2)
