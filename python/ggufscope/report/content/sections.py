"""The registry of sections: all a report says, in reading order, for every renderer.

A section is one function from what is shown to blocks, and a line here: in PARTS of a report of one model, in
DIFF_PARTS of one that holds models against a reference, in PROFILE_DIFF_PARTS of two profiles side by side, in
BITS_PARTS of a choice of types, or in SHELF_PARTS of many models. Renderers leave out a part without blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .bits import bits_command, bits_headline, bits_settings, bits_tensors, bits_trust, mix_by_role, mix_sizes
from .diff_method import diff_definitions, diff_settings
from .diff_run import runs
from .diff_summary import compared_models, diff_headline, diff_trust, most_of_the_error
from .diff_tables import errors_by_layer, errors_by_role, metadata_changes, worst_parts
from .embedding import NAME as EMBEDDING
from .embedding import embedding_facts
from .findings import findings, index_charts
from .headline import headline
from .index import risk_index
from .method import (
    applicability,
    charts_left_out,
    parametrization,
    quantizer,
    settings,
    statement,
    what_was_read,
    zeros,
)
from .profile_diff import (
    most_changed,
    profile_diff_findings,
    profile_diff_headline,
    profile_diff_settings,
    profile_diff_tensors,
    profile_diff_trust,
)
from .roles import weights_by_place
from .shelf import shelf_faults, shelf_headline, shelf_method, shelf_models, shelf_roles, shelf_verdicts
from .spectra import NAME as SPECTRA
from .spectra import spectra_definitions, spectra_figures, spectra_summary
from .standouts import NAME as STANDOUTS
from .standouts import confirmed, kind_by_kind
from .summary import answers, hypotheses, measured, trust, warnings
from .trace import NAME as TRACE
from .trace import answers as traced_answers
from .trace import figure_definitions, traced, what_was_traced
from .validation import compared, fitted_weights, orders_and_sizes, outcome
from .words import Own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .blocks import Block
    from .shown import Shown
    from .words import Words

    Section = Callable[[Shown], Iterator[Block]]


@dataclass(frozen=True)
class Part:
    """A part of a report.

    Attributes:
        name: where links lead.
        title: for the reader; the first part goes under the report's own headline.
        sections: in reading order.
        folded: whether a page shows it only when asked.
        about: a line under the title that says whom it is for.
    """

    name: str
    title: str
    sections: tuple[Section, ...]
    folded: bool = False
    about: Words = ""

    def blocks(self, shown: Shown) -> list[Block]:
        """All blocks of the part; empty where the results have nothing to say in it."""
        return [block for section in self.sections for block in section(shown)]


SUMMARY = "summary"
_ABOUT_METHOD = Own("How the numbers are defined, what does not apply, and the settings.")
PARTS = (
    Part(SUMMARY, "Summary", (headline, answers)),
    Part("findings", "The weights in pictures", (findings,)),
    Part(SPECTRA, "Singular values", (spectra_summary, spectra_figures)),
    Part(TRACE, "While the model reads", (what_was_traced, traced_answers, traced)),
    Part(
        STANDOUTS,
        "What stands out, kind by kind",
        (kind_by_kind,),
        folded=True,
        about=Own("Every finding with its place, how each kind is defined, and what was looked for and not found."),
    ),
    Part(
        EMBEDDING,
        "The embedding",
        (embedding_facts,),
        folded=True,
        about=Own("Rows of the embedding by the text of their tokens: equal ones, unused ones, what they share."),
    ),
    Part(
        "index",
        "Risk index, hypotheses, predictions",
        (warnings, hypotheses, index_charts, risk_index),
        folded=True,
        about=Own("A heuristic order of layers, the premises of the study it comes from, and what is predicted."),
    ),
    Part(
        "validation",
        "Predicted against measured",
        (compared, measured, outcome, orders_and_sizes, confirmed, fitted_weights),
        folded=True,
        about=Own("Every prediction beside what was measured while the model read, and beside plain baselines."),
    ),
    Part("tables", "Tables", (weights_by_place,)),
    Part(
        "method",
        "Method and limits",
        (
            trust,
            statement,
            what_was_read,
            quantizer,
            zeros,
            figure_definitions,
            spectra_definitions,
            parametrization,
            applicability,
            charts_left_out,
            settings,
        ),
        folded=True,
        about=Own("How far to trust which number, what was read, what does not apply, and the settings."),
    ),
)
DIFF_PARTS = (
    Part(SUMMARY, "Summary", (diff_headline, compared_models, most_of_the_error, diff_trust)),
    Part("findings", "Findings", (findings,)),
    Part("run", "What reaches the output", (runs,)),
    Part("tables", "Tables", (errors_by_role, errors_by_layer, worst_parts, metadata_changes)),
    Part(
        "method",
        "Method and limits",
        (diff_definitions, charts_left_out, diff_settings),
        folded=True,
        about=_ABOUT_METHOD,
    ),
)

PROFILE_DIFF_PARTS = (
    Part(SUMMARY, "Summary", (profile_diff_headline, profile_diff_findings, most_changed, profile_diff_trust)),
    Part("findings", "Findings", (findings,)),
    Part("tables", "Tables", (profile_diff_tensors,)),
    Part("method", "Method and limits", (charts_left_out, profile_diff_settings), folded=True, about=_ABOUT_METHOD),
)
BITS_PARTS = (
    Part(SUMMARY, "Summary", (bits_headline, mix_by_role, mix_sizes, bits_command, bits_trust)),
    Part("findings", "Findings", (findings,)),
    Part("tables", "Tables", (bits_tensors,)),
    Part("method", "Method and limits", (charts_left_out, bits_settings), folded=True, about=_ABOUT_METHOD),
)
SHELF_PARTS = (
    Part(SUMMARY, "Summary", (shelf_headline, shelf_verdicts)),
    Part("findings", "Findings", (findings,)),
    Part("tables", "Tables", (shelf_models, shelf_roles, shelf_faults)),
    Part("method", "Method and limits", (shelf_method, charts_left_out), folded=True, about=_ABOUT_METHOD),
)


def parts_of(shown: Shown) -> tuple[Part, ...]:
    """The parts of a report of these results."""
    if shown.bits is not None:
        return BITS_PARTS
    if shown.profile_diff is not None:
        return PROFILE_DIFF_PARTS
    if shown.shelf is not None:
        return SHELF_PARTS
    return PARTS if shown.diff is None else DIFF_PARTS
