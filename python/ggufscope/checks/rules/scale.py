"""Blocks of quantized types whose scale, or minimum, is no finite number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays.arguments import describe_type
from ...text.numbers import counted
from ..registry import Fault, rule
from ..wording import in_experts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from ..facts import Facts


@rule(
    "scale",
    "error",
    "scales of blocks that are NaN or infinite",
    reads="weights",
    from_statistics=True,
    why="Weights of quantized types are small integers times the scale of their block: where the scale is NaN or"
    " infinite, so are all 32 or 256 of them. Bits that flipped, and importance matrices without data, make them.",
    remedy="Get the file again and compare its digest; if it is as published, quantize it again, with an imatrix that"
    " covers these experts.",
)
def scale(facts: Facts) -> Iterator[Fault]:
    for each in facts.numbers():
        if not each.is_quantized or not _broken(each.statistics) or each.reserved is not None:
            continue
        experts = [number for number, fields in enumerate(each.experts) if _broken(fields)]
        element = facts.first_element(each, _not_finite, experts)
        count = each.statistics["nan_count"] + each.statistics["inf_count"]
        size = describe_type(each.tensor.type)["elements_per_block"]
        sentence = f"{counted(count, 'weight')} of scales that are no finite numbers{in_experts(each, experts)}"
        sentence += "" if element is None else f", first in block {element // size}"
        yield Fault(sentence, facts.at_element(each.tensor, element, experts=experts, count=count))


def _broken(fields: Mapping[str, Any]) -> bool:
    return bool(fields["nan_count"] or fields["inf_count"])


def _not_finite(values: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    return ~np.isfinite(values)
