"""The divergence of the next token along the texts that two models read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ...text.numbers import counted, short
from ..content.chart import Chart, ChartColumn, ChartTable
from .access import runs_of
from .axes import chart_of, marks
from .diff_words import MOST_MODELS, model_colours, only_models
from .registry import LeftOutError, chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.run_record import RunRecord
    from ..content.chart import Specification
    from ..content.results import ReportData

_MOST_POINTS = 600  # of a model; beyond that a point is the mean of several positions


@chart("run-text")
def run_text(data: ReportData) -> Iterator[Chart]:
    """KL behind every token, of every model that was run: where in the text the answers differ."""
    runs = runs_of(data)
    drawn = [(label, run) for label, run in runs if any(_values(run))]
    if not drawn:
        saved = any(run.sequences for _, run in runs)
        raise LeftOutError("no distribution differs" if saved else "the diff was saved without it")
    sentence = " ".join(_sentence(label if len(runs) > 1 else None, run) for label, run in drawn[:3])
    step = _step(drawn[0][1])
    several = f" A point is the mean over {step} positions." if step > 1 else ""
    yield Chart(
        name="run-text",
        title="Divergence along the text",
        sentence=sentence,
        definition=(
            "Σ p_a ln(p_a / p_b) of the next token behind each position, sequences one after the other; the first token"
            f" of each is left out.{several}{only_models(len(runs))}"
        ),
        alt=f"A line over {len(_values(drawn[0][1]))} positions. {sentence}",
        table=_table(drawn, step),
        specification=_picture(drawn[:MOST_MODELS], step, several=len(runs) > 1),
    )


def _values(run: RunRecord) -> list[float | None]:
    """The divergence behind each token but the first of each sequence."""
    return [value for sequence in run.sequences for value in sequence.kl[1:]]


def _step(run: RunRecord) -> int:
    return max(1, -(-len(_values(run)) // _MOST_POINTS))


def _sentence(label: str | None, run: RunRecord) -> str:
    known = sorted((value for value in _values(run) if value is not None), reverse=True)
    tenth = known[: -(-len(known) // 10)]
    whole = sum(known)
    share = sum(tenth) / whole if whole else 0.0
    of = "" if label is None else f" of {label}"
    return (
        f"The worst tenth of {counted(len(known), 'position')}{of} holds {100 * share:.0f} % of the divergence; the"
        f" largest is {short(known[0])} nats."
    )


def _points(run: RunRecord, step: int) -> Iterator[tuple[int, float | None]]:
    """Position and divergence, means over `step` positions."""
    values = _values(run)
    for first in range(0, len(values), step):
        known = [value for value in values[first : first + step] if value is not None]
        yield first + 1, sum(known) / len(known) if known else None


def _table(drawn: list[tuple[str, RunRecord]], step: int) -> ChartTable:
    columns = (ChartColumn("model", "model"), ChartColumn("position", "position"), ChartColumn("kl", "KL", "nats"))
    return ChartTable(columns, tuple((label, *point) for label, run in drawn for point in _points(run, step)))


def _picture(drawn: list[tuple[str, RunRecord]], step: int, *, several: bool) -> Specification:
    rows: list[dict[str, Any]] = [
        {"model": label, "position": position, "kl": value}
        for label, run in drawn
        for position, value in _points(run, step)
    ]
    base = marks().encode(
        x=alt.X("position:Q", title="position", scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=6)),
        y=alt.Y("kl:Q", title="KL, nats", axis=alt.Axis(tickCount=6)),
        tooltip=[
            alt.Tooltip("model:N", title="model"),
            alt.Tooltip("position:Q", title="position"),
            alt.Tooltip("kl:Q", title="KL, nats", format=".3~g"),
        ],
    )
    if several:
        models = [label for label, _ in drawn]
        base = base.encode(color=model_colours(models, "model"))
    return chart_of(base.mark_line(strokeWidth=1, interpolate="step-after"), rows=rows, height=220)
