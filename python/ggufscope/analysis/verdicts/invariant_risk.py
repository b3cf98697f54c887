"""The risk index with every component replaced by one that no rescaling of the weights changes.

    attention_entropy     mean of { 1 − u(qk_product), u(value_sparsity) }
    ffn_dominance         ffn_product / vo_product
    value_sparsity        as it is: rescaling keeps zeros
    norm_amplification    ffn_product / mean of it over the layers − 1

It serves to try H6, and nothing else: like the index it replaces, it is a heuristic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..index.risk import RiskIndex, risk_index
from ..inputs.gauge import PRODUCT_READS, PRODUCTS
from ..presets.heuristic import ratio
from ..presets.registry import Component, Ingredient, Scale, Series

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..inputs.gauge import Gauge

COMPONENTS = (
    Component("attention_entropy", (Ingredient("qk_product", rising=False), Ingredient("value_sparsity"))),
    Component("ffn_dominance", (Ingredient("product_dominance"),)),
    Component("value_sparsity", (Ingredient("value_sparsity"),)),
    Component("norm_amplification", (Ingredient("ffn_amplification"),)),
)


def invariant_risk(
    gauge: Gauge,
    value_sparsity: Series,
    weights: Mapping[str, float],
    scale: Scale,
    without: Collection[str] = (),
) -> RiskIndex:
    """The index from invariant components; its values are NaN where no product is known."""
    series: dict[str, Series] = {
        name: Series(gauge.products[name], PRODUCTS[name], PRODUCT_READS[name], gauge_invariant=True)
        for name in PRODUCTS
    }
    ffn, vo = gauge.products["ffn_product"], gauge.products["vo_product"]
    reads = (*PRODUCT_READS["ffn_product"], *PRODUCT_READS["vo_product"])
    series["value_sparsity"] = value_sparsity
    series["product_dominance"] = Series(ratio(ffn, vo), "ffn_product / vo_product", reads, gauge_invariant=True)
    series["ffn_amplification"] = Series(
        ratio(ffn, np.full(len(ffn), ffn.mean())) - 1,
        "ffn_product / mean − 1",
        PRODUCT_READS["ffn_product"],
        gauge_invariant=True,
        offset=1.0,
    )
    return risk_index(series, COMPONENTS, weights, scale, without)
