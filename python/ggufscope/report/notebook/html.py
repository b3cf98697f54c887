"""Pieces of HTML for a cell: tables, a line of facts, and a histogram, in the colours of the notebook.

Text and bars have `currentColor`, so that they can be read on a dark ground and on a light one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.histogram import histogram_edges
from ...text.escape import escape_html as safe
from ...text.numbers import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from ...arrays.histogram import Histogram

NOTHING = "–"
MOST_ROWS = 64
_WORDS = re.compile(r"[^\W\d_]{3}")  # three letters: no number, nor a number with its unit
_BARS = 60
_WIDTH, _HEIGHT, _LABELS = 300, 60, 14  # pixels


def table_html(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of escaped cells; of very many rows the first, and a line that says so."""
    shown = rows[:MOST_ROWS]
    words = [any(_WORDS.search(str(row[place])) for row in shown) for place in range(len(header))]
    tags = [' style="text-align: left"' if in_words else "" for in_words in words]  # notebooks set cells to the right
    head = "".join(f"<th{tag}>{safe(cell)}</th>" for tag, cell in zip(tags, header, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{tag}>{safe(cell)}</td>' for tag, cell in zip(tags, row, strict=True))}</tr>"
        for row in shown
    )
    more = f"<p>… and {len(rows) - MOST_ROWS} more</p>" if len(rows) > MOST_ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def line_html(title: str, *facts: str) -> str:
    """A bold title, and facts behind it."""
    return f"<p><b>{safe(title)}</b>: {safe(', '.join(filter(None, facts)))}</p>"


def list_html(sentences: Iterable[str]) -> str:
    """Sentences one below the other; nothing where there are none."""
    items = "".join(f"<li>{safe(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def histogram_html(histogram: Histogram, std: float | None, largest: float | None) -> str:
    """The weights of a histogram in bars of equal width, out to six standard deviations; weights beyond are left out.

    Args:
        histogram: (bins, counts), of at least one weight.
        std: of the weights.
        largest: magnitude of the largest.
    """
    reach = min(x for x in (6 * (std or 0) or np.inf, largest or np.inf, float(np.finfo(np.float32).max)))
    counts = _in_bars(histogram, reach)
    heights = counts / counts.max() * _HEIGHT
    step = _WIDTH / _BARS
    bars = "".join(
        f'<rect x="{place * step:.1f}" y="{_HEIGHT - height:.1f}" width="{step - 0.5:.1f}" height="{height:.1f}"/>'
        for place, height in enumerate(heights)
        if height >= 0.05
    )
    labels = "".join(
        f'<text x="{x}" y="{_HEIGHT + _LABELS - 3}" text-anchor="{anchor}">{safe(short(value))}</text>'
        for x, anchor, value in ((0, "start", -reach), (_WIDTH / 2, "middle", 0.0), (_WIDTH, "end", reach))
    )
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT + _LABELS}" role="img" aria-label="histogram of the weights"'
        f' style="fill: currentColor; font: 10px sans-serif"><g opacity="0.7">{bars}</g>{labels}</svg>'
    )


def _in_bars(histogram: Histogram, reach: float) -> npt.NDArray[np.float64]:
    """The weights in each bar: those of a bin that lies in several bars are spread over it evenly."""
    bins, counts = histogram
    low, high = (edge.astype(np.float64) for edge in histogram_edges(bins))
    edges, sums = np.stack([low, high], axis=1).reshape(-1), np.zeros(2 * len(bins))
    sums[1::2] = np.cumsum(counts.astype(np.float64))
    sums[2::2] = sums[1:-1:2]
    at = np.interp(np.linspace(-reach, reach, _BARS + 1), edges, sums, left=0.0, right=sums[-1])
    inside = np.diff(at)
    return inside if inside.max() > 0 else np.ones(_BARS)
