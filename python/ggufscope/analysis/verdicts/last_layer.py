"""H6, the hypothesis about the index itself: that the last layer has the highest risk.

It is a claim of the study about its own index, whichever preset leads; where the last layer stands in the indices of
other presets is a remark on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..index.sensitivity import sensitivity
from ..orders import ranks
from ..wording import Verdict, statement
from .findings import Evidence, Finding, GaugeCheck, OriginalRule, QuantizerCheck
from .hypotheses import FIRST_FOR_SURE, H6_CONSEQUENCE, H6_ORIGINAL, H6_PREMISE, H6_TITLE
from .judging import decide

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..index.ranking import Ranking
    from ..index.risk import RiskIndex
    from ..index.sensitivity import Sensitivity


@dataclass(frozen=True, eq=False)
class LastLayer:
    """The facts that H6 is judged by.

    Attributes:
        risk: the index by the study's formulas.
        draws: its sensitivity to the weights; None without an index.
        without_confounded: the index without flagged components.
        flagged: scores and components that the confound test flagged.
        not_separable: scores in the index for which it could not decide.
        is_invariant: whether the index has none but invariant components itself; then there is nothing to check.
        invariant: the index from invariant components; None where products are missing or decide nothing.
        why_not_invariant: the reason that there is none.
        seed: of the draws for it.
    """

    risk: RiskIndex
    draws: Sensitivity | None
    without_confounded: RiskIndex
    flagged: Collection[str]
    not_separable: Collection[str]
    is_invariant: bool
    invariant: RiskIndex | None
    why_not_invariant: str
    seed: int


def other_indices(rankings: Mapping[str, Ranking]) -> str | None:
    """The place of the last layer in the indices of other presets; None where there are none.

    As `"rank 12 in the index of preset probe, first with probability 0.00"`.
    """
    parts = [
        f"rank {ranks(ranking.risk.values)[-1]:g} in the index of preset {name}, first with probability"
        f" {ranking.draws.p_first[-1]:.2f}"
        for name, ranking in rankings.items()
        if ranking.draws is not None and not ranking.risk.is_flat
    ]
    return f"the last layer has {', '.join(parts)}" if parts else None


def judge_last_layer(facts: LastLayer, remark: str | None = None) -> Finding:
    """The verdict on H6: rank 1, P(first) ≥ 0.95 over weights, and still first without confounded components."""
    if facts.draws is None:
        why = "no component of the index is available"
        return _finding("not applicable", why, None, is_invariant=facts.is_invariant, remark=remark)
    rank, p_first = float(ranks(facts.risk.values)[-1]), float(facts.draws.p_first[-1])
    holds = rank == 1 and p_first >= FIRST_FOR_SURE
    quantizer, gauge = _quantizer_check(facts), None if facts.is_invariant else _gauge_check(facts)
    verdict = decide(holds, quantizer, gauge)
    why = _why(verdict, facts, rank, p_first, gauge)
    interval = float(facts.draws.rank_low[-1]), float(facts.draws.rank_high[-1])
    evidence = Evidence(None, interval, "rank of the last layer over weights (5–95 %)", {"p_first": p_first})
    return _finding(
        verdict,
        why,
        rank,
        is_invariant=facts.is_invariant,
        holds=holds,
        evidence=evidence,
        quantizer=quantizer,
        gauge=gauge,
        remark=remark,
    )


def _is_first(risk: RiskIndex) -> bool:
    return not risk.is_flat and float(ranks(risk.values)[-1]) == 1


def _quantizer_check(facts: LastLayer) -> QuantizerCheck:
    if not facts.flagged:
        return QuantizerCheck("not separable" if facts.not_separable else "not flagged")
    known = bool(np.isfinite(facts.without_confounded.values).all())
    rank = float(ranks(facts.without_confounded.values)[-1]) if known else None
    return QuantizerCheck("flagged", None, rank, _is_first(facts.without_confounded))


def _gauge_check(facts: LastLayer) -> GaugeCheck:
    if facts.invariant is None:
        return GaugeCheck(None, None, None, False, facts.why_not_invariant)
    p_first = float(sensitivity(facts.invariant.matrix, seed=facts.seed).p_first[-1])
    first = _is_first(facts.invariant) and p_first >= FIRST_FOR_SURE
    rank = float(ranks(facts.invariant.values)[-1])
    return GaugeCheck(None, rank, first, True, f"in the index from invariant components; P(first) {p_first:.2f}")


def _why(verdict: Verdict, facts: LastLayer, rank: float, p_first: float, gauge: GaugeCheck | None) -> str:
    text = f"rank {rank:g} of {len(facts.risk.values)}, first with probability {p_first:.2f} over weights"
    if facts.risk.is_flat:
        return "the index is flat: no layer is first"
    if verdict == "confounded":
        return f"{text}, but not first without {', '.join(facts.flagged)}, which follow the quantization types"
    if verdict == "parametrization-dependent" and gauge is not None and gauge.value is not None:
        return f"{text} as written; rank {gauge.value:g} {gauge.note}"
    if verdict == "not separable":
        return f"{text}; the quantizer cannot be ruled out for {', '.join(facts.not_separable)}"
    if gauge is not None and gauge.value is not None:
        text += f"; rank {gauge.value:g} {gauge.note}"
    return text


def _finding(
    verdict: Verdict,
    why: str,
    rank: float | None,
    *,
    is_invariant: bool,
    holds: bool | None = None,
    evidence: Evidence | None = None,
    quantizer: QuantizerCheck | None = None,
    gauge: GaugeCheck | None = None,
    remark: str | None = None,
) -> Finding:
    return Finding(
        id="H6",
        title=H6_TITLE,
        premise=H6_PREMISE,
        consequence=H6_CONSEQUENCE,
        verdict=verdict,
        statement=statement(verdict, H6_PREMISE, H6_CONSEQUENCE),
        why=why,
        value=rank,
        measured="" if rank is None else f"rank {rank:g}",
        holds_as_measured=holds,
        gauge_invariant=is_invariant,
        evidence=evidence or Evidence(),
        original_rule=OriginalRule(H6_ORIGINAL, rank, None if rank is None else rank == 1),
        quantizer=quantizer,
        gauge=gauge,
        remark=remark,
    )
