"""The cost of mixes over their size: the curve, the choice, the given files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ...text.numbers import short
from ..content.chart import Chart, ChartColumn, ChartTable
from .access import bits_of
from .axes import chart_of, marks
from .registry import chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.budgets.bits_document import BitsDocument
    from ..content.chart import Specification
    from ..content.results import ReportData

_CURVE, _MIX = "least cost", "this mix"


@chart("bits-size")
def bits_size(data: ReportData) -> Iterator[Chart]:
    """The least cost at each size, and where the choice and the given files lie."""
    document = bits_of(data)
    mix = document.mix
    sentence = f"{mix.bits_per_weight:.3f} bits per weight cost {short(mix.cost)} nats."
    yield Chart(
        name="bits-size",
        title="Cost and size of mixes",
        sentence=sentence,
        definition=(
            "The predicted KL divergence of next tokens over the bits that a weight takes on average. The line is the"
            " least that a mix of these types costs at a size; the given files cannot lie below it."
        ),
        alt=f"A falling line of {len(document.curve)} mixes, and points for the choice and the given files. {sentence}",
        table=_table(document),
        specification=_picture(document),
    )


def _points(document: BitsDocument) -> list[tuple[str, int, float, float]]:
    """Name, bytes, bits per weight and cost of all that is drawn."""
    points = [(_CURVE, each.n_bytes, each.bits_per_weight, each.cost) for each in document.curve]
    points.append((_MIX, document.mix.n_bytes, document.mix.bits_per_weight, document.mix.cost))
    points += [
        (each.file, each.n_bytes, each.bits_per_weight, each.cost) for each in document.given if each.cost is not None
    ]
    return points


def _table(document: BitsDocument) -> ChartTable:
    columns = (
        ChartColumn("mix", "mix"),
        ChartColumn("n_bytes", "size", "B"),
        ChartColumn("bits_per_weight", "bits per weight"),
        ChartColumn("cost", "cost", "nats"),
    )
    return ChartTable(columns, tuple(_points(document)))


def _picture(document: BitsDocument) -> Specification:
    rows = [
        {"mix": name, "kind": "curve" if place < len(document.curve) else "point", "bits": bits, "cost": cost}
        for place, (name, _, bits, cost) in enumerate(_points(document))
    ]
    base = marks().encode(
        x=alt.X("bits:Q", title="bits per weight", scale=alt.Scale(zero=False, padding=30), axis=alt.Axis(tickCount=8)),
        y=alt.Y("cost:Q", title="cost", scale=alt.Scale(padding=20), axis=alt.Axis(tickCount=6)),
        tooltip=[
            alt.Tooltip("mix:N", title="mix"),
            alt.Tooltip("bits:Q", title="bits per weight", format=".3f"),
            alt.Tooltip("cost:Q", title="cost", format=".3~g"),
        ],
    )
    line = base.transform_filter("datum.kind == 'curve'").mark_line()
    points = base.transform_filter("datum.kind == 'point'")
    dots = points.mark_point(filled=True, style="dot", opacity=1, size=70)
    named = points.mark_text(style="label", dy=-10, limit=150).encode(text="mix:N")
    return chart_of(line, dots, named, rows=rows, height=280)
