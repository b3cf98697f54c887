"""Codes of quantized weights that are used otherwise than the type's quantizer uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...arrays.arguments import describe_type
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts

_LEAST_ENTROPY = 0.45  # of the bits of a code
_MOST_SATURATED = 0.6
_FEWEST = 4096  # weights of a matrix that is judged


@rule(
    "codes",
    "warning",
    "codes of quantized weights that are hardly used, or all at their ends",
    reads="weights",
    why="A quantizer spreads weights over all codes of a block. Codes of little entropy, or most of them at an end of"
    " their range, are what a damaged file, or a scale that was changed behind the quantizer's back, looks like.",
    remedy="Compare the digest of the file; if it is as published, quantize again.",
)
def codes(facts: Facts) -> Iterator[Fault]:
    for each in facts.weights():
        entropy, saturated = each.statistics.get("code_entropy"), each.statistics.get("code_saturation")
        bits = describe_type(each.tensor.type)["code_bits"]
        if entropy is None or saturated is None or not bits or each.tensor.n_elements < _FEWEST:
            continue
        if not each.statistics.get("abs_max") or each.statistics.get("min") == each.statistics.get("max"):
            continue
        name = each.tensor.name
        if saturated > _MOST_SATURATED:
            sentence = f"{100 * saturated:.3g} % of the codes are at an end of their range in {name}"
            yield Fault(sentence, facts.at_tensor(each.tensor))
        elif entropy < _LEAST_ENTROPY * bits:
            sentence = f"codes of {bits} bits hold {entropy:.3g} bits of entropy in {name}"
            yield Fault(sentence, facts.at_tensor(each.tensor))
