"""The summary of a diff: the models and their errors, what is odd about them, and where most of the error is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ...diffs.rollups import carriers
from ...text.numbers import bytes_text, count_text, rounded_percent
from .blocks import Cards, Heading, Headline, Marked, Paragraph, TextTable, heads
from .cells import NOTHING, decibels, nmse
from .diff_words import (
    DEFINITION,
    carriers_text,
    concentration_lines,
    cosine_text,
    error_text,
    extreme_lines,
    fidelity_lines,
    kind_text,
    label,
    labels,
    lineage_lines,
    metadata_text,
    same_text,
    selection_text,
    share_text,
    shared_by_all,
    types_text,
    undone_lines,
    unlike_lines,
)
from .words import Own, Rounded, Words, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.diff_document import DiffDocument
    from ...diffs.records import DiffedModel, ModelDiff
    from .blocks import Block
    from .shown import Shown

    Mark = Literal["good", "bad", "odd", "note"]


def diff_headline(shown: Shown) -> Iterator[Block]:
    """The reference, and the model held against it or how many there are."""
    document = shown.diff
    if document is None:
        return
    reference = document.reference
    labelled = (("architecture", reference.architecture), ("declared type", reference.file_type))
    names = own("{} models", len(document.models)) if len(document.models) > 1 else labels(document)[0]
    yield Headline(
        title=own("{} against {}", names, label(reference)),
        subject="Errors",
        facts={"name": reference.title, **{name: text for name, text in labelled if text}},
        figures=dict(_figures(document)),
        synthetic=any(subject.synthetic for subject in _subjects(document)),
        identity=reference.identity,
        origin=Own("a diff of the model files"),
    )


def _subjects(document: DiffDocument) -> list[DiffedModel]:
    return [document.reference, *(model.subject for model in document.models)]


def _figures(document: DiffDocument) -> Iterator[tuple[str, Words]]:
    reference = document.reference
    yield "Parameters", Own(count_text(reference.n_elements))
    yield "Size of the reference", Own(bytes_text(reference.n_bytes))
    if len(document.models) > 1:
        yield "Models", Own(len(document.models))
        return
    (model,) = document.models
    summary = model.summary
    yield "Size", Own(bytes_text(model.subject.n_bytes))
    if model.subject.bits_per_weight is not None:
        yield "Bits per weight", Own(f"{model.subject.bits_per_weight:.2f}")
    if summary.nmse is not None:
        yield "NMSE", own("{} %", nmse(summary.nmse))
    if summary.sqnr_db is not None:
        yield "SQNR", own("{} dB", decibels(summary.sqnr_db))
    if summary.cosine is not None:
        yield "Cosine", Own(cosine_text(summary.cosine))


def compared_models(shown: Shown) -> Iterator[Block]:
    """The models side by side, and what there is to say of each."""
    document = shown.diff
    if document is None:
        return
    if len(document.models) > 1:
        yield _models_table(document)
    remarks = [list(_remarks(model)) for model in document.models]
    differing = [each for each, model in zip(remarks, document.models, strict=True) if not model.identical_bytes]
    shared = shared_by_all(differing)
    for name, of_model in zip(labels(document), remarks, strict=True):
        if len(document.models) > 1:
            yield Heading(name)
        yield Marked([remark for remark in of_model if remark not in shared])
    if shared:
        yield Heading(Own("All that differ"))
        yield Marked(shared)
    selected = selection_text(document.settings)
    if selected is not None:
        yield Paragraph(own("Not all of the models was compared: {}.", selected))
    yield Paragraph(Own(f"{DEFINITION}."), "aside")


def _models_table(document: DiffDocument) -> TextTable:
    columns = ("model", "type", "size", "bits per weight", "NMSE %", "SQNR dB", "cosine", "same tensors")
    return TextTable(
        "models",
        Own("Models"),
        heads(*columns, numeric="|".join(columns[2:])),
        [_model_cells(name, model) for name, model in zip(labels(document), document.models, strict=True)],
        folded=False,
    )


def _model_cells(name: str, model: ModelDiff) -> tuple[Words, ...]:
    subject, summary = model.subject, model.summary
    bits = subject.bits_per_weight
    return (
        name,
        kind_text(subject),
        Rounded(bytes_text(subject.n_bytes), subject.n_bytes),
        NOTHING if bits is None else Rounded(f"{bits:.2f}", bits),
        nmse(summary.nmse),
        decibels(summary.sqnr_db),
        NOTHING if summary.cosine is None else Rounded(cosine_text(summary.cosine), summary.cosine),
        Own(f"{summary.n_identical} of {summary.n_tensors}"),
    )


_OF_VERDICTS: dict[bool | None, Mark] = {True: "good", False: "bad", None: "odd"}


def _remarks(model: ModelDiff) -> Iterator[tuple[Mark, Words]]:
    if model.identical_bytes:
        yield "good", Own("The same bytes as the reference: all tensors and the metadata.")
        return
    yield "note", own("{}; {}", Own(", ".join(error_text(model))), Own(same_text(model)))
    for name, text in extreme_lines(model):
        yield "note", own("**{}**: {}", Own(name), text)
    for text in unlike_lines(model):
        yield "bad", text
    for text in concentration_lines(model):
        yield "bad", text
    for good, text in fidelity_lines(model):
        yield _OF_VERDICTS[good], own("**converter**: {}", text)
    for text in undone_lines(model):
        yield "note", own("**undone**: {}", text)
    for text in lineage_lines(model):
        yield "note", own("**origin**: {}", text)
    changes = metadata_text(model)
    if changes is not None:
        yield "note", own("**metadata**: {}", changes)
    for text in model.notes:
        yield "odd", text


def most_of_the_error(shown: Shown) -> Iterator[Block]:
    """The tensors that hold most of each model's squared error."""
    document = shown.diff
    if document is None:
        return
    for position, (name, model) in enumerate(zip(labels(document), document.models, strict=True)):
        found = carriers(model)
        if not found:
            continue
        several = len(document.models) > 1
        title = own("Where the error{} is: {}", own(" of {}", name) if several else "", Own(carriers_text(found)))
        if not several:
            yield Heading(title)
        yield TextTable(
            f"most-of-the-error-{position}" if position else "most-of-the-error",
            title if several else Own("Tensors with most of the error"),
            heads("tensor", "type", "of the error %", "NMSE %", "SQNR dB", numeric="of the error %|NMSE %|SQNR dB"),
            [
                (
                    each.tensor.name,
                    types_text(each.tensor),
                    Rounded(share_text(each.error_share), each.error_share),
                    nmse(each.tensor.nmse),
                    decibels(each.tensor.sqnr_db),
                )
                for each in found
            ],
            folded=several,
        )


def diff_trust(shown: Shown) -> Iterator[Block]:
    """How the numbers of a diff came about, and what they do not say."""
    document = shown.diff
    if document is None:
        return
    yield Heading(Own("How far to trust it"))
    cards: list[tuple[Words, Words]] = [
        (
            Own("Measured"),
            Own(
                "Every weight of both files was decoded as ggml decodes it and compared. Nothing is sampled, and the"
                " same files give the same numbers on any machine."
            ),
        ),
        (
            Own("Not said"),
            Own(
                "An error of weights is no error of answers: how much the error of a tensor matters differs between"
                " tensors far more than these numbers do. They find what a conversion broke and what a type costs."
            ),
        ),
    ]
    shares = [share for model in document.models if (share := model.summary.element_coverage) is not None]
    if shares and min(shares) < 1:
        least = Own(rounded_percent(min(shares)))
        cards.append((Own("In part"), own("Only {} % of the weights of the reference were compared.", least)))
    yield Cards(cards)
