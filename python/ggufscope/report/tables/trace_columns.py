"""A trace in columns: its prompts with their answers, and its figures by layer and by head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.over_prompts import heads_over_prompts, layers_over_prompts
from ...saving.tables import DataColumn, columns_of

if TYPE_CHECKING:
    from ...runtime.trace_document import TraceDocument
    from ...saving.tables import ColumnAbout
    from ..content.results import ReportData

_PROMPTS: tuple[ColumnAbout, ...] = (
    ("id", "text", "unique within the trace"),
    ("category", "text", "of the prompt set"),
    ("difficulty", "text", "as the prompt set states it"),
    ("n_tokens", "integer", "that the model read"),
    ("n_answered", "integer", "tokens of the answer"),
    ("verdict", "text", "correct, wrong or unscored"),
    ("reason", "text", "of the verdict"),
    ("ended", "text", "what ended the answer"),
    ("prompt", "text", "as in the prompt set"),
    ("answer", "text", "that the model wrote; token ids where there is no tokenizer"),
)


def _document(data: ReportData) -> TraceDocument | None:
    return data.trace.document if data.trace is not None else None


def prompt_columns(data: ReportData) -> list[DataColumn]:
    """A row for each prompt."""
    document = _document(data)
    rows = [
        {
            "id": prompt.id,
            "category": prompt.category,
            "difficulty": prompt.difficulty,
            "n_tokens": len(prompt.token_ids),
            "n_answered": None if prompt.answer is None else len(prompt.answer.token_ids),
            "verdict": None if prompt.score is None else prompt.score.verdict,
            "reason": None if prompt.score is None else prompt.score.reason,
            "ended": None if prompt.answer is None else prompt.answer.ended,
            "prompt": prompt.prompt,
            "answer": prompt.answer_text,
        }
        for prompt in (document.prompts if document else ())
    ]
    return columns_of(_PROMPTS, rows)


def traced_layer_columns(data: ReportData) -> list[DataColumn]:
    """A row for each layer: every figure, the median over the prompts; those of heads averaged over the layer's."""
    document = _document(data)
    if document is None:
        return []
    figures = {
        name: DataColumn(name, "number", figure.definition, layers_over_prompts(document, name))
        for name, figure in document.figures.items()
    }
    return [DataColumn("layer", "integer", "", list(range(document.model.n_layers))), *figures.values()]


def traced_head_columns(data: ReportData) -> list[DataColumn]:
    """A row for each head: every figure of heads, the median over the prompts."""
    document = _document(data)
    if document is None:
        return []
    places = [(layer, head) for layer, heads in enumerate(document.model.n_heads) for head in range(heads)]
    figures = {
        name: DataColumn(
            name, "number", figure.definition, [value for row in heads_over_prompts(document, name) for value in row]
        )
        for name, figure in document.figures.items()
        if figure.per_head
    }
    return [
        DataColumn("layer", "integer", "", [layer for layer, _ in places]),
        DataColumn("head", "integer", "query head", [head for _, head in places]),
        *figures.values(),
    ]
