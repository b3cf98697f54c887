"""Gains of norms that are not positive, or vanish."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...text.numbers import counted
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts, TensorFacts
    from ..findings import Severity

_TINY = 1e-4  # largest magnitude of a gain
_MANY = 0.3  # of all gains of a role
_MOST = 0.9  # of the gains of a role that only a few norms have
_FEW = 4  # norms


class _Signs(NamedTuple):
    facts: TensorFacts
    negative: list[int]  # channels
    channels: int


@rule(
    "norm-gains",
    "note",
    "gains of norms that are negative or vanish",
    reads="weights",
    why="Gains begin at 1 and mostly stay positive; a few that are not, and a first layer with many of them, are usual."
    " Where a third of all gains of a role is negative, a converter took something away, as the 1 that some"
    " originals add to Gemma's gains: a warning, as a norm whose gains all vanish is.",
    remedy="Convert again with a converter that knows the architecture.",
)
def norm_gains(facts: Facts) -> Iterator[Fault]:
    by_role: dict[str | None, list[_Signs]] = defaultdict(list)
    for each in facts.trained():
        low, size = each.statistics.get("min"), each.statistics.get("abs_max")
        if each.tensor.kind != "vector" or not each.tensor.name.endswith("norm.weight") or not size:
            continue
        if size < _TINY:
            yield Fault(
                f"no gain is larger than {size:.3g} in {each.tensor.name}", facts.at_tensor(each.tensor), "warning"
            )
            continue
        gains = each.tensor.dequantize(threads=facts.threads).reshape(-1) if low is not None and low <= 0 else None
        negative = [] if gains is None else np.flatnonzero(gains <= 0).tolist()
        by_role[each.tensor.role].append(_Signs(each, negative, each.tensor.n_elements))
    usual = []
    for role, norms in by_role.items():
        share = sum(len(norm.negative) for norm in norms) / sum(norm.channels for norm in norms)
        if share > (_MOST if len(norms) < _FEW else _MANY):
            yield _fault(facts, norms, f"gains of {role} are", "warning")
        else:
            usual += [norm for norm in norms if norm.negative]
    if usual:
        yield _fault(facts, usual, "gains of norms are", None)


def _fault(facts: Facts, norms: list[_Signs], subject: str, severity: Severity | None) -> Fault:
    """One finding for several norms; its place is the first gain of the one that has most of them."""
    count = sum(len(norm.negative) for norm in norms)
    most = max(norms, key=lambda norm: len(norm.negative))
    tensor, first = most.facts.tensor, most.negative[0]
    among = f"in {counted(sum(bool(norm.negative) for norm in norms), 'norm')}" if len(norms) > 1 else "in one norm"
    sentence = f"{count} {subject} not positive, {among}, most of them ({len(most.negative)}) in {tensor.name}"
    return Fault(f"{sentence}, first channel {first}", facts.at_element(tensor, first, count=count), severity)
