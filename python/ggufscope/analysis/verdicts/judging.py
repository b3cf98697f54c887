"""From a hypothesis to a verdict: the rule as measured, then the objections to it.

1. `not applicable`: the quantity is not known, or the rule needs more layers.
2. `confounded`: it holds as measured, the types of its tensors explain it (confound test flags it), and it fails once
   the quantizer's effect is taken away: expected zeros from zero shares, fitted type effects from other quantities.
3. `parametrization-dependent`: on the invariant product the rule says the opposite, or a norm makes sizes meaningless.
4. `not separable`: it holds as measured, but the layout of types does not let the test of 2 decide, or the effect of
   a type, or the types themselves, are not known.
5. `holds` or `does not hold`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..inputs.gauge import EXPLANATIONS, PRODUCTS
from ..inputs.zeros import excess_zeros
from ..presets.heuristic import PER_ROW, has_rows
from ..wording import FROBENIUS, Verdict, gap, percent_change, statement
from .findings import Evidence, Finding, GaugeCheck, OriginalRule, QuantizerCheck
from .rules import RuleNotApplicableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...arrays.floats import Floats
    from ..index.confound import Confound
    from ..inputs.gauge import Gauge
    from ..inputs.layer_table import LayerTable
    from ..presets.registry import Series
    from .hypotheses import Hypothesis
    from .rules import Outcome, Rule


@dataclass(frozen=True, eq=False)
class Context:
    """The facts that verdicts are made from.

    Attributes:
        table: the layers.
        series: scores, by name.
        confounds: outcome of the confound test, by quantity.
        gauge: the invariant products.
    """

    table: LayerTable
    series: Mapping[str, Series]
    confounds: Mapping[str, Confound]
    gauge: Gauge


def judge(hypothesis: Hypothesis, context: Context) -> Finding:
    """The verdict on one of H1 to H5, with its evidence."""
    try:
        outcome = hypothesis.rule(_known(hypothesis.quantity, context))
    except RuleNotApplicableError as reason:
        return _finding(hypothesis, context, "not applicable", str(reason))
    quantizer = _quantizer_check(hypothesis, context)
    gauge = _gauge_check(hypothesis, context)
    verdict = decide(outcome.holds, quantizer, gauge)
    why = _why(verdict, hypothesis, outcome, quantizer, gauge)
    return _finding(hypothesis, context, verdict, why, outcome, quantizer=quantizer, gauge=gauge)


def decide(holds: bool, quantizer: QuantizerCheck, gauge: GaugeCheck | None) -> Verdict:
    """The verdict from the answer as measured and the two checks."""
    if holds and quantizer.status == "flagged" and quantizer.counterfactual_holds is False:
        return "confounded"
    if gauge is not None and gauge.decides and gauge.holds is not holds:
        return "parametrization-dependent"
    if holds and is_undecided(quantizer):
        return "not separable"
    return "holds" if holds else "does not hold"


def is_undecided(quantizer: QuantizerCheck) -> bool:
    """Whether the quantizer's part in a quantity could not be found out."""
    if quantizer.status == "flagged":
        return quantizer.counterfactual_holds is None
    return quantizer.status in {"not separable", "not available"}


def _known(quantity: str, context: Context) -> Floats:
    series = context.series[quantity]
    if series.complete:
        return series.values
    missing = ", ".join(context.table.missing(series.reads)) or "a denominator is 0"
    raise RuleNotApplicableError(f"{series.formula} is not defined on every layer (missing: {missing})")


def _quantizer_check(hypothesis: Hypothesis, context: Context) -> QuantizerCheck:
    confound = context.confounds[hypothesis.quantity]
    values = _without_quantizer(hypothesis, confound, context)
    counterfactual = None if values is None else _tried(hypothesis.rule, values)
    return QuantizerCheck(
        confound.status,
        confound.partial_eta_squared,
        counterfactual.value if counterfactual else None,
        counterfactual.holds if counterfactual else None,
        confound.reason,
    )


def _without_quantizer(hypothesis: Hypothesis, confound: Confound, context: Context) -> Floats | None:
    """The quantity minus the quantizer's effect; None where there is no effect, or none that is known."""
    values = context.series[hypothesis.quantity].values
    if confound.status in {"single type", "not available"}:
        return None
    if hypothesis.zero_share:
        excess = excess_zeros(values, context.table.matrices["v"].types)
        return excess if np.isfinite(excess).all() else None
    return None if confound.shift is None else values - confound.shift


def _tried(rule: Rule, values: Floats) -> Outcome | None:
    try:
        return rule(values)
    except RuleNotApplicableError:
        return None


