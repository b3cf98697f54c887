"""The terminal view of a diff: the reference, the models held against it, and where their errors are.

A part is one function of PARTS. Where the diff has something for it, it prints an empty line and that; else nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from ..text.glyphs import LONGEST_TEXT
from ..text.numbers import bytes_text, counted, rounded_percent
from .columns import Column
from .diff_errors import render_carriers, render_layers, render_roles
from .diff_run import render_runs
from .headline import against_text, dotted, named, sizes, warn_of_synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..diffs.diff_document import DiffDocument
    from ..diffs.records import DiffedModel, ModelDiff
    from ..text.glyphs import Glyphs
    from .screen import Screen

    Part = Callable[[Screen, DiffDocument], None]
    Remark = tuple[str, str, str]  # label, text, style


def render_diff(screen: Screen, document: DiffDocument) -> None:
    """All parts of the view."""
    render_head(screen, document)
    for part in PARTS:
        part(screen, document)


def render_head(screen: Screen, document: DiffDocument) -> None:
    """The reference and the models as a whole: sizes, errors, and what could not be compared."""
    glyphs = screen.glyphs
    screen.headline(against_text(labels(document), label(document.reference), glyphs))
    screen.fact("reference", _reference_text(document.reference, glyphs))
    if len(document.models) == 1:
        _render_one(screen, document, glyphs)
    else:
        _render_several(screen, document)
    selected = selection_text(document.settings)
    if selected is not None:
        screen.fact("selected", selected)
    for subject in (document.reference, *(model.subject for model in document.models)):
        if subject.synthetic:
            warn_of_synthetic(screen, subject)
            break


def _reference_text(subject: DiffedModel, glyphs: Glyphs) -> str:
    facts = [*named(label(subject), subject.title), subject.architecture or "no architecture", kind_text(subject)]
    names = [glyphs.cut(text, LONGEST_TEXT) for text in facts]
    size = bytes_text(subject.n_bytes)
    return dotted([*names, *sizes(subject.n_elements, subject.bits_per_weight), size], glyphs)


def _model_text(subject: DiffedModel, reference: DiffedModel, glyphs: Glyphs) -> str:
    names = [glyphs.cut(text, LONGEST_TEXT) for text in (label(subject), kind_text(subject))]
    bits = [f"{subject.bits_per_weight:.2f} bits per weight"] if subject.bits_per_weight is not None else []
    part = f" ({rounded_percent(subject.n_bytes / reference.n_bytes)} %)" if reference.n_bytes else ""
    return dotted([*names, *bits, f"{bytes_text(subject.n_bytes)}{part}"], glyphs)


def _render_one(screen: Screen, document: DiffDocument, glyphs: Glyphs) -> None:
    (model,) = document.models
    screen.fact("model", _model_text(model.subject, document.reference, glyphs))
    if model.identical_bytes:
        tensors = f"all {counted(model.summary.n_tensors, 'tensor')} and the metadata"
        screen.fact("verdict", f"the same bytes: {tensors}", "bold green")
        return
    screen.fact("error", dotted(error_text(model), glyphs))
    for name, text in extreme_lines(model):
        screen.fact(name, text)
    for name, text, style in _remarks(model):
        screen.fact(name, text, style)


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


def _render_several(screen: Screen, document: DiffDocument) -> None:
    screen.blank()
    models = document.models
    errors = [model.summary for model in models]
    bits = [model.subject.bits_per_weight for model in models]
    columns = [
        Column("", [str(number) for number in range(1, len(models) + 1)]),
        Column("model", labels(document), "name"),
        Column("type", [kind_text(model.subject) for model in models], "text", 4),
        Column("size", [bytes_text(model.subject.n_bytes) for model in models], yields=2),
        Column("bits/weight", _texts(bits, "{:.2f}".format), yields=1),
        Column("NMSE %", _texts([error.nmse for error in errors], percent_text)),
        Column("SQNR dB", _texts([error.sqnr_db for error in errors], decibels_text), yields=3),
        Column("cosine", _texts([error.cosine for error in errors], cosine_text), yields=5),
    ]
    screen.table(columns)
    screen.blank()
    remarks = [[] if model.identical_bytes else list(_remarks(model)) for model in models]
    shared = shared_by_all([own for own in remarks if own])
    for number, (model, own) in enumerate(zip(models, remarks, strict=True), 1):
        if model.identical_bytes:
            screen.fact(str(number), "the same bytes as the reference, metadata included", "bold green")
        for remark in own:
            if remark not in shared:
                _render_remark(screen, str(number), remark)
    for remark in shared:
        _render_remark(screen, "all", remark)


def _render_remark(screen: Screen, number: str, remark: Remark) -> None:
    name, text, style = remark
    screen.fact(number, text if name == "tensors" else f"{name}: {text}", style)


def _texts(values: Sequence[float | None], text: Callable[[float], str]) -> list[str]:
    return ["" if value is None else text(value) for value in values]


def _legend(screen: Screen, document: DiffDocument) -> None:
    if not all(model.identical_bytes for model in document.models):
        screen.blank()
        plain = not screen.glyphs.blocks
        screen.line(f"{PLAIN_DEFINITION if plain else DEFINITION}.", "dim")


# In reading order, below the head.
PARTS: tuple[Part, ...] = (render_carriers, render_roles, render_layers, _legend, render_runs)
