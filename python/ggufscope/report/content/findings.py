"""The charts of the weights, one finding each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .blocks import Figures
from .chart import FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .blocks import Block
    from .shown import Shown


def findings(shown: Shown) -> Iterator[Block]:
    """Every chart that is not of a validation."""
    charts = shown.charts(FINDINGS)
    if charts:
        yield Figures(charts)
