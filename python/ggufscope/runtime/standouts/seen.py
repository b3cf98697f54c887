"""The input of kinds that need only what a Recorder saw while an engine read, and their registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...models.token_texts import TokenTexts
from ...text.numbers import counted
from ..reading.probes import words_of
from .registry import Kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from ...models.model import Model
    from ..measuring.capture import Recorder
    from ..measuring.induction import Induction
    from ..openings.openings import Openings
    from ..reading.readings import Reading
    from ..shape import ModelShape


@dataclass(frozen=True, eq=False)
class Seen:
    """Sequences that were read, and what was measured meanwhile.

    Attributes:
        recorder: with the tables of all figures; the sequences come first in it.
        shape: of the model.
        tokens: ids of each sequence.
        words: the sequences in words, as `"20 prompts"`, `"4 openings"`.
        token_text: token id → its text as a sentence quotes it, escaped; its number where there is no vocabulary.
        induction: measured on random tokens that stand twice in a row, or the reason why such were not read.
    """

    recorder: Recorder
    shape: ModelShape
    tokens: Sequence[npt.NDArray[np.int32]]
    words: str
    token_text: Callable[[int], str]
    induction: Induction | str


SEEN: Kinds[Seen] = Kinds()


def seen_while_reading(
    model: Model, shape: ModelShape, reading: Reading, recorder: Recorder, induction: Induction | str
) -> Seen:
    """The sequences of a trace, and what was measured on them; `induction` as in `Seen`."""
    tokens = [item.tokens for item in reading.items]
    return Seen(recorder, shape, tokens, _words(reading), TokenTexts(model), induction)


def seen_on_openings(model: Model, openings: Openings) -> Seen:
    """The openings of an analysis, and what was measured on them."""
    words = counted(len(openings.tokens), "opening")
    return Seen(openings.recorder, openings.shape, openings.tokens, words, TokenTexts(model), openings.induction)


def _words(reading: Reading) -> str:
    """The sequences in words, behind "seen on"."""
    n_items = len(reading.items)
    match reading.source:
        case "prompts":
            return counted(n_items, "prompt")
        case "probe":
            words = words_of(None if reading.probe is None else reading.probe.kind)
            return f"{counted(n_items, 'sequence')} of {words}"
        case "text":
            return "a text"
        case _:
            return counted(n_items, "sequence") + " of a file"
