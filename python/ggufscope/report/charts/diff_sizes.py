"""Errors of several models over their sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ..content.chart import Chart, ChartColumn, ChartTable
from ..content.diff_words import percent_text
from .access import diff_of
from .axes import chart_of, marks
from .diff_words import error_axis, model_labels
from .registry import LeftOutError, NotAskedError, chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.diff_document import DiffDocument
    from ...diffs.records import ModelDiff
    from ..content.chart import Specification
    from ..content.results import ReportData

_MOST_NAMED = 12  # points with their names beside them


@chart("error-size")
def error_size(data: ReportData) -> Iterator[Chart]:
    """A point for each model: how large it is, and how far from the reference."""
    document = diff_of(data)
    if len(document.models) < 2:
        raise NotAskedError
    erring = [(label, model) for label, model in _named(document) if model.summary.nmse]
    if not erring:
        raise LeftOutError("no model has an error")
    least, most = (pick(erring, key=lambda pair: pair[1].summary.nmse or 0) for pick in (min, max))
    exact = len(document.models) - len(erring)
    sentence = (
        f"From {percent_text(least[1].summary.nmse or 0)} % ({least[0]}) to {percent_text(most[1].summary.nmse or 0)} %"
        f" ({most[0]})."
        + (f" {exact} without an error {'is' if exact == 1 else 'are'} not drawn." if exact else "")
    )  # fmt: skip
    yield Chart(
        name="error-size",
        title="Error and size of the models",
        sentence=sentence,
        definition=(
            "NMSE over all weights that were compared, on a logarithmic axis, over the bits that a weight takes on"
            " average. Of two models of one size the lower is closer to the reference in its weights; which answers"
            " better is another question."
        ),
        alt=f"A point for each of {len(erring)} models. {sentence}",
        table=_table(document),
        specification=_picture(document),
    )


def _named(document: DiffDocument) -> list[tuple[str, ModelDiff]]:
    return list(zip(model_labels(document), document.models, strict=True))


def _table(document: DiffDocument) -> ChartTable:
    columns = (
        ChartColumn("model", "model"),
        ChartColumn("n_bytes", "size", "B"),
        ChartColumn("bits_per_weight", "bits per weight"),
        ChartColumn("nmse", "NMSE"),
        ChartColumn("sqnr_db", "SQNR", "dB"),
    )
    rows = [
        (
            label,
            model.subject.n_bytes,
            model.subject.bits_per_weight,
            model.summary.nmse,
            model.summary.sqnr_db,
        )
        for label, model in _named(document)
    ]
    return ChartTable(columns, tuple(rows))


def _picture(document: DiffDocument) -> Specification:
    rows = [
        {
            "model": label,
            "bits": model.subject.bits_per_weight,
            "bytes": model.subject.n_bytes,
            "nmse": model.summary.nmse,
            "sqnr": model.summary.sqnr_db,
        }
        for label, model in _named(document)
        if model.summary.nmse and model.subject.bits_per_weight is not None
    ]
    errors = [error for model in document.models if (error := model.summary.nmse)]
    base = marks().encode(
        x=alt.X("bits:Q", title="bits per weight", scale=alt.Scale(zero=False, padding=40), axis=alt.Axis(tickCount=8)),
        y=alt.Y("nmse:Q", title="NMSE", scale=alt.Scale(type="log", padding=30, nice=False), axis=error_axis(errors)),
        tooltip=[
            alt.Tooltip("model:N", title="model"),
            alt.Tooltip("bits:Q", title="bits per weight", format=".2f"),
            alt.Tooltip("bytes:Q", title="bytes", format=",d"),
            alt.Tooltip("nmse:Q", title="NMSE", format=".3~%"),
            alt.Tooltip("sqnr:Q", title="SQNR dB", format=".1f"),
        ],
    )
    dots = base.mark_point(filled=True, style="dot", opacity=1, size=70)
    named = base.mark_text(style="label", dy=-10, limit=150).encode(text="model:N")
    return chart_of(dots, *([named] if len(rows) <= _MOST_NAMED else []), rows=rows, height=280)
