"""What charts over the layers have in common: their axis, their data, names and numbers in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import altair as alt

from ...escape import escape
from ..cells import short
from .registry import LeftOutError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...analysis.document import PresetSummary
    from ...analysis.result import Analysis
    from ...profiles import Profile
    from ..data import ReportData
    from .chart import Specification

ROWS = "rows"  # the name of a specification's data
MOST_TICKS = 12
LONGEST_NAME = 40


def analysis_of(data: ReportData) -> Analysis:
    """The analysis, where a chart needs one."""
    if data.analysis is None:
        raise LeftOutError(data.why_no_analysis or "there is no analysis")
    return data.analysis


def profile_of(data: ReportData) -> Profile:
    """The profile, where a chart needs one."""
    if data.profile is None:
        raise LeftOutError(data.why_no_profile or "there is no profile")
    return data.profile


def presets_of(data: ReportData) -> list[PresetSummary]:
    """Every preset of the analysis, the leading one first."""
    document = analysis_of(data).document
    return [document.preset, *document.other_presets]


def name(text: object) -> str:
    """A name from a file as charts show it: nothing invisible, not too long."""
    shown = escape(text)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def words(identifier: str) -> str:
    """`"ffn_dominance"` → `"FFN dominance"`."""
    return re.sub(r"\bffn\b", "FFN", identifier.replace("_", " "))


def stem(*parts: str) -> str:
    """A file stem of what may be any text."""
    return "-".join(filter(None, (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:40] for part in parts)))


def number(value: float | None) -> str:
    """A number in a sentence."""
    return "undefined" if value is None else short(value)


def listed(items: Sequence[str]) -> str:
    """`"a, b and c"`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def ticks(layers: Sequence[int]) -> list[int]:
    """The layers to name on an axis: all, or every second, fourth, fifth, tenth and so on."""
    steps = (step * 10**power for power in range(6) for step in (1, 2, 4, 5))
    step = next(step for step in steps if len(layers) <= MOST_TICKS * step)
    return [layer for layer in layers if layer % step == 0] or list(layers[:1])


def layer_x(layers: Sequence[int]) -> alt.X:
    """The axis of the layers: one band each, a dozen of them named."""
    axis = alt.Axis(values=ticks(layers), labelAngle=0, labelOverlap="greedy")
    return alt.X("layer:O", title="layer", axis=axis, scale=alt.Scale(domain=list(layers), paddingInner=0.15))


def chart_of(
    *layers: alt.Chart | alt.LayerChart, rows: Iterable[dict[str, Any]], height: int = 240, **properties: Any
) -> Specification:
    """The specification of marks on top of each other, as wide as their container."""
    top = layers[0] if len(layers) == 1 else alt.layer(*layers)
    top = top.properties(width="container", height=height, data=alt.NamedData(name=ROWS), **properties)
    return with_rows(top, rows)


def with_rows(top: Any, rows: Iterable[dict[str, Any]]) -> Specification:
    """A chart as a specification; its data joins afterwards, so that altair does not check every row."""
    found: Specification = top.to_dict()
    found.pop("config", None)
    found["datasets"] = {ROWS: list(rows)}
    found["autosize"] = {"type": "fit-x", "contains": "padding"}
    return found


def marks() -> Any:
    """A chart without data of its own, to put marks on."""
    return alt.Chart(alt.NamedData(name=ROWS))
