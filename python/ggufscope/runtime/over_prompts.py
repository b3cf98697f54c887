"""Figures of a trace over all that was read: the median over the prompts, by layer and by head."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .trace_document import TraceDocument


def layers_over_prompts(document: TraceDocument, figure: str) -> list[float | None]:
    """A figure by layer; one of heads is first averaged over the heads of each layer. None where no prompt has it.

    Raises:
        KeyError: There is no such figure.
    """
    per_head = document.figures[figure].per_head
    by_prompt = [
        [_mean(row) for row in prompt.heads[figure]] if per_head else prompt.layers[figure]
        for prompt in document.prompts
    ]
    return [_median(column) for column in zip(*by_prompt, strict=True)]


def heads_over_prompts(document: TraceDocument, figure: str) -> list[list[float | None]]:
    """A figure of heads by layer and head; None where no prompt has it.

    Raises:
        KeyError: There is no such figure.
    """
    by_prompt = [prompt.heads[figure] for prompt in document.prompts]
    return [[_median(column) for column in zip(*rows, strict=True)] for rows in zip(*by_prompt, strict=True)]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
