"""Figures of a trace, and the points where activations are taken."""

from __future__ import annotations

from ggufscope.runtime.measuring.capture import POINTS
from ggufscope.runtime.measuring.experts import EXPERT_FIGURES
from ggufscope.runtime.measuring.figures import FIGURES, FIRST, band_figure

from .markdown import code, page, paragraph, table


def render() -> str:
    band = band_figure(0)
    return page(
        "Figures of a trace",
        paragraph(
            "What `ggufscope trace` measures of every layer and attention head while a prompt is read, as"
            " `layers` and `heads` of a saved trace name it. [Trace](../trace.md#figures) says why they"
            " are as they are. Positions t begin at 0."
        ),
        table(
            ("figure", "per", "definition"),
            ((code(name), "head" if figure.per_head else "layer", figure.definition)
             for name, figure in {**FIGURES, band.name: band}.items() if not name.endswith(FIRST)),
        ),
        paragraph(
            f"Beside every figure of a layer stands `…{FIRST}`, that of the first token alone. The bands"
            f" of positions go on with `{band_figure(1).name}`, `{band_figure(2).name}` and so on, as far"
            " as the longest prompt does."
        ),
        "## Figures of experts",
        table(("figure", "definition"), ((code(name), text) for name, text in EXPERT_FIGURES.items())),
        "## Points",
        "Where activations are taken, and what `--keep NAME` stores.",
        table(("point", "what is captured"), ((code(name), text.split(" [")[0]) for name, text in POINTS.items())),
    )  # fmt: skip
