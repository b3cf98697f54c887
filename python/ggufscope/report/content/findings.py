"""The charts of the weights and of the risk index, one finding each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .blocks import Figures
from .chart import FINDINGS, INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .blocks import Block
    from .shown import Shown


def findings(shown: Shown) -> Iterator[Block]:
    """The charts of the weights."""
    return _figures(shown, FINDINGS)


def index_charts(shown: Shown) -> Iterator[Block]:
    """The charts of the risk index, its scores, and what propagation or a probe says of layers and heads."""
    return _figures(shown, INDEX)


def _figures(shown: Shown, section: str) -> Iterator[Block]:
    charts = shown.charts(section)
    if charts:
        yield Figures(charts)
