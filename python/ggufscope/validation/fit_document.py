"""The layout of the fit in a saved validation: weights of the index, fitted to answers, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass, field

from .quantity_document import Estimate  # noqa: TC001  pydantic resolves the annotations


@dataclass(frozen=True)
class Feature:
    """A figure of each prompt, and what the fit made of it.

    Attributes:
        component: of the risk index, whose weight it is fitted for.
        figure: of the trace, averaged over layers and heads.
        definition: of the figure.
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
        category: that was left out.
        n_correct: of its prompts that were answered right.
        n_wrong: that were answered wrongly.
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
    """A prompt's scores: weighted sums of its standardized features; higher where a wrong answer is expected.

    Attributes:
        id: of the prompt.
        category: that was left out with it.
        wrong: whether it was answered wrongly.
        fitted: by the fitted weights.
        uniform: by weights that are all alike.
    """

    id: str
    category: str
    wrong: bool
    fitted: float
    uniform: float


@dataclass(frozen=True)
class Null:
    """The whole fit on shuffled labels: mean of its AUC, and the value that 2.5 % of the shuffles exceed.

    Attributes:
        permutations: of the labels.
        mean: of their AUC.
        high: AUC that 2.5 % of them exceed.
    """

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
        unscored: why a prompt has no verdict → how many; None in files of the first release.
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
    unscored: dict[str, int] | None = None
