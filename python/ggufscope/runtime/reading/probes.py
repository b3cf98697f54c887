"""Kinds of probes: texts that need nobody to write them, by which a model is measured where there are no prompts.

    own        sequences that the model writes itself, which it reads as it reads prompts
    random     tokens drawn from the vocabulary, all ordinary ones alike, in the shape of prompts
    256        so many such tokens in one piece, without a template

Behind `own` and `random` may stand how many sequences there are, as `own:4`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

OWN, RANDOM = "own", "random"
USUAL_SEQUENCES = 8
_MOST_SEQUENCES = 1000
_LONGEST_NUMBER = 9  # digits


@dataclass(frozen=True)
class Probe:
    """A probe that was asked for.

    Attributes:
        kind: `OWN` or `RANDOM`.
        sequences: their number.
        length: tokens to draw in one piece; None: each sequence has the shape of a prompt.
    """

    kind: str
    sequences: int = USUAL_SEQUENCES
    length: int | None = None

    @property
    def setting(self) -> str | int:
        """As people ask for it, and as it is saved: `"own"`, `"random:4"`, 256."""
        if self.length is not None:
            return self.length
        return self.kind if self.sequences == USUAL_SEQUENCES else f"{self.kind}:{self.sequences}"


def words_of(kind: str | None) -> str:
    """The tokens of a kind of probe, in words; None is the kind of files that do not tell, which is random."""
    return "own words" if kind == OWN else "random tokens"


AskedProbe: TypeAlias = "Probe | str | int"


def is_probe(word: str) -> bool:
    """Whether a word has the form of a probe, as the command line takes it; its numbers may still be none.

    >>> [word for word in ("own", "random:4", "256", "model.gguf") if is_probe(word)]
    ['own', 'random:4', '256']
    """
    kind, colon, count = word.partition(":")
    return _is_number(word) or (kind in {OWN, RANDOM} and (not colon or _is_number(count)))


def parse_probe(asked: AskedProbe) -> Probe:
    """The probe that a word or a number of tokens stands for.

    Raises:
        ValueError: It is none; the message says what there is.

    >>> parse_probe("own:4").sequences, parse_probe("random").sequences, parse_probe(256).length
    (4, 8, 256)
    """
    if isinstance(asked, Probe):
        return asked
    if isinstance(asked, str) and _is_number(asked):
        asked = int(asked)
    if isinstance(asked, str):
        return _of_word(asked)
    if isinstance(asked, bool) or not isinstance(asked, int) or asked < 2:
        raise ValueError(f"a probe takes two tokens or more, not {asked!r}")
    return Probe(RANDOM, 1, asked)


def _of_word(word: str) -> Probe:
    kind, _, count = word.partition(":")
    if not is_probe(word):
        raise ValueError(f"a probe is {OWN}, {RANDOM}, {OWN}:N, {RANDOM}:N (sequences) or N (tokens), not {word!r}")
    sequences = int(count) if count else USUAL_SEQUENCES
    if not 1 <= sequences <= _MOST_SEQUENCES:
        raise ValueError(f"a probe has 1 to {_MOST_SEQUENCES} sequences, not {sequences}")
    return Probe(kind, sequences)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _LONGEST_NUMBER
