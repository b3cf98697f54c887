"""The head of the report: what was measured, whether it is sound, what stands out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...text.numbers import bytes_text, count_text, percent
from ..content.health_lines import HealthLine, health_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..content.chart import Chart
    from ..content.results import ReportData

_SOURCES = {"model": "the model itself", "profile": "a saved profile", "phase 1": "a Phase 1 weight profile"}
_HIGHLIGHTS = (
    "risk",
    "validation-orders",
    "tensor-map",
    "type-map",
    "sizes",
)  # what charts are called whose sentences a summary repeats
_READ = {"prompts": "Prompts read", "text": "Texts read", "probe": "Random texts read"}
_MOST_TYPES = 6  # with a colour of their own


@dataclass(frozen=True)
class TypeShare:
    """A type in the bar of types: its share of the bytes, and what that is."""

    name: str
    share: float
    text: str
    colour: int


@dataclass(frozen=True)
class Summary:
    """What stands on top of a report, for any output; texts may come from the file.

    Attributes:
        title: what to call the model.
        facts: short ones, for a line below it.
        synthetic: whether the weights are made up.
        figures: label → number.
        health: lines about the weights.
        types: by bytes, the most first.
        identity: hash of the model.
        origin: what the numbers were read from.
    """

    title: str
    facts: list[str]
    synthetic: bool
    figures: dict[str, str]
    health: list[HealthLine]
    types: list[TypeShare]
    identity: str | None
    origin: str


def summarize(data: ReportData) -> Summary:
    """The summary of a profile, an analysis, a validation, or several of them."""
    subject = data.analysis.document.model if data.analysis else None
    measured = data.validation.document.model if data.validation else None
    about = data.profile.model if data.profile else subject or measured
    return Summary(
        title=data.title,
        facts=[text for text in (about.architecture, about.file_type) if text] if about else [],
        synthetic=bool(about and about.synthetic),
        figures=dict(_figures(data)),
        health=list(health_lines(data.profile)) if data.profile else [],
        types=_types(data),
        identity=about.identity if about else None,
        origin=_SOURCES[subject.source] if subject else "a profile" if data.profile else "a validation",
    )


def highlights(charts: Sequence[Chart]) -> list[Chart]:
    """The charts whose sentences belong into a summary: the first of each kind."""
    found = (next((chart for chart in charts if chart.name.startswith(name)), None) for name in _HIGHLIGHTS)
    return [chart for chart in found if chart is not None]


def _figures(data: ReportData) -> Iterator[tuple[str, str]]:
    subject = data.analysis.document.model if data.analysis else None
    profile = data.profile
    n_elements = profile.model.n_elements if profile else subject.n_elements if subject else None
    if n_elements is not None:
        yield "Parameters", count_text(n_elements)
    measured = data.validation.document if data.validation else None
    known = subject or (measured.model if measured else None)
    n_layers = len(profile.layers) if profile else known.n_layers if known else 0
    yield "Layers", str(n_layers)
    if profile is not None:
        yield "Size", bytes_text(profile.model.n_bytes)
        if profile.model.bits_per_weight is not None:
            yield "Bits per weight", f"{profile.model.bits_per_weight:.2f}"
        yield "Tensors", count_text(profile.model.n_tensors)
        yield "Scanned", f"{percent(profile.coverage)} %"
    if measured is not None and profile is None:
        yield _READ.get(measured.trace.source, "Pieces read"), str(measured.trace.n_prompts)


def _types(data: ReportData) -> list[TypeShare]:
    if data.profile is None or not data.profile.model.n_bytes:
        return []
    total = data.profile.model.n_bytes
    return [
        TypeShare(name, sizes["n_bytes"] / total, f"{bytes_text(sizes['n_bytes'])}", min(position, _MOST_TYPES))
        for position, (name, sizes) in enumerate(data.profile.model.types.items())
    ]
