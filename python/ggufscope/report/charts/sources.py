"""Where scores of behaviour come from: a probe measures them, without one propagation predicts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis.presets.probe import NAME as PROBE
from ...analysis.presets.propagated import NAME as PROPAGATION

if TYPE_CHECKING:
    from ...analysis.preset_document import PresetSummary

NO_SOURCE = "it needs propagation or a probe, which read the model itself"


@dataclass(frozen=True)
class Source:
    """A preset that says how a model behaves, and how charts speak of it.

    Attributes:
        preset: its name.
        suffix: of the names of charts.
        how: of the scores, in titles.
        note: of the scores, in definitions.
        entropy: how far to trust entropies.
        heads: how those of heads came about.
    """

    preset: str
    suffix: str
    how: str
    note: str
    entropy: str
    heads: str


SOURCES = (
    Source(
        PROBE,
        "probed",
        "measured on a probe",
        "Measured while the model reads a probe: its own words, or random tokens of its vocabulary.",
        "A probe is no text of people.",
        "Measured while the model reads a probe: its own words, or random tokens of its vocabulary.",
    ),
    Source(
        PROPAGATION,
        "predicted",
        "predicted by propagation",
        "Predicted by propagation of means and variances, behind openings that the model read where it could.",
        "Its order is credible, its size is not.",
        "From propagated queries and keys, sampled, beside exact ones where there are openings. Ranks of heads are"
        " credible, absolute entropies are not.",
    ),
)


def source_of(presets: list[PresetSummary]) -> Source | None:
    """The one an analysis has, of both the one that measures; None where it has neither."""
    names = {preset.name for preset in presets}
    return next((source for source in SOURCES if source.preset in names), None)
