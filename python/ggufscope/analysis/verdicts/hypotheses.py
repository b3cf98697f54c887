"""The six hypotheses of the original study: a premise about weights each, with the rule that decides it.

The behaviour that the study concludes from a premise, its `consequence`, is not tested here, and every output says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import rules

if TYPE_CHECKING:
    from .rules import Rule

FIRST_FOR_SURE = 0.95


@dataclass(frozen=True)
class Hypothesis:
    """One of H1 to H5; H6 is about the index itself.

    Attributes:
        id: `"H1"`.
        title: the premise in few words.
        premise: the claim about the weights.
        consequence: that the study concludes from it.
        quantity: the score that the rule looks at.
        rule: decides the premise.
        original_quantity, original_rule, original_text: the study's own rule, simpler.
        product: the invariant product on which the same claim is tried; None where the quantity is invariant itself.
        product_rule: the rule for the product.
        zero_share: whether the quantizer's effect on the quantity is its expected zeros.
        remark: for the reader.
    """

    id: str
    title: str
    premise: str
    consequence: str
    quantity: str
    rule: Rule
    original_quantity: str
    original_rule: Rule
    original_text: str
    product: str | None
    product_rule: Rule
    zero_share: bool = False
    remark: str | None = None


HYPOTHESES = (
    Hypothesis(
        "H1",
        "W_v sparsity bimodal",
        "value sparsity is bimodal over the layers",
        "information loss",
        "value_sparsity",
        rules.bimodal,
        "value_sparsity",
        rules.median_split_gap,
        "gap of the median split over 0.01",
        None,
        rules.bimodal,
        zero_share=True,
    ),
    Hypothesis(
        "H2",
        "W_q over W_k falls",
        "W_q over W_k, per row, falls by more than 10 % from early to late layers",
        "weaker context integration",
        "qk_row_ratio",
        rules.falls(0.10),
        "qk_norm_ratio",
        rules.falls_alone(0.10),
        "‖W_q‖ / ‖W_k‖ falls by more than 10 %",
        "qk_product",
        rules.falls(0.10),
    ),
    Hypothesis(
        "H3",
        "W_v norm grows",
        "the norm of W_v grows by more than 50 % from the first to the last layer, and trends upward",
        "error amplification",
        "v_norm",
        rules.last_over_first(0.50),
        "v_norm",
        rules.last_over_first_alone(0.50),
        "last over first by more than 50 %",
        "vo_product",
        rules.last_over_first(0.50),
    ),
    Hypothesis(
        "H4",
        "W_q, W_k balance falls",
        "the balance of W_q and W_k, per row, falls by more than 5 % from early to late layers",
        "weaker retrieval",
        "qk_balance",
        rules.falls(0.05),
        "qk_norm_balance",
        rules.falls_alone(0.05),
        "min / max of ‖W_q‖ and ‖W_k‖ falls by more than 5 %",
        "qk_product",
        rules.falls(0.05),
        remark="not independent of H2: the same two norms; read them as one pair",
    ),
    Hypothesis(
        "H5",
        "FFN gain grows",
        "the FFN gain of the last layer is more than 15 % over the mean of layers, and gains trend upward",
        "overfitting",
        "ffn_gain",
        rules.last_over_mean(0.15),
        "ffn_gain",
        rules.last_over_mean_alone(0.15),
        "last over mean by more than 15 %",
        "ffn_product",
        rules.last_over_mean(0.15),
    ),
)

H6_TITLE = "last layer riskiest"
H6_PREMISE = "the last layer has the highest risk index by the study's formulas, whatever the weights"
H6_CONSEQUENCE = "hallucination, the 'perfect storm'"
H6_ORIGINAL = "the last layer has the highest index"
