"""The rows of the embedding: equal ones, unused ones, what they have in common, and those of unusual length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.standouts.wording import kind_sentence
from ...text.numbers import counted
from .blocks import Figures, Items, Paragraph
from .chart import EMBEDDING
from .words import Own, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.embedding_document import EmbeddingRecord
    from .blocks import Block
    from .shown import Shown
    from .words import Words

NAME = "embedding"  # of the part
_KINDS = ("identical_tokens", "unused_tokens", "token_norm", "common_direction", "output_rows")


def embedding_facts(shown: Shown) -> Iterator[Block]:
    """Numbers of the rows, what of them stands out by the text of its tokens, and their distributions."""
    record = shown.analysis.embedding if shown.analysis else None
    if record is None:
        return
    yield Paragraph(_numbers(record))
    kinds = [kind for kind in shown.standouts or () if kind.kind in _KINDS and kind.n_found]
    told = sorted(kinds, key=lambda kind: _KINDS.index(kind.kind))
    if told:
        yield Items([own("**{}**: {}", kind.title, kind_sentence(kind)) for kind in told], "bare")
    else:
        yield Paragraph(Own("No two rows are the same, none is of unusual length, and they share no direction."))
    charts = shown.charts(EMBEDDING)
    if charts:
        yield Figures(charts)


def _numbers(record: EmbeddingRecord) -> Words:
    rows = Own(counted(record.n_rows, "row"))
    share: Words = ""
    if record.common_share is not None:
        share = own(", their mean is {:.0f} % as long as they are", 100 * record.common_share)
    odd = {
        "that are the same as another one": record.n_identical,
        "that share one direction": record.n_alike,
        "of zeros": record.n_zero,
        "with a NaN or an infinity": record.n_not_finite,
    }
    found = "; ".join(f"{counted(count, 'row')} {what}" for what, count in odd.items() if count)
    return own("{} of {} numbers{}{}.", rows, record.width, share, Own(f"; {found}" if found else ""))
