"""Weights of float types that are infinite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..locating import first_at
from ..registry import Fault, rule
from ..wording import in_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


@rule(
    "infinite",
    "error",
    "weights that are infinite",
    reads="weights",
    from_statistics=True,
    why="An infinite weight makes what it multiplies infinite or NaN. Converting weights beyond 65504 to float16 makes"
    " them; numbers of F64 that float32 cannot hold decode to them as well.",
    remedy="Get the file again and compare its digest; if it is as published, convert the original to bfloat16 or"
    " float32.",
)
def infinite(facts: Facts) -> Iterator[Fault]:
    for each in facts.numbers():
        beyond = each.statistics.get("beyond_float32_count", 0)
        count = each.statistics["inf_count"] + beyond
        if each.is_quantized or not count:
            continue
        experts = each.experts_with("inf_count")
        element = facts.first_element(each, np.isinf, experts)
        kind = "number beyond float32" if beyond == count else "infinite weight"
        sentence = f"{count} {kind}{'s' if count > 1 else ''}{in_experts(each, experts)}"
        sentence += first_at(each.tensor, element)
        yield Fault(sentence, facts.at_element(each.tensor, element, experts=experts, count=count))
