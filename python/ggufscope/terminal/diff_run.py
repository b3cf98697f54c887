"""What came of two models reading the same tokens: at the output, by layer, by matrix, and where it hurts most."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from ..text.glyphs import LONGEST_TEXT
from .columns import Column

if TYPE_CHECKING:
    from ..diffs.diff_document import DiffDocument
    from ..diffs.run_record import RunRecord
    from ..text.glyphs import Glyphs
    from .screen import Screen

_MOST_MATRICES, _MOST_LAYERS, _MOST_POSITIONS = 10, 16, 5
_LABEL_WIDTH = len("perplexity")


def render_runs(screen: Screen, document: DiffDocument) -> None:
    """The run of each model that has one."""
    several = len(document.models) > 1
    for name, model in zip(labels(document), document.models, strict=True):
        if model.run is not None:
            _render(screen, model.run, name if several else None)
    if any(model.run is not None for model in document.models):
        screen.blank()
        plain = not screen.glyphs.blocks
        screen.line(f"{PLAIN_DRIFT_DEFINITION if plain else DRIFT_DEFINITION}.", "dim")


def _render(screen: Screen, run: RunRecord, name: str | None) -> None:
    glyphs = screen.glyphs
    of_model = "" if name is None else f"{glyphs.cut(name, LONGEST_TEXT)}: "
    screen.blank()
    screen.heading(f"{of_model}both read {read_text(run)}")
    for label, text in (*output_lines(run), *(("note", note) for note in run.notes)):
        screen.fact(label, text, width=_LABEL_WIDTH)
    _render_layers(screen, run)
    _render_matrices(screen, run, glyphs)
    _render_positions(screen, run, glyphs)


def _render_layers(screen: Screen, run: RunRecord) -> None:
    layers = some_layers(run, _MOST_LAYERS)
    screen.blank()
    screen.table(
        [
            Column("layer", [str(each.layer) for each in layers]),
            Column("drift %", _percents([each.drift for each in layers])),
            Column("cosine", ["" if each.cosine is None else cosine_text(each.cosine) for each in layers], yields=2),
            Column("attention moved %", _percents([each.attention for each in layers]), yields=1),
        ],
        "how far the two have come apart",
    )


def _render_matrices(screen: Screen, run: RunRecord, glyphs: Glyphs) -> None:
    matrices = worst_matrices(run, _MOST_MATRICES)
    if not matrices:
        return
    screen.blank()
    screen.table(
        [
            Column("output error %", _percents([each.error for each in matrices])),
            Column("first token %", _percents([each.error_first for each in matrices]), yields=2),
            Column("type", [types_text(each, glyphs.arrow) for each in matrices], "text", 1),
            Column("matrix", [each.name for each in matrices], "name"),
        ],
        "matrices with the largest output errors",
    )


def _render_positions(screen: Screen, run: RunRecord, glyphs: Glyphs) -> None:
    positions = run.worst[:_MOST_POSITIONS]
    if not positions:
        return
    screen.blank()
    screen.table(
        [
            Column("KL", texts_of([each.kl for each in positions])),
            Column("position", [str(each.position) for each in positions], yields=2),
            Column("likeliest next", [tops_text(each, glyphs.arrow) for each in positions], "text", 1),
            Column("behind", [each.before for each in positions], "name"),
        ],
        "where it hurts most",
    )


def _percents(values: list[float | None]) -> list[str]:
    return ["" if value is None else percent_text(value) for value in values]
