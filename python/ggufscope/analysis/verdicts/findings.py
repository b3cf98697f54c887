"""Findings: the report on a hypothesis as plain values, the layout of `hypotheses` in a saved analysis."""

from __future__ import annotations

from dataclasses import dataclass

from ..wording import Verdict  # noqa: TC001  pydantic resolves the annotations


@dataclass(frozen=True)
class Evidence:
    """Numbers behind a verdict.

    Attributes:
        tau: Kendall's τ of the quantity over depth.
        interval: 95 % interval by resampling layers within the groups compared; of H6 the 5–95 % interval of the last
            layer's rank over weights.
        interval_of: the statistic of the interval, in words.
        details: others, by name.
    """

    tau: float | None = None
    interval: tuple[float, float] | None = None
    interval_of: str = ""
    details: dict[str, float | None] | None = None


@dataclass(frozen=True)
class OriginalRule:
    """The study's own rule; None where it cannot be evaluated.

    Attributes:
        rule: in words.
        value: the number that it looks at; None where undefined.
        holds: its answer; None where it cannot be evaluated.
    """

    rule: str
    value: float | None
    holds: bool | None


@dataclass(frozen=True)
class QuantizerCheck:
    """Whether the quantizer could have made it.

    Attributes:
        status: of the confound test of the quantity.
        partial_eta_squared: of its types.
        counterfactual_value: the rule's number on the quantity minus the quantizer's effect.
        counterfactual_holds: the rule's answer there; None where there is no effect to take away.
        reason: of a test that was not possible; None after a test.
    """

    status: str
    partial_eta_squared: float | None = None
    counterfactual_value: float | None = None
    counterfactual_holds: bool | None = None
    reason: str | None = None


@dataclass(frozen=True)
class GaugeCheck:
    """The same claim on a product that no rescaling of the weights changes.

    Attributes:
        product: its name; None for H6, where every component is replaced.
        value: the rule's number on it.
        holds: the rule's answer on it; None where the product is not known or means nothing.
        decides: whether a different answer makes the verdict parametrization-dependent.
        note: on the exactness of the product, or the reason that there is none.
    """

    product: str | None
    value: float | None
    holds: bool | None
    decides: bool
    note: str


@dataclass(frozen=True)
class Finding:
    """A hypothesis, its verdict and why.

    Attributes:
        id: `"H1"` to `"H6"`.
        title: the premise in few words.
        premise: the claim about the weights.
        consequence: the behaviour that the original study concludes; not tested here.
        verdict: on the premise.
        statement: verdict and consequence in one sentence.
        why: the reason in one sentence.
        value: the number the rule looks at: a relative change, the gap of H1, the rank of H6.
        measured: the value as people read it; empty where there is none.
        holds_as_measured: the rule's answer before the checks; None where it does not apply.
        gauge_invariant: whether the quantity is indifferent to the parametrization.
        evidence: numbers behind the verdict.
        original_rule: of the study that the premise is from, and its answer.
        quantizer: whether the quantizer could have made it; None where that does not apply.
        gauge: the same claim on an invariant product; None where that does not apply.
        remark: for the reader.
    """

    id: str
    title: str
    premise: str
    consequence: str
    verdict: Verdict
    statement: str
    why: str
    value: float | None
    measured: str
    holds_as_measured: bool | None
    gauge_invariant: bool
    evidence: Evidence
    original_rule: OriginalRule
    quantizer: QuantizerCheck | None
    gauge: GaugeCheck | None
    remark: str | None = None
