"""The terminal view of two profiles side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..report.content.diff_words import kind_text, norm_change_text, types_text, unmatched_lines
from ..report.content.profile_diff import MOST_CHANGED, changed
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import counted, short
from .console import most_rows, tell_rest
from .fact import render_fact
from .fitted import Fitted, render_fitted
from .headline import dotted, sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from ..diffs.of_profiles import ProfileDiffDocument, TensorChange
    from ..diffs.records import DiffedModel


def render_profile_diff(
    console: Console,
    document: ProfileDiffDocument,
    files: Sequence[str],
    chosen: Sequence[TensorChange] | None,
    top: int | None,
) -> None:
    """What differs in the statistics of two models.

    Args:
        console: to print to.
        document: the diff.
        files: names of the files of both profiles.
        chosen: the tensors to show; None for those whose norms changed most.
        top: how many of those were asked for.
    """
    glyphs = Glyphs.of(console.encoding)
    console.print(Text(glyphs.cut(document.reference.title, LONGEST_TEXT), "bold"), soft_wrap=True)
    for label, file, subject in zip(("reference", "model"), files, (document.reference, document.model), strict=True):
        render_fact(console, label, _facts(file, subject, glyphs))
    render_fact(console, "this is", f"{document.statement}.")
    if document.same_identity:
        render_fact(console, "verdict", "one model, by its table and samples of every tensor", "bold green")
    differing = changed(document)
    n = counted(len(document.tensors), "tensor")
    render_fact(
        console,
        "tensors",
        f"other statistics in {len(differing)} of {n}" if differing else f"equal statistics in all {n}",
    )
    for line in unmatched_lines(document.missing, document.extra, document.reshaped):
        render_fact(console, "unlike", line, "bold yellow")
    shown = differing[:MOST_CHANGED] if chosen is None else list(chosen)[: most_rows(top)]
    if not shown:
        return
    console.print()
    console.print(Text("tensors whose norms changed most" if chosen is None else f"tensors: {len(chosen)}", "bold"))
    _render_tensors(console, shown, glyphs)
    rest = (len(differing) if chosen is None else len(chosen)) - len(shown)
    tell_rest(console, rest, "tensor", "--table shows all, and the JSON has them")


def _facts(file: str, subject: DiffedModel, glyphs: Glyphs) -> str:
    names = [glyphs.cut(text, LONGEST_TEXT) for text in (file, subject.architecture, kind_text(subject)) if text]
    return dotted([*names, *sizes(subject.n_elements, subject.n_bytes, subject.bits_per_weight)], glyphs)


def _render_tensors(console: Console, tensors: Sequence[TensorChange], glyphs: Glyphs) -> None:
    def texts(field: str, side: int) -> list[str]:
        values = [tensor.figures[field][side] for tensor in tensors]
        return [glyphs.nothing if value is None else short(value) for value in values]

    types = [types_text(tensor, glyphs.arrow) for tensor in tensors]
    render_fitted(
        console,
        [
            Fitted("norm %", [_norm_change(tensor, glyphs) for tensor in tensors]),
            Fitted("rms", texts("rms", 0), yields=1),
            Fitted(f"{glyphs.arrow} rms", texts("rms", 1), yields=2),
            Fitted("kurtosis", texts("kurtosis", 0), yields=4),
            Fitted(f"{glyphs.arrow} kurtosis", texts("kurtosis", 1), yields=5),
            Fitted("type", types, "text", 3),
            Fitted("tensor", [tensor.name for tensor in tensors], "name"),
        ],
    )


def _norm_change(tensor: TensorChange, glyphs: Glyphs) -> str:
    return glyphs.nothing if tensor.norm_change is None else norm_change_text(tensor.norm_change)
