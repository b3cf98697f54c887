"""Blocks as Markdown: one function for each kind, from a block to paragraphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ...text.phrases import SYNTHETIC_MARK, SYNTHETIC_MEANING
from ..content.blocks import (
    Block,
    Cards,
    Figures,
    Heading,
    Headline,
    Items,
    Marked,
    Panel,
    Panels,
    Paragraph,
    Shares,
    TextTable,
    Verdict,
    Verdicts,
)
from ..content.words import Own, Words, joined, own
from .words import markdown, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..content.chart import Chart

CHARTS = "charts"  # the directory of the pictures, beside the report


def render_blocks(blocks: Iterable[Block], level: int) -> Iterator[str]:
    """The paragraphs of blocks.

    Args:
        blocks: of a part of a report.
        level: of the heading they stand under; titles of tables, charts and verdicts go one below the latest heading.
    """
    below = level + 1
    for block in blocks:
        below = level + 2 if isinstance(block, Heading) else below
        yield from _render(block, below)


def _render(block: Block, level: int) -> Iterator[str]:
    """The paragraphs of a block, with titles of its own at a level."""
    match block:
        case Headline():
            yield from _headline(block)
        case Heading(words):
            yield f"{'#' * (level - 1)} {markdown(words)}"
        case Paragraph(words):
            yield markdown(words)
        case Items(items):
            yield _list(items)
        case Marked(items):
            yield _list(words for _, words in items)
        case Cards(cards):
            yield _list(own("**{}**: {}", title, words) for title, words in cards)
        case Shares(title, shares):
            sizes = joined(own("{} {}", share.name, share.size) for share in shares)
            yield f"{title}: {markdown(sizes)}"
        case Verdicts(verdicts):
            yield from _verdicts(verdicts, level)
        case TextTable():
            yield from _table(block, level)
        case Figures(charts):
            yield from _figures(charts, level)
        case Panels(panels):
            yield from _panels(panels, level)
        case _:
            assert_never(block)


def _headline(block: Headline) -> Iterator[str]:
    yield f"# {markdown(own('{} of {}', Own(block.subject), block.title))}"
    facts = {**block.facts, **block.figures, "read from": block.origin, "identity": block.identity or ""}
    yield table((Own(""), Own("")), [(Own(label), text) for label, text in facts.items() if text])
    if block.synthetic:
        yield f"**{SYNTHETIC_MARK}**: {SYNTHETIC_MEANING}."


def _verdicts(verdicts: Sequence[Verdict], level: int) -> Iterator[str]:
    header = tuple(map(Own, ("", "premise", "verdict", "measured")))
    yield table(header, [(each.id, each.title, own("**{}**", each.verdict), each.measured) for each in verdicts])
    for verdict in verdicts:
        yield from _verdict(verdict, level)


def _verdict(verdict: Verdict, level: int) -> Iterator[str]:
    yield f"{'#' * level} {markdown(own('{}: {}', verdict.id, verdict.verdict))}"
    yield markdown(verdict.statement)
    yield _list(own("{}: {}", label, words) for label, words in verdict.evidence)


def _table(block: TextTable, level: int) -> Iterator[str]:
    yield f"{'#' * level} {markdown(block.title)}"
    if block.about:
        yield markdown(block.about)
    yield table([head.label for head in block.heads], block.cells)


def _figures(charts: Sequence[Chart], level: int) -> Iterator[str]:
    for chart in charts:
        yield f"{'#' * level} {markdown(chart.title)}"
        yield markdown(chart.sentence)
        yield f"![{markdown(chart.alt)}]({CHARTS}/{chart.name}.svg)"
        yield f"*{markdown(chart.definition)}*"


def _panels(panels: Sequence[Panel], level: int) -> Iterator[str]:
    for panel in panels:
        yield f"{'#' * level} {markdown(panel.title)}"
        yield from render_blocks(panel.blocks, level)


def _list(items: Iterable[Words]) -> str:
    return "\n".join(f"- {markdown(words)}" for words in items)
