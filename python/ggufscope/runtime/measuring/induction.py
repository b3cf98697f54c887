"""Induction scores: how much each head looks for what followed a token before, measured where random tokens repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .attended import attended_shares, earlier_occurrences, uniform_attention

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import ModelShape
    from .capture import Recorder


@dataclass(frozen=True, eq=False)
class Induction:
    """Attention on the token behind the earlier occurrence, float64 (layers, heads); NaN where there is none to see.

    Attributes:
        score: mean over the repeated sequences.
        deviation: standard deviation over them.
        control: mean over the controls, in which nothing repeats, at the same places.
        uniform: (layers,), of attention that is the same on all keys seen.
        length: random tokens that were repeated.
        n_repeated, n_controls: sequences.
    """

    score: Floats
    deviation: Floats
    control: Floats
    uniform: Floats
    length: int
    n_repeated: int
    n_controls: int


def induction(  # noqa: PLR0917
    recorder: Recorder,
    shape: ModelShape,
    prompts: range,
    marks: Sequence[npt.NDArray[np.int32]],
    n_repeated: int,
    length: int,
) -> Induction:
    """The scores of a recorder.

    Args:
        recorder: that saw the sequences, and their marks.
        shape: of the model.
        prompts: numbers that the sequences have there, repeated ones first.
        marks: by which repeats were looked for in each.
        n_repeated: number of the repeated ones.
        length: of what was repeated.
    """
    shares = recorder.tables()["repeat_share"][prompts.start : prompts.stop]
    repeated, controls = shares[:n_repeated], shares[n_repeated:]
    earlier = earlier_occurrences(marks[0].tolist())
    uniform = [
        attended_shares(uniform_attention(shape.sight(layer), len(earlier)), shape.sight(layer), earlier)[2, 0]
        for layer in range(shape.n_layers)
    ]
    return Induction(
        repeated.mean(axis=0),
        repeated.std(axis=0),
        controls.mean(axis=0),
        np.array(uniform),
        length,
        len(repeated),
        len(controls),
    )
