"""Words that several rules use."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ..text.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    import numpy.typing as npt

    from .facts import TensorFacts

_SHOWN = 8


def listed(items: Collection[object] | npt.NDArray[np.integer[Any]], shown: int = _SHOWN) -> str:
    """The first few of several things.

    >>> listed([7, 40, 91], 2)
    '7, 40 and 1 more'
    """
    more = f" and {len(items) - shown} more" if len(items) > shown else ""
    return ", ".join(str(item) for item in islice(items, shown)) + more


def in_experts(facts: TensorFacts, experts: Sequence[int]) -> str:
    """Which experts of a tensor are concerned; nothing where it is one piece, or all are.

    ` in 3 of 128 experts of blk.17.ffn_down_exps.weight: 7, 40, 91`.
    """
    name = facts.tensor.name
    if not facts.experts or len(experts) == len(facts.experts):
        return f" in {name}"
    return f" in {len(experts)} of {counted(len(facts.experts), 'expert')} of {name}: {listed(experts)}"
