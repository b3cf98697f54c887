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
        identity: None for a Phase 1 profile.
        source: `"model"`, `"profile"` or `"phase 1"`.
        n_layers: of the main stack.
        n_elements: parameters; None where the input does not say.
    """

    source: str
    n_layers: int
    n_elements: int | None


@dataclass(frozen=True)
class ConfoundRecord:
    """Outcome of the confound test of one quantity of a preset; see docs/analysis.md.

    Attributes:
        preset: that the quantity is of.
        quantity: score or component, by its name.
        status: `"flagged"`, `"not flagged"`, or why there was no test: `"single type"`, `"not separable"`,
            `"not available"`.
        layers_by_type: types → number of layers.
        partial_eta_squared: share of the variance beside that of depth that goes with the types; None unless tested.
        effect: largest minus smallest effect of a type / range of the quantity; None unless tested.
        p: by permutation of the labels; None unless tested.
        reason: of `"not separable"` and `"not available"`; None otherwise.
    """

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
    """The invariant products of every layer, and how they were got.

    Attributes:
        exactness: `"per head"`, `"per layer"` or `"scalings only"`.
        explanation: the same in words.
        decides: whether they are exact enough for verdicts.
        formulas: product → its formula.
        products: product → its value at each layer.
        scale_free: product → why its size means nothing here, and with it that of either factor.
    """

    exactness: str
    explanation: str
    decides: bool
    formulas: dict[str, str]
    products: dict[str, list[float | None]]
    scale_free: dict[str, str]


@dataclass(frozen=True)
class Agreement:
    """Kendall's τ of the layer rankings of two presets.

    Attributes:
        first: a preset.
        second: another one.
        tau: Kendall's τ, −1 to 1; None where one has no ranking.
    """

    first: str
    second: str
    tau: float | None


@dataclass(frozen=True)
class RunSettings:
    """Choices and constants that the numbers depend on, beside the input.

    Attributes:
        preset: the leading one.
        norm: scale of a gain vector, `"mean"` or `"rms"`.
        scale: of a component over the layers, `"minmax"` or `"rank"`.
        weights: component → its weight, as it was asked for.
        seed: of all draws.
        draws: of weights, for probabilities of ranks.
        permutations: of types over layers, for tests of confounds.
        resamples: of layers, for intervals.
        sparsity_threshold: magnitude below which a weight counts as zero in `sparsity`; None where the input does not
            say.
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
    """Time and version of an analysis: the part that differs from run to run.

    Attributes:
        version: of ggufscope.
        started: UTC, ISO 8601.
        seconds: of the clock on the wall.
    """

    version: str
    started: str
    seconds: float


@dataclass(frozen=True)
class AnalysisDocument:
    """The whole file. `layers` are those of the leading preset, `other_presets` have their own.

    Attributes:
        schema: name and version of this layout.
        statement: what the index is, and what it is not.
        verdicts_are: what the verdicts on hypotheses are on.
        model: that was analysed.
        settings: that the numbers depend on.
        preset: the leading one.
        other_presets: that were run beside it.
        hypotheses: findings, `"H1"` to `"H6"`.
        confounds: tests for the types of matrices behind differences of layers.
        gauge: the invariant products.
        agreement: of the rankings of each two presets.
        applicability: scores that the input does not allow.
        notes: what was assumed.
        warnings: to read before the rest.
        run: None where it was left out.
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
