"""A trace: where attention goes, how large the residual stream grows, and what was answered."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import altair as alt

from ...runtime.over_prompts import heads_over_prompts, layers_over_prompts
from ...runtime.trace_document import VERDICTS
from ...text.escape import escape
from ..content.chart import TRACE, Chart, ChartColumn, ChartTable
from .access import trace_of
from .axes import MOST_ROLES, chart_of, marks
from .heads import head_picture, head_sentence
from .layer_curves import LayerCurve, curve_picture, curve_sentence, curve_table
from .panels import Panel, family
from .registry import LeftOutError, NotAskedError, chart
from .words import ends, name, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...runtime.trace_document import PromptTrace, TraceDocument
    from ..content.chart import Specification
    from ..content.results import ReportData

_MEDIANS = "Medians over what was read."
_LINE = 22  # pixels of a category
_NO_CATEGORY = "no category"
_HEADS = {
    "first_token_share": "Attention on the first token",
    "entropy_share": "Attention entropy / ln n",
    "previous_token_share": "Attention on the token before",
    "repeat_share": "Attention on what followed before",
}
_TOLD = {
    "first_token_share": "Head {head} of layer {layer} gives most of its attention to the first token, {value}.",
    "entropy_share": "Head {head} of layer {layer} spreads it most: its entropy is {value} of the largest possible.",
}
_OTHERS, _FIRST = "tokens from the second on", "first token"
# Title → figures of the curves, whether the axis is logarithmic, whether they are shares.
_LAYERS = {
    "Residual stream, max |x| / median |x|": ("residual_peak", True, False),
    "Residual stream, root mean square": ("residual_rms", True, False),
    "Energy of the top 1 % of neurons": ("gated_top_energy_share", False, True),
    "FFN output over attention output": ("ffn_attention_ratio", True, False),
}


@chart("trace-heads")
def traced_heads(data: ReportData) -> Iterator[Chart]:
    """Maps of layers and heads: where attention goes, and how spread it is."""
    document = trace_of(data)
    panels = [
        Panel(title, _head_map(document, figure, title))
        for figure, title in _HEADS.items()
        if figure in document.figures and _known(heads_over_prompts(document, figure))
    ]
    if not panels:
        raise LeftOutError("no head was measured")
    yield family(
        "trace-heads",
        "Attention of every head, as measured",
        panels,
        keys=2,
        definition=_MEDIANS,
        sentence=" ".join(_highest(document)),
        height=170,
    )


def _highest(document: TraceDocument) -> Iterator[str]:
    """The head that looks at the first token most, and the one whose attention is spread most."""
    for figure, told in _TOLD.items():
        if figure in document.figures and _known(table := heads_over_prompts(document, figure)):
            value, layer, head = max(
                (value, -layer, -head)
                for layer, row in enumerate(table)
                for head, value in enumerate(row)
                if value is not None
            )
            yield told.format(value=ends(value, value, "%")[0], layer=-layer, head=-head)


def _known(table: list[list[float | None]]) -> bool:
    return any(value is not None for row in table for value in row)


def _head_map(document: TraceDocument, figure: str, title: str) -> Chart:
    table = heads_over_prompts(document, figure)
    rows = [(layer, head, value) for layer, values in enumerate(table) for head, value in enumerate(values)]
    layers = list(range(document.model.n_layers))
    sentence = head_sentence(rows)
    return Chart(
        name=figure,
        title=title,
        sentence=sentence,
        definition=f"{escape(document.figures[figure].definition)}.",
        alt=f"A map of {len(layers)} layers and {max(document.model.n_heads)} heads. {sentence}",
        table=ChartTable((ChartColumn("layer", "layer"), ChartColumn("head", "head"), ChartColumn(figure, title)),
                         tuple(rows)),
        specification=head_picture(rows, layers, "", percent=figure != "entropy_share"),
        section=TRACE,
    )  # fmt: skip


@chart("trace-layers")
def traced_layers(data: ReportData) -> Iterator[Chart]:
    """Curves over the layers: the residual stream, and where the energy of the FFN lies."""
    document = trace_of(data)
    panels = [
        Panel(title, panel)
        for title, (figure, logarithmic, share) in _LAYERS.items()
        if (panel := _curves(document, title, figure, logarithmic=logarithmic, share=share)) is not None
    ]
    if not panels:
        raise LeftOutError("no layer was measured")
    massive = list(_massive(document))
    yield family(
        "trace-layers",
        "What flows through the layers, as measured",
        panels,
        keys=1,
        definition=_MEDIANS,
        sentence=" ".join(massive or [f"{panels[0].title}: {panels[0].chart.sentence}"]),
        shared=("color", "shape"),
    )


def _curves(document: TraceDocument, title: str, figure: str, *, logarithmic: bool, share: bool) -> Chart | None:
    both = {_OTHERS: figure, _FIRST: f"{figure}_first"}
    curves = [
        LayerCurve(key, label, layers_over_prompts(document, key))
        for label, key in both.items()
        if key in document.figures
    ]
    curves = [curve for curve in curves if curve.known]
    if not curves:
        return None
    sentence = " ".join(curve_sentence(curve, percent=share) for curve in curves)
    return Chart(
        name=figure,
        title=title,
        sentence=sentence,
        definition=f"{escape(document.figures[curves[0].key].definition)}.",
        alt=f"{len(curves)} lines over {document.model.n_layers} layers. {sentence}",
        table=curve_table(curves, "share" if share else ""),
        specification=curve_picture(curves, logarithmic=logarithmic, percent=share),
        section=TRACE,
    )


def _massive(document: TraceDocument) -> Iterator[str]:
    """The channels and tokens that hold the largest values, as the findings of the trace tell them."""
    for record in document.standouts or ():
        if record.kind == "massive_activation":
            yield from (escape(item.sentence) for item in record.items[:2])


@chart("trace-answers")
def traced_answers(data: ReportData) -> Iterator[Chart]:
    """Verdicts on the answers, by category."""
    document = trace_of(data)
    scored = [prompt for prompt in document.prompts if prompt.score is not None]
    if not scored:
        raise NotAskedError
    counts = Counter(prompt.score.verdict for prompt in scored if prompt.score is not None)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    sentence = f"Of {len(scored)} answers: {told}."
    categories = list(dict.fromkeys(prompt.category for prompt in scored))
    more = len(categories) - MOST_ROLES
    yield Chart(
        name="trace-answers",
        title="Answers and verdicts, by category",
        sentence=sentence,
        definition="An answer is held against those that its prompt accepts; unscored: it could not be told."
        + (f" Drawn are the first {MOST_ROLES} of {len(categories)} categories; all are in the table."
           if more > 0 else ""),
        alt=f"Stacked bars for {len(categories)} categories. {sentence}",
        table=_answer_table(document.prompts),
        specification=_answer_picture(scored, categories[:MOST_ROLES]),
        section=TRACE,
    )  # fmt: skip


def _answer_table(prompts: list[PromptTrace]) -> ChartTable:
    columns = (
        ChartColumn("id", "prompt"),
        ChartColumn("category", "category"),
        ChartColumn("verdict", "verdict"),
        ChartColumn("answer", "answer"),
        ChartColumn("n_tokens", "tokens read"),
        ChartColumn("n_answered", "tokens answered"),
    )
    rows = [
        (
            prompt.id,
            prompt.category,
            None if prompt.score is None else prompt.score.verdict,
            prompt.answer_text,
            len(prompt.token_ids),
            None if prompt.answer is None else len(prompt.answer.token_ids),
        )
        for prompt in prompts
    ]
    return ChartTable(columns, tuple(rows))


def _answer_picture(scored: list[PromptTrace], categories: list[str | None]) -> Specification:
    labels = dict(zip(categories, unique([category or _NO_CATEGORY for category in categories]), strict=True))
    counts = Counter(
        (prompt.category, prompt.score.verdict)
        for prompt in scored
        if prompt.score is not None and prompt.category in labels
    )
    rows = [
        {"category": labels[category], "verdict": name(verdict), "answers": count}
        for (category, verdict), count in counts.items()
    ]
    there = {str(row["verdict"]) for row in rows}
    domain = [verdict for verdict in VERDICTS if verdict in there] + sorted(there - set(VERDICTS))
    most = max(Counter(prompt.category for prompt in scored).values())
    bars = (
        marks()
        .mark_bar(style="edge", height={"band": 0.7})
        .encode(
            x=alt.X("answers:Q", title="answers", axis=alt.Axis(tickMinStep=1, tickCount=min(10, most))),
            y=alt.Y(
                "category:N",
                title=None,
                sort=None,
                scale=alt.Scale(domain=list(labels.values())),
                axis=alt.Axis(labelLimit=170),
            ),
            color=alt.Color("verdict:N", title=None, sort=None, scale=alt.Scale(domain=domain)),
            tooltip=[
                alt.Tooltip("category:N", title="category"),
                alt.Tooltip("verdict:N", title="verdict"),
                alt.Tooltip("answers:Q", title="answers"),
            ],
        )
    )
    return chart_of(bars, rows=rows, height=_LINE * len(labels))
