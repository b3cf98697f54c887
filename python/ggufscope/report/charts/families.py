"""Families of charts: those of one kind become panels of one picture, so that a page shows each kind once.

A chart that names a family (`Chart.family`) is one of its panels; a family of one stays the chart that it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...text.numbers import counted
from .panels import Panel, family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..content.chart import Chart


def _every_sentence(charts: Sequence[Chart]) -> str:
    return " ".join(f"{_panel(chart)}: {chart.sentence}" for chart in charts)


def _each_sentence_once(charts: Sequence[Chart]) -> str:
    return " ".join(dict.fromkeys(chart.sentence for chart in charts))


def _confounded(charts: Sequence[Chart]) -> str:
    """The scores that the quantization types explain, which is what to know before anything is read into them."""
    told = [f"{_panel(chart)}: {chart.sentence}" for chart in charts if "a confound" in chart.sentence]
    return " ".join([f"{counted(len(charts), 'score')} of every layer.", *told])


@dataclass(frozen=True)
class Family:
    """Charts of one kind.

    Attributes:
        title: what is seen.
        keys: number of columns, the first ones, by which their tables are joined.
        height: of a panel, in pixels.
        shared: channels that have one legend.
        tell: the sentence of all of them.
    """

    title: str
    keys: int
    height: int = 150
    shared: tuple[str, ...] = ()
    tell: Callable[[Sequence[Chart]], str] = _every_sentence


FAMILIES = {
    "risk": Family("Structural risk index by layer, points of 100", 1, 200, ("color", "strokeDash")),
    "rank": Family("Rank of each layer (1 is highest), and its interval over weightings", 1),
    "scores": Family("Scores by layer, from the weights alone", 1, tell=_confounded),
    "scores-predicted": Family("Attention and FFN by layer, predicted by propagation", 1),
    "scores-probed": Family("Attention and FFN by layer, measured on a probe", 1),
    "heads": Family("Attention heads, and the plain ranking that they are measured against", 2, 190),
    "standout-layers": Family("What stands out, layer by layer", 1, tell=_each_sentence_once),
    "standout-heads": Family("What stands out, head by head", 2, 170, tell=_each_sentence_once),
    "validation-points": Family(
        "Predicted against measured, point by point", 3, 220, ("shape", "color"),
        lambda charts: (
            f"A point for each layer or head, of {len(charts)} quantities; the chart of orders tells how well each is"
            " predicted."
        ),
    ),
}  # fmt: skip


def _panel(chart: Chart) -> str:
    return chart.panel or chart.title


def together(charts: Iterable[Chart]) -> list[Chart]:
    """The charts, those of a family as one, at the place of its first."""
    members: dict[str, list[Chart]] = {}
    for chart in charts:
        members.setdefault(chart.family or chart.name, []).append(chart)
    return [_joined(name, each) if len(each) > 1 else each[0] for name, each in members.items()]


def _joined(name: str, charts: list[Chart]) -> Chart:
    about = FAMILIES[name]
    # What a panel alone says stands in front of how it was computed.
    panels = [
        Panel(_panel(chart), replace(chart, definition=f"{chart.sentence} {chart.definition}")) for chart in charts
    ]
    return family(
        name,
        about.title,
        panels,
        keys=about.keys,
        sentence=about.tell(charts),
        height=about.height,
        shared=about.shared,
    )
