"""The sentences that go with the numbers, the same in every output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compare import BETTER, WORSE
from .estimates import UNDECIDED
from .quantities import BASELINES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .fit_document import Fit
    from .quantity_document import Against, BandOrder, Estimate, Predictor, Quantity

STATEMENT = (
    "Predictions from the weights against what was measured while this model read these prompts. Intervals are over the"
    " prompts alone: another model, or other prompts, may give another picture. That a quantity is predicted well does"
    " not link it to wrong answers; only the fit of the weights looks at answers."
)

_IN_SENTENCES = ("head_entropy", "attention_entropy", "ffn_attention_ratio", "risk")  # the table has the rest


def with_interval(estimate: Estimate | None, form: str = "+.2f") -> str:
    """A number and its interval.

    >>> from ggufscope.validation.quantity_document import Estimate
    >>> with_interval(Estimate(0.5, 0.4, 0.6)), with_interval(Estimate(0.5)), with_interval(None)
    ('+0.50 (+0.40 to +0.60)', '+0.50', 'undefined')
    """
    if estimate is None:
        return "undefined"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:{form}}"
    return f"{estimate.value:{form}} ({estimate.low:{form}} to {estimate.high:{form}})"


def findings(quantities: list[Quantity], fit: Fit) -> list[str]:
    """The results in sentences: orders first, then sizes, then the fit."""
    bands = [sentence for quantity in quantities if (sentence := bands_sentence(quantity)) is not None]
    return [*_orders(quantities), *bands, *count_sentences(quantities), *_sizes(quantities), fit_sentence(fit)]


def _orders(quantities: list[Quantity]) -> Iterator[str]:
    for quantity in quantities:
        if quantity.name not in _IN_SENTENCES or not quantity.predictors:
            continue
        predictions = [predictor for predictor in quantity.predictors if predictor.name not in BASELINES]
        baselines = [predictor for predictor in quantity.predictors if predictor.name in BASELINES]
        parts = [_order(predictor) for predictor in predictions]
        beside = ", ".join(f"{predictor.name} {rho(predictor)}" for predictor in baselines)
        if parts:
            yield f"order of {quantity.per}s by {quantity.label}: {'; '.join(parts)}; baselines: {beside or 'none'}"


def bands_sentence(quantity: Quantity) -> str | None:
    """The order of heads by entropy in each band of positions; None where there are no bands."""
    if not quantity.bands:
        return None
    names = [name for name in quantity.bands[0].spearman if name not in BASELINES]
    parts = [f"{name} {', '.join(_in_band(band, name) for band in quantity.bands)}" for name in names]
    return f"in positions {', '.join(band.label for band in quantity.bands)} of a text: {'; '.join(parts)}"


def _in_band(band: BandOrder, name: str) -> str:
    value = band.spearman.get(name)
    return "undefined" if value is None else f"{value:+.2f}"


def _order(predictor: Predictor) -> str:
    text = f"{predictor.name} {rho(predictor)}"
    return text if predictor.verdict is None else f"{text}, {verdict_text(predictor)}"


def verdict_text(predictor: Predictor) -> str:
    """The verdict on an order behind the difference and the interval that decide it."""
    test = predictor.strongest
    return predictor.verdict or "" if test is None else f"{over_baseline(test)}: {predictor.verdict}"


def over_baseline(test: Against) -> str:
    """The difference of rank correlations and the interval that decides.

    >>> from ggufscope.validation.quantity_document import Against, Estimate
    >>> over_baseline(Against("depth", Estimate(-0.1, -0.2, 0.1), Estimate(-0.1, -0.5, 0.05), None))
    '-0.10 (-0.50 to +0.10) over depth'
    """
    return f"{with_interval(test.deciding)} over {test.baseline}"


def rho(predictor: Predictor) -> str:
    """Spearman's ρ without an interval: the one of the difference decides."""
    return "undefined" if predictor.spearman is None else f"{predictor.spearman.value:+.2f}"


def count_sentences(quantities: list[Quantity]) -> list[str]:
    """How many of all predicted orders beat the baselines: of many, some do by chance."""
    by_source: dict[str, list[str]] = {}
    for quantity in quantities:
        for predictor in quantity.predictors:
            if predictor.verdict is not None:
                by_source.setdefault(predictor.name, []).append(predictor.verdict)
    return [
        f"{source}, {len(verdicts)} order{'s' if len(verdicts) > 1 else ''} tested: "
        + ", ".join(f"{n} {word}" for word, n in _counts(verdicts).items() if n)
        for source, verdicts in by_source.items()
    ]


def _counts(verdicts: list[str]) -> dict[str, int]:
    better, worse = verdicts.count(BETTER), verdicts.count(WORSE)
    return {BETTER: better, UNDECIDED: len(verdicts) - better - worse, WORSE: worse}


def _sizes(quantities: list[Quantity]) -> Iterator[str]:
    for source in ("propagation", "probe"):
        errors = {
            quantity.label: predictor.size
            for quantity in quantities
            for predictor in quantity.predictors
            if predictor.name == source and predictor.size is not None and predictor.size.kind == "relative"
        }
        if errors:
            worst = max(errors, key=lambda label: errors[label].magnitude.value)
            typical = sorted(size.magnitude.value for size in errors.values())[len(errors) // 2]
            yield (
                f"sizes by {source}: off by {100 * typical:.0f} % (median of {len(errors)} quantities), at most by"
                f" {100 * errors[worst].magnitude.value:.0f} % ({worst})"
            )


def fit_sentence(fit: Fit) -> str:
    """The fit in a sentence."""
    if not fit.fitted:
        return f"weights not fitted: {fit.reason}"
    label = "exploratory, " if fit.exploratory else ""
    return f"fitted weights ({label}{fit.n_correct} correct, {fit.n_wrong} wrong): {_tried(fit)}"


def answers_sentence(fit: Fit) -> str:
    """The answers, and what came of fitting weights to them."""
    if not fit.fitted:
        return f"{answers_text(fit)}; {fit_sentence(fit)}"
    return f"{answers_text(fit)}; fitted weights{' (exploratory)' if fit.exploratory else ''}: {_tried(fit)}"


def _tried(fit: Fit) -> str:
    return (
        f"on categories left out, AUC {_value(fit.auc)}, uniform weights {_value(fit.auc_uniform)}, difference"
        f" {with_interval(fit.difference)}: {fit.verdict}"
    )


def _value(estimate: Estimate | None) -> str:
    return "undefined" if estimate is None else f"{estimate.value:.2f}"


def answers_text(fit: Fit) -> str:
    """How many answers are correct, wrong and unscored, and why the last are."""
    why = ", ".join(f"{reason}: {n}" for reason, n in (fit.unscored or {}).items())
    return f"{fit.n_correct} correct, {fit.n_wrong} wrong, {fit.n_unscored} unscored" + (f" ({why})" if why else "")


def power_sentence(fit: Fit) -> str | None:
    """How probable it is that so few prompts show an AUC; None where nothing was scored."""
    if fit.power is None:
        return None
    return f"{fit.n_correct + fit.n_wrong} scored prompts show an AUC of 0.7 with probability {fit.power:.2f}"
