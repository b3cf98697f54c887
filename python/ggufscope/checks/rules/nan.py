"""Weights of float types that are NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...text.numbers import counted
from ..locating import first_at
from ..registry import Fault, rule
from ..wording import in_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


@rule(
    "nan",
    "error",
    "weights that are NaN",
    reads="weights",
    from_statistics=True,
    why="One NaN in a matrix makes every answer NaN, or text without sense. Broken conversions and broken training"
    " leave them; those of quantized types hide in a scale, which `scale` finds.",
    remedy="Get the file again and compare its digest; if it is as published, convert it again from the original.",
)
def nan(facts: Facts) -> Iterator[Fault]:
    for each in facts.numbers():
        count = each.statistics["nan_count"]
        if each.is_quantized or not count:
            continue
        experts = each.experts_with("nan_count")
        element = facts.first_element(each, np.isnan, experts)
        sentence = f"{counted(count, 'NaN')}{in_experts(each, experts)}{first_at(each.tensor, element)}"
        yield Fault(sentence, facts.at_element(each.tensor, element, experts=experts, count=count))
