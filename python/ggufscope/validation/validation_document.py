"""The layout of a saved validation, schema `ggufscope.validation/1`: plain values, None where something is undefined.

These classes are the schema: VALIDATION_FORM checks a file against them, field by field. Charts of predicted against
measured are drawn from `quantities`, each point of which has all there is to draw.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import ValidationError
from ..models.subject import Subject
from ..saving.form import SavedForm
from .quantities import PREDICTORS

SCHEMA = "ggufscope.validation/1"
DIGITS = 7  # of every number, as in traces

_MOST_INDEX = 1 << 31  # of layers and heads: charts take no larger integers


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval over resampled prompts; no interval where there were too few prompts."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ValidatedModel(Subject):
    """The model that was analysed and traced; `identity` is that of both."""

    identity: str
    n_layers: int


@dataclass(frozen=True)
class ComparedAnalysis:
    """The analysis: the presets it ran, and what they were run with."""

    presets: list[str]
    norm: str
    scale: str
    weights: dict[str, float]


@dataclass(frozen=True)
class ComparedTrace:
    """A trace: what was read, and by which engine. `seed` is that of random tokens."""

    source: str
    prompt_set: str | None
    template: str
    engine: str
    engine_version: str
    n_prompts: int
    n_tokens: int
    seed: int | None


@dataclass(frozen=True)
class ValidationSettings:
    """Constants that the intervals, the null and the fit depend on, beside the input.

    Attributes:
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
class Point:
    """A layer, or a head of one.

    Attributes:
        measured: over the prompts; see `Quantity.combined`.
        low, high: its 95 % interval over resampled prompts.
        predicted: predictor → its value here, in its own unit.
    """

    layer: int
    head: int | None
    measured: float
    low: float | None
    high: float | None
    predicted: dict[str, float | None]


@dataclass(frozen=True)
class Size:
    """Errors of a predictor that predicts the measured number itself.

    Attributes:
        kind: `"relative"`: predicted / measured − 1; `"difference"`: predicted − measured, of shares.
        mean: of the errors over the points.
        mean_absolute: of their magnitudes.
        lowest, highest: of the errors.
        constant: the mean magnitude of the errors of one number for all points, the best that is known after
            measuring: the geometric mean of what was measured, for differences the mean.
        against_constant: mean_absolute − constant; below 0 the predictor is closer.
        over_points: the same, its interval over resampled points.
        verdict: `"closer than a constant"`, `"no closer than a constant"` or `"further off than a constant"`; None
            without an interval, and for fewer than eight points.
    """

    kind: str
    mean: Estimate
    mean_absolute: Estimate
    lowest: float
    highest: float
    constant: float
    against_constant: Estimate
    over_points: Estimate
    verdict: str | None


@dataclass(frozen=True)
class Against:
    """Spearman's ρ of a predictor minus that of a baseline, on the points that both have.

    Attributes:
        difference: its interval is over resampled prompts.
        over_points: the same difference; its interval is over resampled points.
        verdict: what both intervals say; see `Predictor`.
    """

    baseline: str
    difference: Estimate
    over_points: Estimate
    verdict: str | None


@dataclass(frozen=True)
class Predictor:
    """One source beside a quantity: how well it predicts its order and, where it is meant to, its size.

    Attributes:
        name: `heuristic`, `propagation`, `probe`; baselines are `norms` and `depth`.
        role: `"prediction"` or `"baseline"`.
        score: what it is in the analysis or the probe.
        formula: as people read it.
        n_points: that it has a value for.
        spearman, kendall: rank correlation over the points; None for fewer than three, or where either is constant.
        size: None where it is not in the unit of what is measured.
        against: each baseline of the quantity.
        verdict: of all `against`: `"better than the baseline"` if it is better than each, `"worse than the baseline"`
            if worse than any, else `"no better than the baseline"`; None for baselines, without intervals,
            and for fewer than eight points.
    """

    name: str
    role: str
    score: str
    formula: str
    n_points: int
    spearman: Estimate | None
    kendall: Estimate | None
    size: Size | None
    against: list[Against] = field(default_factory=list)
    verdict: str | None = None


