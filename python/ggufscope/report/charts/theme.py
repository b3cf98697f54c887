"""Colours and type of the two themes, as Vega-Lite configurations.

Charts name roles (a style, "category", "ordinal"), themes give them colours. Categories have the colours of Okabe and
Ito, which people with any colour vision tell apart, and always a second mark beside them: shape, dash or a label.
Ordered values have a ramp whose lightness rises steadily (cividis, viridis), so that they read in grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Theme = Literal["light", "dark"]

_FONT = "Helvetica, Arial, sans-serif"
ROWS = "rows"  # the name of a specification's data
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")


@dataclass(frozen=True)
class _Colours:
    """Of one theme; `ordinal` is the part of the ramp that stands out from the background."""

    background: str
    text: str
    muted: str
    grid: str
    curve: str
    band: str
    accent: str
    category: tuple[str, ...]
    ordinal: tuple[float, float]


THEMES: dict[str, _Colours] = {
    "light": _Colours(
        background="#ffffff",
        text="#1b1f24",
        muted="#57606a",
        grid="#e4e7eb",
        curve="#6e7781",
        band="#9aa4af",
        accent="#0b0d10",
        category=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333", "#a39a00"),
        ordinal=(0.0, 1.0),
    ),
    "dark": _Colours(
        background="#14171c",
        text="#e6eaef",
        muted="#9aa4b0",
        grid="#2a3038",
        curve="#8b949e",
        band="#7d8792",
        accent="#f5f7fa",
        category=("#56b4e9", "#e69f00", "#2fbf93", "#cc79a7", "#f0e442", "#4f93d8", "#d9d9d9", "#f2834a"),
        ordinal=(0.22, 1.0),
    ),
}


def colours(theme: str) -> _Colours:
    """The colours of a theme.

    Raises:
        ValueError: There is no such theme.
    """
    if theme not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}, not {theme!r}")
    return THEMES[theme]


def configuration(theme: str) -> dict[str, Any]:
    """The Vega-Lite configuration of a theme."""
    look = colours(theme)
    return {
        "background": look.background,
        "font": _FONT,
        "view": {"stroke": None},
        "axis": _axis(look),
        "axisX": {"grid": False},
        "axisY": {"domain": False, "ticks": False},
        "legend": _legend(look),
        "title": _title(look),
        "text": {"fill": look.text, "fontSize": 11},
        "range": {
            "category": list(look.category),
            "ordinal": {"scheme": "viridis", "extent": list(look.ordinal)},
            "heatmap": {"scheme": "cividis"},
            "ramp": {"scheme": "cividis"},
            "symbol": list(SHAPES),
        },
        "style": _styles(look),
    }


def _axis(look: _Colours) -> dict[str, Any]:
    return {
        "labelColor": look.muted,
        "labelFontSize": 11,
        "titleColor": look.text,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domainColor": look.muted,
        "tickColor": look.muted,
        "tickSize": 4,
        "gridColor": look.grid,
        "labelOverlap": True,
    }


def _legend(look: _Colours) -> dict[str, Any]:
    return {
        "orient": "top",
        "direction": "horizontal",
        "labelColor": look.text,
        "labelFontSize": 11,
        "labelLimit": 150,
        "labelOverlap": "greedy",
        "titleColor": look.muted,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titleOrient": "left",
        "titlePadding": 8,
        "symbolSize": 90,
        "symbolBaseFillColor": look.band,
        "symbolBaseStrokeColor": look.muted,
        "offset": 8,
        "columnPadding": 14,
        "columns": {"expr": "width < 420 ? 2 : 0"},  # 0: all on one line
        "layout": {"top": {"direction": "vertical", "anchor": "start", "margin": 4, "offset": 14}},
    }


def _title(look: _Colours) -> dict[str, Any]:
    return {
        "anchor": "start",
        "frame": "bounds",
        "color": look.text,
        "fontSize": 15,
        "fontWeight": 600,
        "subtitleColor": look.muted,
        "subtitleFontSize": 12,
        "subtitlePadding": 5,
        "subtitleLineHeight": 16,
        "lineHeight": 19,
        "offset": 12,
    }


def _styles(look: _Colours) -> dict[str, Any]:
    """Marks that stand for no category."""
    return {
        "curve": {"color": look.curve, "strokeWidth": 1.5, "strokeJoin": "round"},
        "accent": {"color": look.accent, "strokeWidth": 1.75, "strokeJoin": "round"},
        "dot": {"color": look.accent, "stroke": look.background, "strokeWidth": 1},
        "ringed": {"stroke": look.muted, "strokeWidth": 0.75},
        "edge": {"stroke": look.background, "strokeWidth": 0.5},
        "band": {"color": look.band, "fillOpacity": 0.4},
        "whisker": {"color": look.accent, "strokeWidth": 1},
        "stroke": {"color": look.accent},
        "cell": {"stroke": look.background, "strokeWidth": 0.25},
        "plain": {"color": look.curve},
        "label": {"color": look.text, "fontSize": 11},
        "note": {"color": look.muted, "fontSize": 11},
    }
