"""Prefill and generation of one trace, timed, with the plan told before and the progress meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from .answering import ending_of
from .engines.engine import Ending, GenerationInterrupted, Seconds
from .measuring.capture import Recorder
from .measuring.memory import PeakMemory

if TYPE_CHECKING:
    from collections.abc import Callable

    from .answering import Budget
    from .engines.engine import Engine, Progress
    from .measuring.capture import Keep
    from .reading.readings import Reading


@dataclass(frozen=True)
class Plan:
    """The work ahead, for whoever waits.

    Attributes:
        n_prompts, n_tokens: to read.
        new_tokens: to generate for each prompt: few answers go on behind so many.
        seconds: estimated; None where the engine cannot tell.
    """

    n_prompts: int
    n_tokens: int
    new_tokens: int
    seconds: float | None


class TimedRun:
    """Prefill and generation, timed."""

    def __init__(self, engine: Engine, reading: Reading, budget: Budget, progress: Progress | None) -> None:
        self._engine = engine
        self._reading = reading
        self._tokens = [item.tokens for item in reading.items]
        self._budget = budget
        self._progress = progress
        self._prefill_share = 1.0 if budget.most == 0 else 0.5
        self.memory = PeakMemory()
        self.recorder = Recorder(0, engine.shape)
        self.endings: list[Ending] | None = None
        self.seconds = Seconds(0.0, 0.0)

    def announce(self, announce: Callable[[Plan], object] | None) -> None:
        """Tell the plan with an estimate of its seconds; without a listener nothing is estimated."""
        if announce is None and self._progress is None:
            return
        guess = self._engine.estimate(self._tokens, self._budget.usual)
        if guess is not None and sum(guess) > 0:
            self._prefill_share = guess.prefill / sum(guess)
        if announce is not None:
            seconds = None if guess is None else sum(guess)
            announce(Plan(len(self._tokens), sum(map(len, self._tokens)), self._budget.usual, seconds))

    def work(self, keep: Keep | None) -> bool:
        """Whether generation was interrupted; what there is, is kept."""
        self.recorder = Recorder(len(self._tokens), self._engine.shape, keep)
        clock = time.perf_counter()
        self._engine.prefill(
            self._tokens, self.recorder, room=self._budget.most, progress=self._part(0.0, self._prefill_share)
        )
        self.seconds = Seconds(time.perf_counter() - clock, 0.0)
        if self._budget.most == 0:
            return False
        clock = time.perf_counter()
        interrupted = False
        try:
            part = self._part(self._prefill_share, 1.0)
            self.endings = self._engine.generate(
                self._budget.most,
                self._reading.stop,
                progress=part,
                over=partial(ending_of, self._reading, self._budget),
            )
        except GenerationInterrupted as stopped:
            self.endings, interrupted = stopped.endings, True
        self.seconds = Seconds(self.seconds.prefill, time.perf_counter() - clock)
        return interrupted

    def _part(self, first: float, last: float) -> Progress:
        """Progress of a part of the whole; memory is looked at meanwhile."""

        def report(what: str, share: float) -> None:
            self.memory.look()
            if self._progress is not None:
                self._progress(what, first + (last - first) * share)

        return report
