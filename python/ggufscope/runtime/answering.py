"""How long an answer may become: to its end, with a limit that grows where the answer is not over yet.

By default an answer has 64 tokens; one that is neither over then nor clear in what it says goes on, to 256. A number
that was asked for is a fixed limit. An answer is over where the model says so by an end token. A base model never does:
there a blank line behind what it wrote is the end, for it goes on with the next question; and so is, for any model, a
text that repeats itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .scoring import score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .reading.readings import Reading

USUAL_TOKENS, MOST_TOKENS = 64, 256
BLANK_LINE, REPEATS, LIMIT = "blank line", "repeats", "limit"
OVER = frozenset({"stop", BLANK_LINE, REPEATS})  # endings behind which nothing new would come

_EVERY = 16  # tokens between two looks at whether a long answer is clear already
_LONGEST_PERIOD = 32
_LEAST_REPEATED, _FEWEST_TIMES = 16, 3  # tokens in all, and how often the same ones


@dataclass(frozen=True)
class Budget:
    """The tokens of an answer.

    Attributes:
        usual: after so many an answer that is clear is not continued.
        most: after so many none is.
    """

    usual: int
    most: int

    @classmethod
    def of(cls, asked: int | None) -> Budget:
        """A number that was asked for is a fixed limit; None: to the end of the answer, within reason."""
        return cls(USUAL_TOKENS, MOST_TOKENS) if asked is None else cls(asked, asked)

    @property
    def grows(self) -> bool:
        return self.usual < self.most


def ending_of(reading: Reading, budget: Budget, prompt: int, tokens: Sequence[int]) -> str | None:
    """The reason that an answer is over without an end token; None where it goes on.

    Args:
        reading: what is answered.
        budget: a fixed one ends nothing before its limit.
        prompt: number of the prompt.
        tokens: of the answer so far.
    """
    if not budget.grows:
        return None
    if repeats(tokens):
        return REPEATS
    text = "" if reading.tokenizer is None else reading.tokenizer.decode(tokens)
    if reading.template == "none" and "\n\n" in text.lstrip():
        return BLANK_LINE
    asked = reading.items[prompt].prompt
    if asked is None or not asked.accepted or len(tokens) < budget.usual or len(tokens) % _EVERY:
        return None
    return None if score(asked, text, finished=False).verdict == "unscored" else LIMIT


def repeats(tokens: Sequence[int]) -> bool:
    """Whether a text ends with the same tokens three times, 16 or more in all.

    >>> repeats([7, 1, 2] * 6), repeats([7, 1, 2] * 5), repeats(list(range(100)))
    (True, False, False)
    """
    for period in range(1, _LONGEST_PERIOD + 1):
        times = max(_FEWEST_TIMES, -(-_LEAST_REPEATED // period))
        if times * period > len(tokens):
            continue
        tail = list(tokens[-times * period :])
        if tail == tail[:period] * times:
            return True
    return False
