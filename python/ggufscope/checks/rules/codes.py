"""Codes of quantized weights that are used otherwise than the type's quantizer uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...arrays.arguments import describe_type
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts

_LEAST_ENTROPY = 0.5  # bits; binary weights have one
_MOST_SATURATED = 0.6
_OF_FEW_VALUES = 2.0  # bits of entropy; those of ternary weights are fewer, and most of them lie at the ends
_FEWEST = 4096  # weights of a matrix that is judged


@rule(
    "codes",
    "warning",
    "codes of quantized weights that are hardly used, or all at their ends",
    reads="weights",
    from_statistics=True,
    why="A quantizer fits the scale to the weights of a block: few of them reach the ends of the range, and the codes"
    " between are used. Nearly all codes alike, or most of them at the ends, are what a damaged file looks like, or a"
    " scale that was too small for its weights. Binary and ternary weights in other types have few codes, too, and are"
    " known by their entropy: 1 bit and 1.6.",
    remedy="Compare the digest of the file; if it is as published, quantize again.",
)
def codes(facts: Facts) -> Iterator[Fault]:
    for each in facts.weights():
        entropy, saturated = each.statistics.get("code_entropy"), each.statistics.get("code_saturation")
        if not each.is_quantized or entropy is None or saturated is None or each.tensor.n_elements < _FEWEST:
            continue
        bits = describe_type(each.tensor.type)["code_bits"]
        if not bits or each.is_constant:
            continue
        name = each.tensor.name
        if saturated > _MOST_SATURATED and entropy > _OF_FEW_VALUES:
            sentence = f"{100 * saturated:.3g} % of the codes are at an end of their range in {name}"
            yield Fault(sentence, facts.at_tensor(each.tensor))
        elif entropy < _LEAST_ENTROPY:
            sentence = f"codes of {bits} bits hold {entropy:.2g} bits of entropy in {name}"
            yield Fault(sentence, facts.at_tensor(each.tensor))
