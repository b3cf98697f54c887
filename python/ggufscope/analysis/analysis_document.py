"""The layout of a saved analysis, schema `ggufscope.analysis/1`: plain values, None where something is undefined.

These classes are the schema: ANALYSIS_FORM checks a file against them, field by field.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import AnalysisError
from ..models.subject import Subject
from ..saving.form import SavedForm, dotted
from .inputs.layer_table import Applicability  # noqa: TC001  as below
from .verdicts.findings import Finding  # noqa: TC001  pydantic resolves the annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..saving.form import Plain

SCHEMA = "ggufscope.analysis/1"
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
class ComponentValue:
    """A term of the index at one layer: before scaling, and scaled to [0, 1]."""

    raw: float | None
    scaled: float | None


@dataclass(frozen=True)
class Zeros:
    """Exact zeros of W_v at one layer: measured share, the band its type explains, and what lies outside."""

    zero_fraction: float | None
    expected_zero_fraction: tuple[float, float] | None
    excess_zero_fraction: float | None


@dataclass(frozen=True)
class LayerRecord:
    """One layer.

    Attributes:
        layer: its number in the file.
        types: matrix or gain → type.
        scores: every score of the preset.
        components: the terms of the index.
        contributions: component → the points it adds to the index.
        risk: the index, 0 to 100, within this model.
        risk_without_confounded: the index without what the confound test flagged.
        level: `low`, `medium` or `high`, only where neither the weights nor what is confounded matter.
        rank: 1 for the highest index; ties share their mean rank.
        rank_interval: 5 % and 95 % quantiles of the rank over weights.
        p_first, p_top_three: probabilities over weights.
        value_zeros: exact zeros of W_v against those of its type.
    """

    layer: int
    types: dict[str, str | None]
    scores: dict[str, float | None]
    components: dict[str, ComponentValue]
    contributions: dict[str, float]
    risk: float | None
    risk_without_confounded: float | None
    level: str | None
    rank: float | None
    rank_interval: tuple[float, float] | None
    p_first: float | None
    p_top_three: float | None
    value_zeros: Zeros


@dataclass(frozen=True)
class Variant:
    """The index with another norm scale or scaling.

    Attributes:
        tau: Kendall's τ of its order and the reported one.
        top_layers: the three highest, highest first.
        risk, rank, p_first, p_top_three: per layer, as in LayerRecord.
    """

    norm: str
    scale: str
    tau: float | None
    top_layers: list[int]
    risk: list[float | None]
    rank: list[float | None]
    p_first: list[float | None]
    p_top_three: list[float | None]


@dataclass(frozen=True)
class ThirdRecord:
    """Scores of a preset of the early, middle or late layers together."""

    third: str
    layers: list[int]
    values: dict[str, float | None]


@dataclass(frozen=True)
class PresetSummary:
    """A preset and its index as a whole.

    Attributes:
        weights: of the components in the index; they add up to 1.
        effective_weights: score → its weight through every component it enters.
        independent_components: their effective number, the participation ratio of their correlation matrix.
        flat: components and ingredients that differ by less than 5 %.
        dropped: component → why it is not in the index.
        confounded: what `risk_without_confounded` leaves out.
        formulas: score or component → formula.
        gauge_invariant: score or component → whether rescaling the weights leaves it as it is.
        variants: the index with the other norm scale and scaling.
        per_head: tables, layers × heads, where the preset has any.
        layers: one record per layer.
        reads: score or component → the roles of the tensors it comes from.
        thirds: scores of the early, middle and late layers together, where the preset has any.
    """

    name: str
    summary: str
    weights: dict[str, float]
    effective_weights: dict[str, float]
    independent_components: float | None
    flat: list[str]
    dropped: dict[str, str]
    confounded: list[str]
    formulas: dict[str, str]
    gauge_invariant: dict[str, bool]
    variants: list[Variant]
    per_head: dict[str, list[list[float | None]]]
    layers: list[LayerRecord]
    reads: dict[str, list[str]] = field(default_factory=dict)
    thirds: list[ThirdRecord] = field(default_factory=list)


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
    """Choices and constants that the numbers depend on, beside the input."""

    preset: str
    norm: str
    scale: str
    weights: dict[str, float]
    seed: int
    draws: int
    permutations: int
    resamples: int
    sparsity_threshold: float | None


@dataclass(frozen=True)
class AnalysisRun:
    """Time and version of an analysis: the part that differs from run to run."""

    version: str
    started: str
    seconds: float


@dataclass(frozen=True)
class AnalysisDocument:
    """The whole file. `layers` are those of the leading preset, `other_presets` have their own."""

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


def number(value: float | None) -> float | None:
    """A number for the file: None for NaN and infinity."""
    return None if value is None or not math.isfinite(value) else float(value)


def _with_layers_outside(plain: Plain) -> Plain:
    """The layers of the leading preset stand at the end of the file, the source behind the title."""
    model = plain["model"]
    plain["model"] = {"title": model["title"], "source": model["source"], **model}
    plain["layers"] = plain["preset"].pop("layers")
    return plain


def _with_layers_inside(plain: Plain) -> Plain:
    preset = plain.get("preset")
    if isinstance(preset, dict):
        preset = {**preset, "layers": plain.get("layers")}
    return {**{key: value for key, value in plain.items() if key != "layers"}, "preset": preset}


def _place_in_file(steps: Sequence[int | str], plain: Plain) -> str:
    return dotted(steps, plain).replace("preset.layers", "layers")


def _text(plain: Plain) -> str:
    return json.dumps(plain, indent=1, allow_nan=False) + "\n"


ANALYSIS_FORM: SavedForm[AnalysisDocument] = SavedForm(
    kind="a saved analysis",
    noun="analysis",
    schema=SCHEMA,
    types=lambda: AnalysisDocument,
    error=AnalysisError,
    digits=DIGITS,
    arrange=_with_layers_outside,
    restore=_with_layers_inside,
    place=_place_in_file,
    text=_text,
    optional=("model.file_hashes",),
)
