"""The tokens of several answers, one after the other, and when each is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .choosing import greedy
from .engine import Ending, GenerationInterrupted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..shape import Array
    from .choosing import Choose
    from .engine import Over, Progress


class Answers:
    """The tokens generated so far, by prompt.

    Args:
        lengths: tokens of each prompt.
        limit: tokens to generate for each.
        context: tokens that a prompt and its answer may have when they are read; None: no limit.
        stop: ids that end an answer.
        over: tells of other ends, see `engine.Over`.
        choose: the way to choose the next token, see `choosing`.
    """

    def __init__(
        self,
        lengths: list[int],
        limit: int,
        context: int | None,
        stop: frozenset[int],
        over: Over | None = None,
        *,
        choose: Choose = greedy,
    ) -> None:
        self._lengths = lengths
        self._limit = limit
        self._context = context
        self._stop = stop
        self._over = over
        self._choose = choose
        self.tokens: list[list[int]] = [[] for _ in lengths]
        self._reasons: list[str | None] = [None] * len(lengths)

    @property
    def open(self) -> list[int]:
        """Numbers of the prompts that are not done."""
        return [prompt for prompt, reason in enumerate(self._reasons) if reason is None]

    def complete(self, logits: Array, step: Callable[[Answers], Array], progress: Progress | None) -> list[Ending]:
        """Go on until every prompt is done.

        Args:
            logits: behind the last token of each prompt.
            step: logits behind the tokens chosen last, of the prompts that are open.
            progress: called before each step.

        Raises:
            GenerationInterrupted: Ctrl-C; it carries what there is.
        """
        try:
            self.take(logits)
            for number in range(1, self._limit):
                if not self.open:
                    break
                if progress is not None:
                    progress(f"token {number + 1} of {self._limit}", number / self._limit)
                self.take(step(self))
        except KeyboardInterrupt:
            raise GenerationInterrupted(self.endings()) from None
        return self.endings()

    def take(self, logits: Array) -> None:
        """Choose for every open prompt; `logits` has a row for each of them, in order."""
        for prompt, scores in zip(self.open, logits, strict=True):
            if not np.isfinite(scores).all():
                self._reasons[prompt] = "not finite"
                continue
            answer = self.tokens[prompt]
            token = self._choose(prompt, len(answer), scores)
            if token in self._stop:
                self._reasons[prompt] = "stop"
                continue
            answer.append(token)
            if len(answer) >= self._limit:
                self._reasons[prompt] = "limit"
            elif self._context is not None and self._lengths[prompt] + len(answer) > self._context:
                self._reasons[prompt] = "context"
            elif self._over is not None:
                self._reasons[prompt] = self._over(prompt, answer)

    def endings(self) -> list[Ending]:
        return [
            Ending(tuple(tokens), reason or "interrupted")
            for tokens, reason in zip(self.tokens, self._reasons, strict=True)
        ]
