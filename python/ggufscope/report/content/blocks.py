"""The blocks that sections of a report are made of, for every renderer.

Any text of a block is `Words`: which of its pieces come from a file, and must be escaped, is known to the words.
A new block is a class here, in `Block`, a function of `markdown/blocks.py` and a macro of `page/templates/blocks.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .cells import NOTHING
from .words import Own

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .chart import Chart
    from .words import Words


FEW_ROWS = 5  # of a table that is read at a glance


@dataclass(frozen=True)
class Headline:
    """The head of a report: the model, short facts about it, and its size in figures.

    Attributes:
        title: the model's name.
        subject: the kind of report, for outputs whose frame does not say so.
        facts: label → text.
        figures: label → number.
        synthetic: whether the weights are made up.
        identity: hash of the model; None where the results have none.
        origin: the source of the numbers.
    """

    title: Words
    subject: str
    facts: dict[str, Words]
    figures: dict[str, Words]
    synthetic: bool
    identity: str | None
    origin: Words


@dataclass(frozen=True)
class Heading:
    """A heading within a part."""

    words: Words


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `aside` explains what follows, `statement` is said by the results about themselves."""

    words: Words
    tone: Literal["", "aside", "statement"] = ""


@dataclass(frozen=True)
class Items:
    """A list; `look` is how a page marks its items."""

    items: Sequence[Words]
    look: Literal["", "warnings", "bare"] = ""


@dataclass(frozen=True)
class Marked:
    """A list whose items are good, bad, odd or mere notes."""

    items: Sequence[tuple[Literal["good", "bad", "odd", "note"], Words]]


@dataclass(frozen=True)
class Cards:
    """Short texts side by side, each with a title."""

    cards: Sequence[tuple[Words, Words]]


@dataclass(frozen=True)
class Share:
    """A part of a whole, with the text that says how much it is.

    Attributes:
        name: of the part.
        share: of the whole, from 0 to 1.
        size: that text.
        series: number of its colour; None: by its place among the parts.
    """

    name: Words
    share: float
    size: Words
    series: int | None = None


@dataclass(frozen=True)
class Shares:
    """Parts of a whole, the largest first."""

    title: str
    shares: Sequence[Share]


@dataclass(frozen=True)
class Verdict:
    """A verdict on a premise: in a line, in a sentence, and the evidence behind it by label."""

    id: Words
    title: Words
    measured: Words
    verdict: str
    statement: Words
    evidence: Sequence[tuple[Words, Words]]


@dataclass(frozen=True)
class Verdicts:
    """Verdicts on several premises."""

    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class TableHead:
    """The head of a column: `number` for plain numbers, `long` for texts that may take several lines."""

    label: Words
    kind: Literal["text", "number", "long"] = "text"


def heads(*labels: str, numeric: str = "", long: str = "") -> list[TableHead]:
    """Heads of columns with labels of our own; those of numbers and of long texts are named, separated by `|`."""
    return [
        TableHead(
            Own(label), "number" if label in numeric.split("|") else "long" if label in long.split("|") else "text"
        )
        for label in labels
    ]


@dataclass(frozen=True)
class TextTable:
    """A table of texts.

    Attributes:
        name: unique in a report.
        title: for readers.
        heads: of the columns.
        rows: cells; see `cells`.
        about: a sentence above it.
        folded: whether a page shows it only when asked.
    """

    name: str
    title: Words
    heads: Sequence[TableHead]
    rows: Sequence[Sequence[Words]]
    about: Words = ""
    folded: bool = True

    @property
    def sortable(self) -> bool:
        """Whether it has more rows than a reader takes in at a glance."""
        return len(self.rows) > FEW_ROWS

    @property
    def cells(self) -> Iterator[list[Words]]:
        """The rows, with a dash in cells that have no text."""
        return ([cell or NOTHING for cell in row] for row in self.rows)


@dataclass(frozen=True)
class Figures:
    """Charts, each with its title, sentence and definition."""

    charts: Sequence[Chart]


@dataclass(frozen=True)
class Panel:
    """A short answer: a title and blocks without headings."""

    title: Words
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Panels:
    """Short answers, which a page sets side by side where there is room."""

    panels: Sequence[Panel]


Block = Headline | Heading | Paragraph | Items | Marked | Cards | Shares | Verdicts | TextTable | Figures | Panels


def nested(blocks: Iterable[Block]) -> Iterator[Block]:
    """All blocks in reading order, those within panels among them."""
    for block in blocks:
        yield block
        if isinstance(block, Panels):
            for panel in block.panels:
                yield from nested(panel.blocks)
