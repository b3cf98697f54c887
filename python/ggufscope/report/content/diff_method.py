"""How a diff was made, and what each of its numbers is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...diffs.rows import COLUMNS
from .blocks import Heading, Items, Paragraph, TextTable, heads
from .words import Own, Words, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.diff_document import DiffDocument
    from .blocks import Block
    from .shown import Shown


def diff_definitions(shown: Shown) -> Iterator[Block]:
    """The figures of a tensor, each with its definition."""
    if shown.diff is None:
        return
    yield Paragraph(
        Own(
            "a is a weight of the reference and b that of the model, both decoded to float32 and times the factors"
            " beside them. Differences are taken and summed in float64, over all weights. Figures of roles, layers and"
            " models follow from added sums: no average of averages. Pairs with a NaN or an Inf are counted and are in"
            " no other figure."
        )
    )
    rows = [(own("`{}`", Own(name)), Own(meaning)) for name, meaning in COLUMNS.items() if meaning]
    yield TextTable("figures", Own("Figures of a tensor"), heads("figure", "definition", long="definition"), rows)


def diff_settings(shown: Shown) -> Iterator[Block]:
    """The settings of a diff, and the files."""
    document = shown.diff
    if document is None:
        return
    yield Heading(Own("Files and settings"))
    yield Items(list(_settings(document)))


def _settings(document: DiffDocument) -> Iterator[Words]:
    yield own("reference: {}, identity {}", document.reference.file or "", document.reference.identity or "")
    for model in document.models:
        yield own("model: {}, identity {}", model.subject.file or "", model.subject.identity or "")
    if document.importance is not None:
        yield own("weighted figures: by the importance matrix {}", document.importance.file)
    if document.settings.stored:
        yield Own("of the blocks as they are, without factors beside matrices (`--stored`)")
    if document.run is not None:
        run = document.run
        yield own("ggufscope {}, {}, {:.2f} s, {} threads", run.version, run.started, run.seconds, run.threads)
