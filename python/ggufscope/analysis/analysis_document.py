"""The layout of a saved analysis, schema `ggufscope.analysis/2`: plain values, None where something is undefined.

These classes are the schema: `analysis_form.ANALYSIS_FORM` checks a file against them, field by field.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..models.subject import Subject
from ..runtime.standout_document import StandoutKind  # noqa: TC001  as below
from .embedding_document import EmbeddingRecord  # noqa: TC001  as below
from .inputs.layer_table import Applicability  # noqa: TC001  as below
from .preset_document import PresetSummary  # noqa: TC001  as below
from .verdicts.findings import Finding  # noqa: TC001  pydantic resolves the annotations

SCHEMA = "ggufscope.analysis/2"
FIRST_SCHEMA = "ggufscope.analysis/1"
DIGITS = 10  # significant digits of every number: BLAS, numba and sampling vouch for no more


@dataclass(frozen=True)
class AnalysedModel(Subject):
    """The model that was analysed; the file that is named is the input: the model, or a profile of it.

    Attributes:
        source: `"model"`, `"profile"` or `"phase 1"`.
        identity: None for a Phase 1 profile.
        n_elements: parameters; None where the input does not say.
    """

    source: str
    n_layers: int
    n_elements: int | None


@dataclass(frozen=True)
class ConfoundRecord:
    """Outcome of the confound test of one quantity of a preset; see docs/analysis.md."""

    preset: str
    quantity: str
    status: str
    layers_by_type: dict[str, int]
    partial_eta_squared: float | None
    effect: float | None
    p: float | None
    reason: str | None


@dataclass(frozen=True)
class GaugeRecord:
    """The invariant products of every layer, and how they were got."""

    exactness: str
    explanation: str
    decides: bool
    formulas: dict[str, str]
    products: dict[str, list[float | None]]
    scale_free: dict[str, str]


@dataclass(frozen=True)
class Agreement:
    """Kendall's τ of the layer rankings of two presets."""

    first: str
    second: str
    tau: float | None


@dataclass(frozen=True)
class RunSettings:
    """Choices and constants that the numbers depend on, beside the input.

    Attributes:
        opening: tokens that the model writes of each exact opening, 0 for none; None in files of earlier versions.
    """

    preset: str
    norm: str
    scale: str
    weights: dict[str, float]
    seed: int
    draws: int
    permutations: int
    resamples: int
    sparsity_threshold: float | None
    opening: int | None = None


@dataclass(frozen=True)
class AnalysisRun:
    """Time and version of an analysis: the part that differs from run to run."""

    version: str
    started: str
    seconds: float


@dataclass(frozen=True)
class AnalysisDocument:
    """The whole file. `layers` are those of the leading preset, `other_presets` have their own.

    Attributes:
        standouts: what stands out in the weights and in what was measured; None in files of earlier versions.
        embedding: its rows; None where the weights were not at hand, and in files of earlier versions.
    """

    schema: str
    statement: str
    verdicts_are: str
    model: AnalysedModel
    settings: RunSettings
    preset: PresetSummary
    other_presets: list[PresetSummary]
    hypotheses: list[Finding]
    confounds: list[ConfoundRecord]
    gauge: GaugeRecord
    agreement: list[Agreement]
    applicability: list[Applicability]
    notes: list[str]
    warnings: list[str]
    run: AnalysisRun | None = None
    standouts: list[StandoutKind] | None = None
    embedding: EmbeddingRecord | None = None

    @property
    def over_all_tokens(self) -> bool:
        """Whether sizes of propagation and the probe are over all tokens, the first among them: files of schema 1."""
        return self.schema == FIRST_SCHEMA


OVER_ALL_TOKENS = (
    "the analysis is of schema 1: sizes of its presets propagation and probe are root mean squares over all tokens, the"
    " first one too; a new analysis has medians, behind openings that are read exactly"
)


def number(value: float | None) -> float | None:
    """A number for the file: None for NaN and infinity."""
    return None if value is None or not math.isfinite(value) else float(value)
