"""What came of two models reading the same tokens: at the output, by layer, by matrix, and where it hurts most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..report.content.diff_run_words import (
    DRIFT_DEFINITION,
    PLAIN_DRIFT_DEFINITION,
    output_lines,
    read_text,
    some_layers,
    texts_of,
    tops_text,
    worst_matrices,
)
from ..report.content.diff_words import cosine_text, labels, percent_text, types_text
from ..text.glyphs import LONGEST_TEXT, Glyphs
from .console import safe
from .fact import render_fact
from .fitted import Fitted, render_fitted

if TYPE_CHECKING:
    from rich.console import Console

    from ..diffs.diff_document import DiffDocument
    from ..diffs.run_record import RunRecord

_MOST_MATRICES, _MOST_LAYERS, _MOST_POSITIONS = 10, 16, 5
_LABEL_WIDTH = len("perplexity")


def render_runs(console: Console, document: DiffDocument) -> None:
    """The run of each model that has one."""
    several = len(document.models) > 1
    for name, model in zip(labels(document), document.models, strict=True):
        if model.run is not None:
            _render(console, model.run, name if several else None)
    if any(model.run is not None for model in document.models):
        console.print()
        plain = not Glyphs.of(console.encoding).blocks
        console.print(Text(f"{PLAIN_DRIFT_DEFINITION if plain else DRIFT_DEFINITION}.", "dim"))


def _render(console: Console, run: RunRecord, name: str | None) -> None:
    glyphs = Glyphs.of(console.encoding)
    of_model = "" if name is None else f"{glyphs.cut(name, LONGEST_TEXT)}: "
    console.print()
    console.print(safe(f"{of_model}both read {read_text(run)}", "bold"), soft_wrap=True)
    for label, text in (*output_lines(run), *(("note", note) for note in run.notes)):
        render_fact(console, label, text, width=_LABEL_WIDTH)
    _render_layers(console, run)
    _render_matrices(console, run, glyphs)
    _render_positions(console, run, glyphs)


def _render_layers(console: Console, run: RunRecord) -> None:
    layers = some_layers(run, _MOST_LAYERS)
    console.print()
    render_fitted(
        console,
        [
            Fitted("layer", [str(each.layer) for each in layers]),
            Fitted("drift %", _percents([each.drift for each in layers])),
            Fitted("cosine", ["" if each.cosine is None else cosine_text(each.cosine) for each in layers], yields=2),
            Fitted("attention moved %", _percents([each.attention for each in layers]), yields=1),
        ],
        "how far the two have come apart",
    )


def _render_matrices(console: Console, run: RunRecord, glyphs: Glyphs) -> None:
    matrices = worst_matrices(run, _MOST_MATRICES)
    if not matrices:
        return
    console.print()
    render_fitted(
        console,
        [
            Fitted("output error %", _percents([each.error for each in matrices])),
            Fitted("first token %", _percents([each.error_first for each in matrices]), yields=2),
            Fitted("type", [types_text(each, glyphs.arrow) for each in matrices], "text", 1),
            Fitted("matrix", [each.name for each in matrices], "name"),
        ],
        "matrices with the largest output errors",
    )


def _render_positions(console: Console, run: RunRecord, glyphs: Glyphs) -> None:
    positions = run.worst[:_MOST_POSITIONS]
    if not positions:
        return
    console.print()
    render_fitted(
        console,
        [
            Fitted("KL", texts_of([each.kl for each in positions])),
            Fitted("position", [str(each.position) for each in positions], yields=2),
            Fitted("likeliest next", [tops_text(each, glyphs.arrow) for each in positions], "text", 1),
            Fitted("behind", [each.before for each in positions], "name"),
        ],
        "where it hurts most",
    )


def _percents(values: list[float | None]) -> list[str]:
    return ["" if value is None else percent_text(value) for value in values]
