"""The head of a report: what model it is about, whether that is made up, and its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import bytes_text, count_text, percent
from .blocks import Headline, Paragraph, Share, Shares
from .mix import mix_sentence
from .words import Own, Words, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.analysis_document import AnalysedModel
    from ...profiles.profile_result import Profile
    from .blocks import Block
    from .shown import Shown

_SOURCES = {"model": "the model itself", "profile": "a saved profile", "phase 1": "a Phase 1 weight profile"}
_SUBJECTS = {
    "analysis": "Static analysis",
    "profile": "Weights",
    "validation": "Validation",
    "trace": "Trace",
    "spectra": "Singular values",
}
_READ = {"prompts": "Prompts read", "text": "Texts read", "probe": "Sequences read", "tokens": "Sequences read"}


def headline(shown: Shown) -> Iterator[Block]:
    """Name, facts and figures of the model, and the types of its weights."""
    analysed, profile, about = shown.analysis, shown.profile, shown.data.subject
    labelled = (
        (("file", file_of(shown)), ("architecture", about.architecture), ("declared type", about.file_type))
        if about
        else ()
    )
    yield Headline(
        title=shown.data.title,
        subject=_SUBJECTS[_source(shown)],
        facts={label: text for label, text in labelled if text},
        figures=dict(_figures(shown)),
        synthetic=about is not None and about.synthetic,
        identity=about.identity if about else None,
        origin=_origin(analysed.model) if analysed else Own(f"a {_source(shown)}"),
    )
    if profile is not None and profile.model.n_bytes:
        yield _types(profile)
        yield Paragraph(mix_sentence(profile, about.file_type if about else None), "aside")


def file_of(shown: Shown) -> str | None:
    """Name of the model's file; None where no result knows it, or where it is the title already."""
    analysed, profile, about = shown.analysis, shown.profile, shown.data.subject
    if profile is not None:
        about = profile.subject
    elif analysed is not None and analysed.model.source != "model":
        return None  # the file of the profile that was analysed
    return None if about is None or about.file == shown.data.title else about.file


def _source(shown: Shown) -> str:
    """The result that a report is about first of all."""
    results = {
        "analysis": shown.analysis,
        "profile": shown.profile,
        "validation": shown.validation,
        "trace": shown.trace,
    }
    return next((name for name, result in results.items() if result is not None), "spectra")


def _origin(model: AnalysedModel) -> Words:
    source = own("{}", Own(_SOURCES[model.source]) if model.source in _SOURCES else model.source)
    return own("{}, {}", source, model.file) if model.file else source


def _figures(shown: Shown) -> Iterator[tuple[str, Words]]:
    analysed, validated, profile = shown.analysis, shown.validation, shown.profile
    if shown.data.n_elements is not None:
        yield "Parameters", Own(count_text(shown.data.n_elements))
    document = analysed or validated or shown.trace
    stacks = profile.stacks if profile else {}
    if document is not None or profile is not None:
        yield "Layers", Own(document.model.n_layers if document else len(stacks.get(None, ())))
    for stack, layers in stacks.items():
        if stack is not None:
            yield f"Layers of {stack}", Own(len(layers))
    if profile is not None:
        yield "Weights", Own(bytes_text(profile.model.n_bytes))
        if profile.model.bits_per_weight is not None:
            yield "Bits per weight", Own(f"{profile.model.bits_per_weight:.2f}")
        yield "Tensors", Own(count_text(profile.model.n_tensors))
        yield "Scanned", Own(f"{percent(profile.coverage)} %")
    elif validated is not None:
        yield _READ.get(validated.trace.source, "Pieces read"), Own(validated.trace.n_prompts)
    elif shown.trace is not None:
        yield _READ.get(shown.trace.settings.source, "Pieces read"), Own(len(shown.trace.prompts))
    elif shown.spectra is not None:
        yield "Matrices", Own(len(shown.spectra.matrices))


def _rounded(share: float) -> str:
    """A share to the percent, for a key beside a picture."""
    return f"{100 * share:.0f} %" if share >= 0.005 else "< 1 %"


def _types(profile: Profile) -> Shares:
    total = profile.model.n_bytes
    sizes = {name: size["n_bytes"] for name, size in profile.model.types.items()}
    return Shares(
        "Types by size",
        [
            Share(name, size / total, Own(f"{_rounded(size / total)}, {bytes_text(size)}"))
            for name, size in sizes.items()
        ],
    )
