"""The texts of a report's blocks, and those that a reader finds in its page and in its Markdown."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from ggufscope.report.content import blocks
from ggufscope.report.content.words import Link, Own, pieces
from ggufscope.text.escape import escape
from support.pages import Page


def flat(text):
    """A text with single spaces, as browsers show it."""
    return re.sub(r"\s+", " ", text).strip()


def shown(words):
    """Words as a reader sees them: without the marks of our own, with escapes for what is invisible."""
    return flat("".join(map(_shown_piece, pieces(words))))


def _shown_piece(piece):
    if isinstance(piece, Own):
        return piece.replace("**", "").replace("`", "")
    return escape(piece.label if isinstance(piece, Link) else piece)


def texts(block):
    """Every text of a block but the cells of its tables."""
    match block:
        case blocks.Headline():
            yield from (block.title, *block.facts.values(), *block.figures, *block.figures.values(), block.origin)
            yield from filter(None, [block.identity])
        case blocks.Heading(words) | blocks.Paragraph(words):
            yield words
        case blocks.Items(items):
            yield from items
        case blocks.Marked(items):
            yield from (words for _, words in items)
        case blocks.Cards(cards):
            yield from (words for card in cards for words in card)
        case blocks.Shares(_, shares):
            yield from (words for share in shares for words in (share.name, share.size))
        case blocks.Verdicts(verdicts):
            yield from (words for verdict in verdicts for words in _verdict(verdict))
        case blocks.TextTable():
            yield from filter(None, [block.title, block.about])
        case blocks.Panels(panels):
            yield from (panel.title for panel in panels)
        case blocks.Figures(charts):
            yield from (text for chart in charts for text in (chart.title, chart.sentence, chart.definition))
        case _:
            raise AssertionError(f"no texts are known of a block of type {type(block).__name__}")


def _verdict(verdict):
    own = (verdict.id, verdict.title, verdict.measured, verdict.verdict, verdict.statement)
    return [*own, *(words for pair in verdict.evidence for words in pair)]


def cells(table):
    """The head and the cells of a table as a reader sees them."""
    head = [shown(column.label) for column in table.heads]
    return [head, *([shown(cell) for cell in row] for row in table.cells)]


class Read(Page):
    """A page, or Markdown made into one: the text, the descriptions of pictures, and the tables."""

    def __init__(self, text):
        self.tables = []
        super().__init__(text)

    def handle_starttag(self, tag, attrs):
        super().handle_starttag(tag, attrs)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")

    def handle_data(self, data):
        super().handle_data(data)
        if any(tag in {"td", "th"} for tag, *_ in self.open):
            self.tables[-1][-1][-1] += data

    @property
    def rows(self):
        """Tables of flat texts."""
        return [[list(map(flat, row)) for row in table] for table in self.tables]

    @property
    def descriptions(self):
        """What is said of pictures to those who do not see them."""
        names = ("alt", "aria-label")
        return [flat(attrs[name]) for _, attrs, _ in self.elements for name in names if attrs.get(name)]


APART = "\u200b"  # keeps code hosts from making links and mentions of texts


def read_markdown(text):
    """Markdown as a reader finds it, by a renderer that is not ours and lets HTML through."""
    return Read(
        MarkdownIt("commonmark", {"html": True, "xhtmlOut": False}).enable("table").render(text).replace(APART, "")
    )
