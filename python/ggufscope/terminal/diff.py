"""The terminal view of a diff: the reference, the models held against it, and where their errors are.

A part is one function of PARTS. Where the diff has something for it, it prints an empty line and that; else nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..report.content.diff_words import (
    DEFINITION,
    PLAIN_DEFINITION,
    concentration_lines,
    cosine_text,
    decibels_text,
    error_text,
    extreme_lines,
    fidelity_lines,
    kind_text,
    label,
    labels,
    lineage_lines,
    metadata_text,
    percent_text,
    same_text,
    selection_text,
    shared_by_all,
    undone_lines,
    unlike_lines,
)
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import bytes_text, counted, rounded_percent
from .diff_errors import render_carriers, render_layers, render_roles
from .diff_run import render_runs
from .fact import render_fact
from .fitted import Fitted, render_fitted
from .headline import dotted, sizes, warn_of_synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from ..diffs.diff_document import DiffDocument
    from ..diffs.records import DiffedModel, ModelDiff

    Part = Callable[[Console, DiffDocument], None]
    Remark = tuple[str, str, str]  # label, text, style


def render_diff(console: Console, document: DiffDocument) -> None:
    """All parts of the view."""
    render_head(console, document)
    for part in PARTS:
        part(console, document)


def render_head(console: Console, document: DiffDocument) -> None:
    """The reference and the models as a whole: sizes, errors, and what could not be compared."""
    glyphs = Glyphs.of(console.encoding)
    console.print(Text(glyphs.cut(document.reference.title, LONGEST_TEXT), "bold"), soft_wrap=True)
    render_fact(console, "reference", _reference_text(document.reference, glyphs))
    if len(document.models) == 1:
        _render_one(console, document, glyphs)
    else:
        _render_several(console, document)
    selected = selection_text(document.settings)
    if selected is not None:
        render_fact(console, "selected", selected)
    for subject in (document.reference, *(model.subject for model in document.models)):
        if subject.synthetic:
            warn_of_synthetic(console, subject)
            break


def _reference_text(subject: DiffedModel, glyphs: Glyphs) -> str:
    facts = [label(subject), subject.architecture or "no architecture", kind_text(subject)]
    names = [glyphs.cut(text, LONGEST_TEXT) for text in facts]
    return dotted([*names, *sizes(subject.n_elements, subject.n_bytes, subject.bits_per_weight)], glyphs)


def _model_text(subject: DiffedModel, reference: DiffedModel, glyphs: Glyphs) -> str:
    names = [glyphs.cut(text, LONGEST_TEXT) for text in (label(subject), kind_text(subject))]
    bits = [f"{subject.bits_per_weight:.2f} bits per weight"] if subject.bits_per_weight is not None else []
    part = f" ({rounded_percent(subject.n_bytes / reference.n_bytes)} %)" if reference.n_bytes else ""
    return dotted([*names, *bits, f"{bytes_text(subject.n_bytes)}{part}"], glyphs)


def _render_one(console: Console, document: DiffDocument, glyphs: Glyphs) -> None:
    (model,) = document.models
    render_fact(console, "model", _model_text(model.subject, document.reference, glyphs))
    if model.identical_bytes:
        tensors = f"all {counted(model.summary.n_tensors, 'tensor')} and the metadata"
        render_fact(console, "verdict", f"the same bytes: {tensors}", "bold green")
        return
    render_fact(console, "error", dotted(error_text(model), glyphs))
    for name, text in extreme_lines(model):
        render_fact(console, name, text)
    for name, text, style in _remarks(model):
        render_fact(console, name, text, style)


_OF_VERDICTS = {True: "bold green", False: "bold red", None: "bold yellow"}


def _remarks(model: ModelDiff) -> Iterator[Remark]:
    """What else there is to say of a model."""
    yield "tensors", same_text(model), ""
    for text in unlike_lines(model):
        yield "unlike", text, "bold yellow"
    for text in concentration_lines(model):
        yield "odd", text, "bold yellow"
    for good, text in fidelity_lines(model):
        yield "converter", text, _OF_VERDICTS[good]
    for text in undone_lines(model):
        yield "undone", text, ""
    for text in lineage_lines(model):
        yield "origin", text, ""
    changes = metadata_text(model)
    if changes is not None:
        yield "metadata", f"{changes} (--kv shows them)", ""
    for text in model.notes:
        yield "note", text, "bold yellow"


def _render_several(console: Console, document: DiffDocument) -> None:
    console.print()
    models = document.models
    errors = [model.summary for model in models]
    bits = [model.subject.bits_per_weight for model in models]
    columns = [
        Fitted("", [str(number) for number in range(1, len(models) + 1)]),
        Fitted("model", labels(document), "name"),
        Fitted("type", [kind_text(model.subject) for model in models], "text", 4),
        Fitted("size", [bytes_text(model.subject.n_bytes) for model in models], yields=2),
        Fitted("bits", _texts(bits, "{:.2f}".format), yields=1),
        Fitted("NMSE %", _texts([error.nmse for error in errors], percent_text)),
        Fitted("SQNR dB", _texts([error.sqnr_db for error in errors], decibels_text), yields=3),
        Fitted("cosine", _texts([error.cosine for error in errors], cosine_text), yields=5),
    ]
    render_fitted(console, columns)
    console.print()
    remarks = [[] if model.identical_bytes else list(_remarks(model)) for model in models]
    shared = shared_by_all([own for own in remarks if own])
    for number, (model, own) in enumerate(zip(models, remarks, strict=True), 1):
        if model.identical_bytes:
            render_fact(console, str(number), "the same bytes as the reference, metadata included", "bold green")
        for remark in own:
            if remark not in shared:
                _render_remark(console, str(number), remark)
    for remark in shared:
        _render_remark(console, "all", remark)


def _render_remark(console: Console, number: str, remark: Remark) -> None:
    name, text, style = remark
    render_fact(console, number, text if name == "tensors" else f"{name}: {text}", style)


def _texts(values: Sequence[float | None], text: Callable[[float], str]) -> list[str]:
    return ["" if value is None else text(value) for value in values]


def _legend(console: Console, document: DiffDocument) -> None:
    if not all(model.identical_bytes for model in document.models):
        console.print()
        plain = not Glyphs.of(console.encoding).blocks
        console.print(Text(f"{PLAIN_DEFINITION if plain else DEFINITION}.", "dim"))


# In reading order, below the head.
PARTS: tuple[Part, ...] = (render_carriers, render_roles, render_layers, _legend, render_runs)
