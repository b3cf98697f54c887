"""Two profiles side by side: the models, which statistics differ, tensor by tensor, and what that does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import bytes_text, count_text, counted, shape_text, short
from .blocks import Cards, Heading, Headline, Items, Marked, TextTable, heads
from .cells import NOTHING
from .diff_words import kind_text, label, norm_change_text, types_text, unmatched_lines
from .words import Own, Rounded, Words, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.of_profiles import ProfileDiffDocument, TensorChange
    from .blocks import Block
    from .shown import Shown

MOST_CHANGED = 10
_SHOWN_FIGURES = ("rms", "abs_max", "kurtosis", "zero_fraction")


def profile_diff_headline(shown: Shown) -> Iterator[Block]:
    """Both models, and their sizes."""
    document = shown.profile_diff
    if document is None:
        return
    reference, model = document.reference, document.model
    labelled = (("architecture", reference.architecture), ("declared type", reference.file_type))
    yield Headline(
        title=own("{} against {}", label(model), label(reference)),
        subject="Statistics",
        facts={"name": reference.title, **{name: text for name, text in labelled if text}},
        figures={
            "Parameters": Own(count_text(reference.n_elements)),
            "Size of the reference": Own(bytes_text(reference.n_bytes)),
            "Size": Own(bytes_text(model.n_bytes)),
        },
        synthetic=reference.synthetic or model.synthetic,
        identity=reference.identity,
        origin=Own("a diff of two profiles"),
    )


def profile_diff_findings(shown: Shown) -> Iterator[Block]:
    """How many tensors have other statistics, and what could not be compared."""
    document = shown.profile_diff
    if document is None:
        return
    if document.same_identity:
        yield Marked([("good", Own("One model, by its table and samples of every tensor."))])
    differing = changed(document)
    n = counted(len(document.tensors), "tensor")
    equal = Own(f"Equal statistics in all {n}.")
    yield Marked([("note", Own(f"Other statistics in {len(differing)} of {n}.") if differing else equal)])
    unlike = unmatched_lines(document.missing, document.extra, document.reshaped)
    if unlike:
        yield Marked([("bad", line) for line in unlike])


def changed(document: ProfileDiffDocument) -> list[TensorChange]:
    """The tensors with other statistics, those whose norms changed most first."""
    differing = [tensor for tensor in document.tensors if not tensor.equal]
    return sorted(differing, key=lambda tensor: -abs(tensor.norm_change or 0.0))


def most_changed(shown: Shown) -> Iterator[Block]:
    """The tensors whose norms changed most."""
    differing = [] if shown.profile_diff is None else changed(shown.profile_diff)
    if differing:
        yield Heading(Own("Tensors whose norms changed most"))
        yield _changes("most-changed", Own("Norms that changed most"), differing[:MOST_CHANGED], folded=False)


def profile_diff_tensors(shown: Shown) -> Iterator[Block]:
    """Every tensor whose statistics differ."""
    differing = [] if shown.profile_diff is None else changed(shown.profile_diff)
    if len(differing) > MOST_CHANGED:
        yield _changes("changed", Own("Tensors with other statistics"), differing, folded=True)


def _changes(name: str, title: Words, tensors: list[TensorChange], *, folded: bool) -> TextTable:
    figures = [f"{name}{arrow}" for name in _SHOWN_FIGURES for arrow in ("", " →")]
    columns = ("tensor", "shape", "type", "norm %", *figures)
    numeric = "|".join(columns[3:])
    return TextTable(name, title, heads(*columns, numeric=numeric), [_cells(each) for each in tensors], folded=folded)


def _cells(tensor: TensorChange) -> tuple[Words, ...]:
    change = tensor.norm_change
    pairs = (tensor.figures.get(name, (None, None)) for name in _SHOWN_FIGURES)
    return (
        tensor.name,
        Own(shape_text(tensor.shape)),
        types_text(tensor),
        NOTHING if change is None else Rounded(norm_change_text(change), change),
        *(NOTHING if value is None else Rounded(short(value), value) for pair in pairs for value in pair),
    )


def profile_diff_trust(shown: Shown) -> Iterator[Block]:
    """How far statistics tell of weights."""
    document = shown.profile_diff
    if document is None:
        return
    yield Heading(Own("How far to trust it"))
    compare = "`ggufscope diff REFERENCE MODEL`, of the models themselves, compares weights."
    statement = document.statement[:1].upper() + document.statement[1:]
    yield Cards([(Own("Measured"), own("{}. {}", statement, Own(compare)))])


def profile_diff_settings(shown: Shown) -> Iterator[Block]:
    """The models, as their profiles tell of them."""
    document = shown.profile_diff
    if document is None:
        return
    yield Heading(Own("Models"))
    sides = (("reference", document.reference), ("model", document.model))
    yield Items([
        own("{}: {}, {}, identity {}", Own(side), label(model), kind_text(model), model.identity or "")
        for side, model in sides
    ])  # fmt: skip
