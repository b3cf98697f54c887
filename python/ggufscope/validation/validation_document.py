"""The layout of a saved validation, schema `ggufscope.validation/2`: plain values, None where something is undefined.

These classes are the schema: VALIDATION_FORM checks a file against them, field by field. Charts of predicted against
measured are drawn from `quantities`, each point of which has all there is to draw. Files of schema 1 have no bands, and
errors of sizes in the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ValidationError
from ..models.subject import Subject
from ..saving.form import SavedForm
from .fit_document import Fit  # noqa: TC001  pydantic resolves the annotations
from .quantities import PREDICTORS
from .quantity_document import Quantity  # noqa: TC001  pydantic resolves the annotations
from .standouts import StandoutCheck  # noqa: TC001  as above

SCHEMA = "ggufscope.validation/2"
FIRST_SCHEMA = "ggufscope.validation/1"
DIGITS = 7  # of every number, as in traces

_MOST_INDEX = 1 << 31  # of layers and heads: charts take no larger integers


@dataclass(frozen=True)
class ValidatedModel(Subject):
    """The model that was analysed and traced; `identity` is that of both.

    Attributes:
        n_layers: of the main stack.
    """

    identity: str
    n_layers: int


@dataclass(frozen=True)
class ComparedAnalysis:
    """The analysis: the presets it ran, and what they were run with.

    Attributes:
        presets: that were run, the leading one first.
        norm: scale of a gain vector.
        scale: of a component over the layers.
        weights: component → its weight.
    """

    presets: list[str]
    norm: str
    scale: str
    weights: dict[str, float]


@dataclass(frozen=True)
class ComparedTrace:
    """A trace: what was read, and by which engine.

    Attributes:
        source: `"prompts"`, `"text"`, `"probe"` or `"tokens"`.
        prompt_set: its name, or that of the file; None for a probe.
        template: the form prompts were put in.
        engine: its name.
        engine_version: its version.
        n_prompts: pieces that were read.
        n_tokens: of them all.
        seed: of the draws of a probe; None without.
        probe: the kind of a probe, see `trace_document.ProbeRecord`; None without, and in files of the first release.
    """

    source: str
    prompt_set: str | None
    template: str
    engine: str
    engine_version: str
    n_prompts: int
    n_tokens: int
    seed: int | None
    probe: str | None = None


@dataclass(frozen=True)
class ValidationSettings:
    """Constants that the intervals, the null and the fit depend on, beside the input.

    Attributes:
        seed: of all draws.
        resamples: of the prompts, for every interval.
        fewest_prompts: below which there are no intervals.
        permutations: of the labels, for the null of the fit.
        penalty: of the ridge, per prompt, for standardized features.
    """

    seed: int
    resamples: int
    fewest_prompts: int
    permutations: int
    penalty: float


@dataclass(frozen=True)
class ValidationRun:
    """Time and version of a validation: the part that differs from run to run.

    Attributes:
        version: of ggufscope.
        started: UTC, ISO 8601.
        seconds: of the clock on the wall.
    """

    version: str
    started: str
    seconds: float


@dataclass(frozen=True)
class ValidationDocument:
    """The whole file.

    Attributes:
        schema: name and version of this layout.
        statement: what a validation is, and what it is not.
        model: that was predicted and measured.
        analysis: that predicted.
        trace: that measured.
        probe: a trace of a probe that predicts as well; None without.
        settings: that the numbers depend on.
        quantities: that were compared.
        fit: of weights to answers.
        findings: its results in sentences.
        notes: what was assumed.
        warnings: to read before the rest.
        run: None where it was left out.
        standouts: what stands out in the analysis, confirmed by the trace or not; None where one of them is from a
            version that did not look.
    """

    schema: str
    statement: str
    model: ValidatedModel
    analysis: ComparedAnalysis
    trace: ComparedTrace
    probe: ComparedTrace | None
    settings: ValidationSettings
    quantities: list[Quantity]
    fit: Fit
    findings: list[str]
    notes: list[str]
    warnings: list[str]
    run: ValidationRun | None = None
    standouts: list[StandoutCheck] | None = None


def _check_quantities(document: ValidationDocument) -> None:
    """Names are unique and known, and every point has a value of each predictor of its quantity."""
    names = [quantity.name for quantity in document.quantities]
    if len(set(names)) != len(names):
        raise ValidationError("malformed validation: quantities: a name stands there twice")
    for position, quantity in enumerate(document.quantities):
        _check_quantity(quantity, f"malformed validation: quantities.{position}")


def _check_quantity(quantity: Quantity, place: str) -> None:
    names = [predictor.name for predictor in quantity.predictors]
    if len(set(names)) != len(names) or not set(names) <= set(PREDICTORS):
        raise ValidationError(f"{place}.predictors: one that there is not, or that stands there twice")
    for position, point in enumerate(quantity.points):
        if not all(0 <= index < _MOST_INDEX for index in (point.layer, point.head or 0)):
            raise ValidationError(f"{place}.points.{position}: no layer or head")
        if point.predicted.keys() != set(names):
            raise ValidationError(f"{place}.points.{position}.predicted: not the predictors of the quantity")


VALIDATION_FORM = SavedForm(
    kind="a saved validation",
    noun="validation",
    schema=SCHEMA,
    older=(FIRST_SCHEMA,),
    types=lambda: ValidationDocument,
    error=ValidationError,
    digits=DIGITS,
    check=_check_quantities,
    optional=(
        "model.file_hashes",
        "trace.probe",
        "probe.probe",
        "fit.unscored",
        "standouts",
        "quantities.bands",
        "quantities.predictors.size.median_absolute",
    ),
)