@dataclass(frozen=True)
class Quantity:
    """One measured quantity and everything that predicts it.

    Attributes:
        name: unique within the file.
        label: for tables and axes.
        per: `"layer"` or `"head"`.
        figure: of the trace; None for the index, which is made of several.
        definition: what is measured.
        combined: how the prompts make one number of each point.
        unit: `"share"`, `"nats"`, `"points"` or `""`.
        n_prompts: that the number is of.
        n_left_out: prompts in which it is undefined somewhere.
        points: empty where nothing was measured.
        predictors: in the order of the registry.
        missing: predictor → why it is not here.
        note: what to know of the quantity as a whole, as why nothing was measured; None for nothing.
    """

    name: str
    label: str
    per: str
    figure: str | None
    definition: str
    combined: str
    unit: str
    n_prompts: int
    n_left_out: int
    points: list[Point]
    predictors: list[Predictor]
    missing: dict[str, str]
    note: str | None


@dataclass(frozen=True)
class Feature:
    """A figure of each prompt, and what the fit made of it.

    Attributes:
        component: of the risk index, whose weight it is fitted for.
        figure: of the trace, averaged over layers and heads.
        mean_correct, mean_wrong: over the prompts answered so; None where there is none.
        auc: how often it is higher where the answer is wrong.
        default_weight: what the component weighs without a fit.
        weight: fitted; None without a fit.
        kept: why the default weight was kept; None where it was fitted.
    """

    component: str
    figure: str
    definition: str
    mean_correct: float | None
    mean_wrong: float | None
    auc: float | None
    default_weight: float
    weight: float | None
    kept: str | None


@dataclass(frozen=True)
class Fold:
    """A category left out: the weights fitted on all others, with which its prompts were scored.

    Attributes:
        weights: by component.
        note: why these are the default weights; None where they were fitted.
    """

    category: str
    n_correct: int
    n_wrong: int
    weights: dict[str, float]
    note: str | None


@dataclass(frozen=True)
class HeldOut:
    """A prompt's scores: weighted sums of its standardized features; higher where a wrong answer is expected."""

    id: str
    category: str
    wrong: bool
    fitted: float
    uniform: float


@dataclass(frozen=True)
class Null:
    """The whole fit on shuffled labels: mean of its AUC, and the value that 2.5 % of the shuffles exceed."""

    permutations: int
    mean: float
    high: float


@dataclass(frozen=True)
class Fit:
    """The weights of the risk index, fitted to which prompts were answered wrongly.

    Attributes:
        fitted: whether there are weights.
        reason: why there are none; None where there are.
        exploratory: fewer than 100 scored prompts: a suggestion, no result.
        n_correct, n_wrong: prompts that the fit is on.
        n_unscored: prompts whose answer could not be scored, or that have none.
        n_incomplete: scored, but a feature is undefined.
        power: probability that so many prompts show an AUC of 0.7 (two-sided test, 5 %).
        features: the four.
        weights: component → weight; they add up to 1.
        folds: one for each category.
        auc: of the scores of prompts whose category was left out of the fit.
        auc_uniform: of the same features, all weighing alike.
        difference: auc − auc_uniform.
        p: share of shuffles (and this fit) whose AUC is as high.
        null: of the shuffles.
        verdict: in words; None without a fit.
        scores: of every prompt, for charts.
    """

    fitted: bool
    reason: str | None
    exploratory: bool
    n_correct: int
    n_wrong: int
    n_unscored: int
    n_incomplete: int
    power: float | None
    features: list[Feature]
    weights: dict[str, float] | None = None
    folds: list[Fold] = field(default_factory=list)
    auc: Estimate | None = None
    auc_uniform: Estimate | None = None
    difference: Estimate | None = None
    p: float | None = None
    null: Null | None = None
    verdict: str | None = None
    scores: list[HeldOut] = field(default_factory=list)


@dataclass(frozen=True)
class ValidationRun:
    """Time and version of a validation: the part that differs from run to run."""

    version: str
    started: str
    seconds: float


@dataclass(frozen=True)
class ValidationDocument:
    """The whole file. `findings` are its results in sentences."""

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
    types=lambda: ValidationDocument,
    error=ValidationError,
    digits=DIGITS,
    check=_check_quantities,
    optional=("model.file_hashes",),
)
