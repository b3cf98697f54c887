"""The terminal view of two profiles side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..report.content.diff_words import kind_text, label, norm_change_text, types_text, unmatched_lines
from ..report.content.profile_diff import MOST_CHANGED, changed
from ..text.glyphs import LONGEST_TEXT
from ..text.numbers import bytes_text, counted, short
from .columns import Column
from .headline import against_text, dotted, sizes
from .screen import most_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..diffs.of_profiles import ProfileDiffDocument, TensorChange
    from ..diffs.records import DiffedModel
    from ..text.glyphs import Glyphs
    from .screen import Screen


def render_profile_diff(
    screen: Screen,
    document: ProfileDiffDocument,
    files: Sequence[str],
    chosen: Sequence[TensorChange] | None,
    top: int | None,
) -> None:
    """What differs in the statistics of two models.

    Args:
        screen: to print to.
        document: the diff.
        files: names of the files of both profiles.
        chosen: the tensors to show; None for those whose norms changed most.
        top: how many of those were asked for.
    """
    glyphs = screen.glyphs
    screen.headline(against_text([label(document.model)], label(document.reference), glyphs))
    for side, file, subject in zip(("reference", "model"), files, (document.reference, document.model), strict=True):
        screen.fact(side, _facts(file, subject, glyphs))
    screen.fact("this is", f"{document.statement}.")
    if document.same_identity:
        screen.fact("verdict", "one model, by its table and samples of every tensor", "bold green")
    differing = changed(document)
    n = counted(len(document.tensors), "tensor")
    screen.fact(
        "tensors",
        f"other statistics in {len(differing)} of {n}" if differing else f"equal statistics in all {n}",
    )
    for line in unmatched_lines(document.missing, document.extra, document.reshaped):
        screen.fact("unlike", line, "bold yellow")
    shown = differing[:MOST_CHANGED] if chosen is None else list(chosen)[: most_rows(top)]
    if not shown:
        return
    screen.blank()
    screen.heading("tensors whose norms changed most" if chosen is None else f"tensors: {len(chosen)}")
    _render_tensors(screen, shown, glyphs)
    rest = (len(differing) if chosen is None else len(chosen)) - len(shown)
    screen.tell_rest(rest, "tensor", "--table shows all, and the JSON has them")


def _facts(file: str, subject: DiffedModel, glyphs: Glyphs) -> str:
    own = (file, label(subject), subject.title, subject.architecture, kind_text(subject))
    names = [glyphs.cut(text, LONGEST_TEXT) for text in dict.fromkeys(own) if text]
    size = bytes_text(subject.n_bytes)
    return dotted([*names, *sizes(subject.n_elements, subject.bits_per_weight), size], glyphs)


def _render_tensors(screen: Screen, tensors: Sequence[TensorChange], glyphs: Glyphs) -> None:
    def texts(field: str, side: int) -> list[str]:
        values = [tensor.figures[field][side] for tensor in tensors]
        return [glyphs.nothing if value is None else short(value) for value in values]

    types = [types_text(tensor, glyphs.arrow) for tensor in tensors]
    screen.table(
        [
            Column("norm %", [_norm_change(tensor, glyphs) for tensor in tensors]),
            Column("rms", texts("rms", 0), yields=1),
            Column(f"{glyphs.arrow} rms", texts("rms", 1), yields=2),
            Column("kurtosis", texts("kurtosis", 0), yields=4),
            Column(f"{glyphs.arrow} kurtosis", texts("kurtosis", 1), yields=5),
            Column("type", types, "text", 3),
            Column("tensor", [tensor.name for tensor in tensors], "name"),
        ],
    )


def _norm_change(tensor: TensorChange, glyphs: Glyphs) -> str:
    return glyphs.nothing if tensor.norm_change is None else norm_change_text(tensor.norm_change)
