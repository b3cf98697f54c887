"""The input of every section of a report: the results, and the charts of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .chart import Chart, DrawnCharts

if TYPE_CHECKING:
    from ...analysis.analysis_document import AnalysisDocument
    from ...analysis.preset_document import PresetSummary
    from ...diffs.budgets.bits_document import BitsDocument
    from ...diffs.diff_document import DiffDocument
    from ...diffs.of_profiles import ProfileDiffDocument
    from ...profiles.profile_result import Profile
    from ...runtime.standout_document import StandoutKind
    from ...runtime.trace_document import TraceDocument
    from ...spectral.spectra_document import SpectraDocument
    from ...validation.validation_document import ValidationDocument
    from .results import ReportData
    from .shelf_data import Shelf


@dataclass(frozen=True)
class Shown:
    """Results and the charts of them.

    Attributes:
        data: the results.
        drawn: their charts; none where the packages for charts are not installed.
    """

    data: ReportData
    drawn: DrawnCharts = field(default_factory=lambda: DrawnCharts([], {}))

    @property
    def profile(self) -> Profile | None:
        """The statistics of the tensors."""
        return self.data.profile

    @property
    def analysis(self) -> AnalysisDocument | None:
        """The document of the analysis."""
        return self.data.analysis.document if self.data.analysis else None

    @property
    def validation(self) -> ValidationDocument | None:
        """The document of the validation."""
        return self.data.validation.document if self.data.validation else None

    @property
    def trace(self) -> TraceDocument | None:
        """The document of the trace."""
        return self.data.trace.document if self.data.trace else None

    @property
    def spectra(self) -> SpectraDocument | None:
        """The document of the singular values."""
        return self.data.spectra.document if self.data.spectra else None

    @property
    def diff(self) -> DiffDocument | None:
        """The document of the diff."""
        return self.data.diff.document if self.data.diff else None

    @property
    def bits(self) -> BitsDocument | None:
        """The document of a choice of types."""
        return self.data.bits.document if self.data.bits else None

    @property
    def profile_diff(self) -> ProfileDiffDocument | None:
        """The document of a diff of two profiles."""
        return self.data.profile_diff.document if self.data.profile_diff else None

    @property
    def shelf(self) -> Shelf | None:
        """Many models that were measured."""
        return self.data.shelf

    @property
    def standouts(self) -> list[StandoutKind] | None:
        """The kinds of things that stand out, of an analysis or else a trace; None where nothing was looked for."""
        return self.data.standouts

    @property
    def presets(self) -> list[PresetSummary]:
        """Every preset of the analysis, the leading one first."""
        return [self.analysis.preset, *self.analysis.other_presets] if self.analysis else []

    def charts(self, section: str) -> list[Chart]:
        """The charts of a section, as FINDINGS or INDEX."""
        return [chart for chart in self.drawn.charts if chart.section == section]
