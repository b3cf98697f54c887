"""Random tokens that stand twice in a row, by which induction heads show, and controls in which nothing stands twice.

repeated    ⟨template⟩ a b c … z a b c … z      from the second b an induction head looks for what followed the first: c
control     ⟨template⟩ a b c … z k l m … y      from l at the same place: nothing says that c follows it
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...errors import TraceError
from .draws import check_seed
from .readings import Item, drawable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ...models.model import Model
    from ..shape import ModelShape
    from .probe_shape import ProbeShape

LENGTH, SEQUENCES, CONTROLS = 24, 3, 1
_SHORTEST = 8
_DRAWS = 0x1D  # sets these draws apart from others of the same seed


@dataclass(frozen=True, eq=False)
class Repetition:
    """Sequences to read.

    Attributes:
        items: the repeated ones, then the controls.
        n_repeated: number of the repeated ones.
        length: random tokens of each half.
    """

    items: list[Item]
    n_repeated: int
    length: int

    @property
    def n_tokens(self) -> int:
        return sum(len(item.tokens) for item in self.items)


def draw_repetition(model: Model, shape: ModelShape, before: Sequence[int], seed: int) -> Repetition:
    """Sequences whose random tokens are all different, but for the repetition.

    Args:
        model: the file.
        shape: of the model.
        before: tokens in front of each.
        seed: of the draws.

    Raises:
        NotApplicableError: The model cannot show induction, or cannot read such sequences.
        ValueError: A seed that is none.
    """
    check_seed(seed)
    if not shape.causal:
        raise NotApplicableError("attention goes both ways: a token sees what follows it, and need not look back")
    try:
        kept = drawable(model)[0].copy()
    except TraceError as error:
        raise NotApplicableError(str(error)) from None
    kept[[token for token in before if token < len(kept)]] = False
    ordinary = np.flatnonzero(kept)
    room = (shape.context_length or 2**31) - len(before)
    length = min(LENGTH, len(ordinary) // 2, room // 2)
    if length < _SHORTEST:
        raise NotApplicableError(f"{_SHORTEST} random tokens twice in a row are more than vocabulary or context allow")
    chance = np.random.default_rng([_DRAWS, seed])
    front = np.array(before, np.int32)

    def sequence(number: int) -> Item:
        first, second = chance.choice(ordinary, (2, length), replace=False).astype(np.int32)
        twice = np.concatenate([front, first, first])
        if number < SEQUENCES:
            return Item(f"repeated {number}", twice)
        return Item(f"control {number - SEQUENCES}", np.concatenate([front, first, second]), marks=twice)

    return Repetition([sequence(number) for number in range(SEQUENCES + CONTROLS)], SEQUENCES, length)


def front_of(shape: ProbeShape) -> tuple[int, ...]:
    """What stands in front of the sequences: what does in front of a prompt, else the token between texts, if any."""
    return shape.before or (() if shape.separator is None else (shape.separator,))


def marks_of(items: Sequence[Item]) -> list[npt.NDArray[np.int32]]:
    """The numbers by which repeats are looked for, of each item."""
    return [item.tokens if item.marks is None else item.marks for item in items]