def _gauge_check(hypothesis: Hypothesis, context: Context) -> GaugeCheck | None:
    """The claim on the product; None where the quantity is invariant itself."""
    name, gauge = hypothesis.product, context.gauge
    if name is None:
        return None
    if name in gauge.scale_free:
        return GaugeCheck(name, None, None, True, gauge.scale_free[name])
    values = gauge.products[name]
    if not np.isfinite(values).all():
        return GaugeCheck(name, None, None, False, f"{PRODUCTS[name]} is not known on every layer")
    outcome = _tried(hypothesis.product_rule, values)
    if outcome is None or not gauge.decides:
        return GaugeCheck(name, None, None, False, EXPLANATIONS[gauge.exactness])
    return GaugeCheck(name, outcome.value, outcome.holds, True, EXPLANATIONS[gauge.exactness])


def _value_text(hypothesis: Hypothesis, value: float | None) -> str:
    return gap(value) if hypothesis.zero_share else percent_change(value)


def _why(
    verdict: Verdict, hypothesis: Hypothesis, outcome: Outcome, quantizer: QuantizerCheck, gauge: GaugeCheck | None
) -> str:
    """The reason for a verdict, in one sentence."""
    measured = _value_text(hypothesis, outcome.value)
    if verdict == "confounded":
        return (
            f"{measured} as measured, {_value_text(hypothesis, quantizer.counterfactual_value)} without the"
            f" quantizer's effect; the types explain {100 * (quantizer.partial_eta_squared or 0):.0f} % of what depth"
            " does not"
        )
    if verdict == "parametrization-dependent" and gauge is not None:
        if gauge.holds is None:
            return f"{measured}, but {gauge.note}"
        product = PRODUCTS[gauge.product or ""]
        return f"{measured} as written, {percent_change(gauge.value)} for {product}, which no rescaling changes"
    if verdict == "not separable":
        reason = quantizer.reason or "the effect of the types is not known"
        return f"{measured} as measured, but the quantizer cannot be ruled out: {reason}"
    return measured + _trend_text(outcome) + _gauge_text(gauge)


def _trend_text(outcome: Outcome) -> str:
    parts = [f"τ {outcome.tau:+.2f} over depth"] if outcome.tau is not None else []
    if outcome.interval is not None:
        low, high = outcome.interval
        parts.append(f"{outcome.interval_of} {low:.3g} to {high:.3g} (95 %)")
    return f"; {', '.join(parts)}" if parts else ""


def _gauge_text(gauge: GaugeCheck | None) -> str:
    """The number of the invariant product, where there is one; that it could not be tried is a warning, no evidence."""
    if gauge is None or not gauge.decides:
        return ""
    return f"; {percent_change(gauge.value)} for the invariant product"


def _finding(
    hypothesis: Hypothesis,
    context: Context,
    verdict: Verdict,
    why: str,
    outcome: Outcome | None = None,
    *,
    quantizer: QuantizerCheck | None = None,
    gauge: GaugeCheck | None = None,
) -> Finding:
    return Finding(
        id=hypothesis.id,
        title=hypothesis.title,
        premise=hypothesis.premise,
        consequence=hypothesis.consequence,
        verdict=verdict,
        statement=statement(verdict, hypothesis.premise, hypothesis.consequence),
        why=why,
        value=outcome.value if outcome else None,
        measured=_value_text(hypothesis, outcome.value) if outcome else "",
        holds_as_measured=outcome.holds if outcome else None,
        gauge_invariant=context.series[hypothesis.quantity].gauge_invariant,
        evidence=evidence_of(outcome) if outcome else Evidence(),
        original_rule=_original(hypothesis, context),
        quantizer=quantizer,
        gauge=gauge,
        remark=_remark(hypothesis, context),
    )


def _remark(hypothesis: Hypothesis, context: Context) -> str | None:
    """The remark on the hypothesis, and that norms had to do where the input tells no rows."""
    parts = [hypothesis.remark] if hypothesis.remark else []
    if hypothesis.quantity in PER_ROW and not has_rows(context.table):
        parts.append(FROBENIUS)
    return "; ".join(parts) or None


def evidence_of(outcome: Outcome) -> Evidence:
    """The numbers of an outcome that stand behind a verdict."""
    return Evidence(outcome.tau, outcome.interval, outcome.interval_of, outcome.details)


def _original(hypothesis: Hypothesis, context: Context) -> OriginalRule:
    try:
        outcome = hypothesis.original_rule(_known(hypothesis.original_quantity, context))
    except RuleNotApplicableError:
        return OriginalRule(hypothesis.original_text, None, None)
    return OriginalRule(hypothesis.original_text, outcome.value, outcome.holds)
