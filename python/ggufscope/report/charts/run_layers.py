"""How far two models that read the same tokens have come apart, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import altair as alt

from ..content.chart import Chart, ChartColumn, ChartTable
from ..content.diff_run_words import DRIFT, MOVED
from ..content.diff_words import percent_text
from .access import runs_of
from .axes import WHERE_LAYER, chart_of, dot_size, layer_x, marks
from .diff_words import MOST_MODELS, error_axis, model_colours, model_legend, only_models
from .registry import LeftOutError, chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.run_record import LayerDrift, RunRecord
    from ..content.chart import Specification
    from ..content.results import ReportData


class _Figure(NamedTuple):
    """A figure of layers that a chart is of."""

    name: str
    field: str
    title: str
    axis: str
    definition: str
    what: str


_DRIFT = _Figure(
    "run-drift", "drift", "Drift of the residual stream", "drift", f"{DRIFT}, a median over tokens.", "stream"
)
_ATTENTION = _Figure(
    "run-attention", "attention", "Attention that moved", "moved", f"{MOVED}, mean over heads and queries.", "attention"
)


@chart("run-drift")
def run_drift(data: ReportData) -> Iterator[Chart]:
    """The drift of the residual stream behind every layer, of every model that was run."""
    yield _over_layers(data, _DRIFT)


@chart("run-attention")
def run_attention(data: ReportData) -> Iterator[Chart]:
    """The share of attention that went elsewhere, in every layer."""
    yield _over_layers(data, _ATTENTION)


def _over_layers(data: ReportData, figure: _Figure) -> Chart:
    runs = runs_of(data)
    known = [(label, _known(run, figure)) for label, run in runs]
    drawn = [(label, layers) for label, layers in known if layers][:MOST_MODELS]
    if not drawn:
        raise LeftOutError("the models do not come apart" if figure is _DRIFT else "no attention moved")
    sentence = " ".join(_sentence(label if len(runs) > 1 else None, layers, figure) for label, layers in drawn[:3])
    return Chart(
        name=figure.name,
        title=figure.title,
        sentence=sentence,
        definition=(
            f"{figure.definition} On a logarithmic axis; the first token of a sequence is left out. Layers without a"
            f" difference have no place there.{only_models(len(runs))}"
        ),
        alt=f"{'A line' if len(drawn) == 1 else f'{len(drawn)} lines'} over the layers. {sentence}",
        table=_table(runs),
        specification=_picture(drawn, figure, several=len(runs) > 1),
    )


def _known(run: RunRecord, figure: _Figure) -> list[tuple[int, float]]:
    """Layer and value, where there is one above 0."""
    return [(each.layer, value) for each in run.layers if (value := getattr(each, figure.field))]


def _sentence(label: str | None, layers: list[tuple[int, float]], figure: _Figure) -> str:
    layer, value = max(layers, key=lambda pair: pair[1])
    of = "" if label is None else f" of {label}"
    return f"The {figure.what}{of} differs most in layer {layer} ({percent_text(value)} %)."


def _table(runs: list[tuple[str, RunRecord]]) -> ChartTable:
    columns = (
        ChartColumn("model", "model"),
        ChartColumn("layer", "layer"),
        ChartColumn("drift", "drift"),
        ChartColumn("drift_total", "drift of all tokens"),
        ChartColumn("cosine", "cosine"),
        ChartColumn("attention", "attention moved"),
        ChartColumn("same_experts", "same experts", "share"),
    )

    def row(label: str, each: LayerDrift) -> tuple[str | int | float | None, ...]:
        return label, each.layer, each.drift, each.drift_total, each.cosine, each.attention, each.same_experts

    return ChartTable(columns, tuple(row(label, each) for label, run in runs for each in run.layers))


def _picture(drawn: list[tuple[str, list[tuple[int, float]]]], figure: _Figure, *, several: bool) -> Specification:
    rows: list[dict[str, Any]] = [
        {"model": label, "layer": layer, "value": value} for label, layers in drawn for layer, value in layers
    ]
    order = sorted({row["layer"] for row in rows})
    models = [label for label, _ in drawn]
    scale = alt.Scale(type="log", padding=8, nice=False)
    base = marks().encode(
        x=layer_x(order),
        y=alt.Y("value:Q", title=figure.axis, scale=scale, axis=error_axis(row["value"] for row in rows)),
        tooltip=[
            alt.Tooltip("model:N", title="model"),
            WHERE_LAYER,
            alt.Tooltip("value:Q", title=figure.axis, format=".3~%"),
        ],
    )
    if several:
        base = base.encode(
            color=model_colours(models, "model"),
            shape=alt.Shape(
                "model:N", title="model", sort=None, scale=alt.Scale(domain=models), legend=model_legend(models)
            ),
        )
    dots = base.mark_point(filled=True, style="dot", opacity=1, size=dot_size(len(order)))
    lines = base.encode(shape=alt.value("circle")).mark_line() if several else base.mark_line()
    return chart_of(lines, dots, rows=rows, height=240)
