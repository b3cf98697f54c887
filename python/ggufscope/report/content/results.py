"""The results that a report shows: those that belong to one model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...models.subject import UNNAMED
from ...profiles.profile_result import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.analysis_result import Analysis
    from ...checks import Check
    from ...diffs import Diff
    from ...diffs.budgets.bits_result import Bits
    from ...diffs.of_profiles import ProfileDiff
    from ...models.subject import Subject
    from ...runtime.standout_document import StandoutKind
    from ...runtime.trace_result import Trace
    from ...spectral.spectra_result import Spectra
    from ...validation.validation_result import Validation
    from .shelf_data import Shelf

NO_ANALYSIS = "only a profile was given, no analysis"
NO_PROFILE = "the analysis was not made from a profile of the tensors"
_SAME_WEIGHT = 1e-6  # relative; files keep seven to nine digits


@dataclass(frozen=True)
class ReportData:
    """The results to show; renderers compute nothing beyond them.

    Attributes:
        profile: statistics of the tensors; None where there are none.
        analysis: the static analysis; None where there is none.
        why_no_profile: the reason, for the reader; None where there is one.
        why_no_analysis: the same of the analysis.
        validation: predicted against measured; None where there is none.
        why_no_validation: why the one that is there cannot be shown; None also where there is none at all: a report
            does not speak of a validation that was never made.
        trace: what was measured while the model ran; None where there is none.
        why_no_trace: why the one that is there cannot be shown; None also where there is none at all.
        diff: models held against a reference; then there is nothing else.
        bits: a choice of types; likewise.
        profile_diff: two profiles side by side; likewise.
        shelf: many models; likewise.
        check: the verdict on the file, by all rules; None where it was not asked.
        why_no_check: why the one that is there cannot be shown; None also where there is none at all.
        spectra: singular values of the matrices; None where they were not asked.
        why_no_spectra: why those that are there cannot be shown; None also where there are none at all.
        heading: in place of the title, where a report is one of many.
    """

    profile: Profile | None
    analysis: Analysis | None
    why_no_profile: str | None = None
    why_no_analysis: str | None = None
    validation: Validation | None = None
    why_no_validation: str | None = None
    trace: Trace | None = None
    why_no_trace: str | None = None
    diff: Diff | None = None
    bits: Bits | None = None
    profile_diff: ProfileDiff | None = None
    shelf: Shelf | None = None
    check: Check | None = None
    why_no_check: str | None = None
    spectra: Spectra | None = None
    why_no_spectra: str | None = None
    heading: str | None = None

    @classmethod
    def of_diff(cls, diff: Diff) -> ReportData:
        """From a diff in memory."""
        return cls(None, None, diff=diff)

    @classmethod
    def of_bits(cls, bits: Bits) -> ReportData:
        """From a choice of types in memory."""
        return cls(None, None, bits=bits)

    @classmethod
    def of_profile_diff(cls, profile_diff: ProfileDiff) -> ReportData:
        """From a diff of two profiles in memory."""
        return cls(None, None, profile_diff=profile_diff)

    @classmethod
    def of_shelf(cls, shelf: Shelf) -> ReportData:
        """From many models that were measured."""
        return cls(None, None, shelf=shelf)

    @classmethod
    def of_trace(cls, trace: Trace) -> ReportData:
        """From a trace in memory, alone."""
        return cls(None, None, trace=trace)

    @classmethod
    def of_spectra(cls, spectra: Spectra) -> ReportData:
        """From singular values in memory, alone."""
        return cls(None, None, spectra=spectra)

    @classmethod
    def of(
        cls,
        result: Profile | Analysis,
        validation: Validation | None = None,
        trace: Trace | None = None,
        check: Check | None = None,
        spectra: Spectra | None = None,
    ) -> ReportData:
        """From a profile or an analysis in memory, and what else there is of the same model."""
        if isinstance(result, Profile):
            return cls(result, None, None, NO_ANALYSIS, validation, trace=trace, check=check, spectra=spectra)
        why_no_profile = None if result.profile else NO_PROFILE
        return cls(result.profile, result, why_no_profile, None, validation, trace=trace, check=check, spectra=spectra)

    @property
    def subject(self) -> Subject | None:
        """The model as the first result there is names it, the analysis before all, or the reference of a diff."""
        if self._of_pairs is not None:
            return self._of_pairs.subject
        if self.analysis is not None:
            return self.analysis.document.model
        if self.profile is not None:
            return self.profile.subject
        if self.validation is not None:
            return self.validation.document.model
        measured = self.trace or self.spectra
        return measured.subject if measured is not None else None

    @property
    def title(self) -> str:
        """The name of the model, or of a shelf; text from its file, to be escaped."""
        if self.heading is not None:
            return self.heading
        if self.shelf is not None:
            return self.shelf.name
        return self.subject.title if self.subject is not None else UNNAMED

    @property
    def n_elements(self) -> int | None:
        """The number of parameters; None where no result says."""
        if self._of_pairs is not None:
            return self._of_pairs.document.reference.n_elements
        if self.profile is not None:
            return self.profile.model.n_elements
        return self.analysis.document.model.n_elements if self.analysis is not None else None

    @property
    def measured_alone(self) -> bool:
        """Whether there is only what stands beside a profile or an analysis: neither is missing then."""
        measured = self.validation is not None or self.trace is not None or self.spectra is not None
        return measured and self.analysis is None and self.profile is None

    @property
    def standouts(self) -> list[StandoutKind] | None:
        """What stands out, as the analysis says, or else the trace; None where neither looked for anything."""
        told = self.analysis or self.trace
        return told.document.standouts if told is not None else None

    @property
    def of_several_models(self) -> bool:
        """Whether the report is of models beside a reference, or of many, and says nothing of one by itself."""
        return self._of_pairs is not None or self.shelf is not None

    @property
    def _of_pairs(self) -> Diff | Bits | ProfileDiff | None:
        """The result that holds models against a reference; None where there is none."""
        return self.diff or self.bits or self.profile_diff


def other_settings(data: ReportData) -> list[str]:
    """The differences of the analysis that was validated from the one that is shown beside it."""
    if data.analysis is None or data.validation is None:
        return []
    return list(_differences(data.analysis, data.validation))


def _differences(analysis: Analysis, validation: Validation) -> Iterator[str]:
    shown, compared = analysis.document, validation.document.analysis
    presets = [preset.name for preset in (shown.preset, *shown.other_presets)]
    if presets != compared.presets:
        yield f"presets {', '.join(compared.presets)}, here {', '.join(presets)}"
    for name in ("norm", "scale"):
        if getattr(shown.settings, name) != getattr(compared, name):
            yield f"{name} {getattr(compared, name)}, here {getattr(shown.settings, name)}"
    weights = shown.settings.weights
    if weights.keys() != compared.weights.keys() or not all(
        math.isclose(weights[name], weight, rel_tol=_SAME_WEIGHT) for name, weight in compared.weights.items()
    ):
        yield "other weights of the index"
