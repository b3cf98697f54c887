"""Charts of profiles and analyses: one specification each, for pages (Vega-Lite), SVG and PNG.

    ReportData ──registry──▶ Chart ──themed──▶ Vega-Lite for a page
                               │
                               └──svg, png──▶ files, without browser or network

A chart is a function with the decorator of `registry`, in a module that is listed there. It takes numbers from the
results and computes none. Text from a model's file enters a chart as data, with its invisible characters escaped; it is
never part of an expression, a field name or markup.
"""

from ..content.chart import Chart, ChartColumn, ChartTable
from .registry import LeftOutError, charts, draw, draw_apart, left_out
from .render import png, svg, themed, vega_script
from .theme import THEMES

__all__ = [
    "THEMES",
    "Chart",
    "ChartColumn",
    "ChartTable",
    "LeftOutError",
    "charts",
    "draw",
    "draw_apart",
    "left_out",
    "png",
    "svg",
    "themed",
    "vega_script",
]
