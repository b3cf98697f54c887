"""The engine's work of one trace, timed, with the plan told before and the progress meanwhile.

Draft ──write──▶ Reading ──prefill──▶ figures ──generate──▶ answers; without a draft the reading is there at once.
Repetition ──prefill──▶ induction scores, before that, where they are wanted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..errors import TraceError
from .answering import ending_of
from .engines.choosing import Sampling
from .engines.engine import Ending, GenerationInterrupted, Seconds
from .measuring.capture import Recorder
from .measuring.induction import induction
from .measuring.memory import PeakMemory
from .reading.repetitions import marks_of
from .reading.sequences import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from .answering import Budget
    from .engines.engine import Engine, Progress, Tokens
    from .measuring.capture import Keep
    from .measuring.induction import Induction
    from .measuring.neurons import NeuronPeaks
    from .reading.readings import Reading
    from .reading.repetitions import Repetition


_LONGEST_CONTEXT = 1 << 20  # tokens of a prompt and its answer, where a file claims more, or says nothing
_BEHIND_CONTEXT = 2  # the token that no context holds is told as the end of the answer, one more is not reached
_WHY = {"not finite": "scores of the next token are not finite", "context": "its context is too short"}


@dataclass(frozen=True)
class Plan:
    """The work ahead, for whoever waits.

    Attributes:
        n_prompts, n_tokens: to read.
        new_tokens: to generate for each prompt: few answers go on behind so many.
        seconds: estimated; None where the engine cannot tell.
        written: tokens of each that the model writes itself, before it reads them.
    """

    n_prompts: int
    n_tokens: int
    new_tokens: int
    seconds: float | None
    written: int = 0


class TimedRun:
    """Writing, where there is a draft, prefill and generation, timed.

    Attributes:
        reading: of a draft, its outline until it is written.
        writing_seconds: None where nothing is written.
        induction: once the repetition was read; the reason where there is none.
    """

    def __init__(
        self,
        engine: Engine,
        material: Reading | Draft,
        budget: Budget,
        progress: Progress | None,
        repetition: Repetition | str = "no random tokens were read twice in a row",
    ) -> None:
        self._engine = engine
        self._draft = material if isinstance(material, Draft) else None
        self.reading = material.outline() if isinstance(material, Draft) else material
        self._budget = budget
        self._progress = progress
        self._written_share = 0.0 if self._draft is None else 0.5
        self._read_share = 1.0 if budget.most == 0 else (1 + self._written_share) / 2
        self.memory = PeakMemory()
        self.recorder = Recorder(0, engine.shape)
        self.endings: list[Ending] | None = None
        self.seconds = Seconds(0.0, 0.0)
        self.writing_seconds: float | None = None
        self._repetition = None if isinstance(repetition, str) else repetition
        self.induction: Induction | str = repetition if isinstance(repetition, str) else ""

    @property
    def _room(self) -> int:
        """Tokens to make room for: so many as were asked for, or until the shortest prompt has left the context."""
        context = min(self._engine.shape.context_length or _LONGEST_CONTEXT, _LONGEST_CONTEXT)
        return min(self._budget.most, context - min(map(len, self._tokens)) + _BEHIND_CONTEXT)

    @property
    def _tokens(self) -> Tokens:
        return [item.tokens for item in self.reading.items]

    def announce(self, announce: Callable[[Plan], object] | None) -> None:
        """Tell the plan with an estimate of its seconds; without a listener nothing is estimated."""
        if announce is None and self._progress is None:
            return
        seconds = self._estimate()
        if announce is not None:
            written = 0 if self._draft is None else self._draft.length
            tokens = self._tokens
            announce(Plan(len(tokens), sum(map(len, tokens)), self._budget.usual, seconds, written))

    def _estimate(self) -> float | None:
        """Seconds of everything; the shares of its parts follow them."""
        repeated = [] if self._repetition is None else [item.tokens for item in self._repetition.items]
        reading = self._engine.estimate([*self._tokens, *repeated], self._budget.usual)
        draft = self._draft
        writing = Seconds(0.0, 0.0) if draft is None else self._engine.estimate(draft.beginnings, draft.length)
        if reading is None or writing is None:
            return None
        seconds = sum(writing) + sum(reading)
        if seconds > 0:
            self._written_share = sum(writing) / seconds
            self._read_share = 1.0 if self._budget.most == 0 else self._written_share + reading.prefill / seconds
        return seconds

    def work(self, keep: Keep | None) -> bool:
        """Whether generation was interrupted; what there is, is kept."""
        if self._draft is not None:
            self._write(self._draft)
        repeated = self._repeat()
        self.recorder = Recorder(len(self._tokens), self._engine.shape, keep, marks_of(self.reading.items))
        if repeated is not None:
            self.recorder.neurons.merge(repeated)
        clock = time.perf_counter()
        self._engine.prefill(
            self._tokens,
            self.recorder,
            room=self._room,
            progress=self._part(self._written_share, self._read_share),
        )
        self.seconds = Seconds(time.perf_counter() - clock, 0.0)
        if self._budget.most == 0:
            return False
        clock = time.perf_counter()
        interrupted = False
        try:
            part = self._part(self._read_share, 1.0)
            self.endings = self._engine.generate(
                self._room,
                self.reading.stop,
                progress=part,
                over=partial(ending_of, self.reading, self._budget),
            )
        except GenerationInterrupted as stopped:
            self.endings, interrupted = stopped.endings, True
        self.seconds = Seconds(self.seconds.prefill, time.perf_counter() - clock)
        return interrupted

    def _write(self, draft: Draft) -> None:
        """Let the model write what it is to read."""
        clock = time.perf_counter()
        report = self._part(0.0, self._written_share)
        self._engine.prefill(
            draft.beginnings, None, room=draft.length, progress=lambda what, _: report(f"writing, {what}", 0.0)
        )
        try:
            endings = self._engine.generate(
                draft.length,
                frozenset(),
                progress=lambda what, share: report(f"writing, {what}", share),
                choose=Sampling(draft.seed, draft.allowed),
            )
        except GenerationInterrupted:
            raise KeyboardInterrupt from None  # nothing was measured yet
        for ending in endings:
            if ending.reason != "limit":
                raise TraceError(f"the model cannot write a probe, {_WHY[ending.reason]}{draft.instead}")
        self.reading = draft.reading([ending.tokens for ending in endings])
        self.writing_seconds = time.perf_counter() - clock

    def _repeat(self) -> NeuronPeaks | None:
        """Let the model read what repeats; a reading of its own, since answers are continued behind the last one.

        Returns:
            How active neurons were; None where nothing repeats.
        """
        repetition, shape = self._repetition, self._engine.shape
        if repetition is None:
            return None
        items, marks = repetition.items, marks_of(repetition.items)
        recorder = Recorder(len(items), shape, tokens=marks)
        report = self._part(self._written_share, self._written_share)
        self._engine.prefill(
            [item.tokens for item in items],
            recorder,
            room=0,
            progress=lambda what, share: report(f"repeated tokens, {what}", share),
        )
        self.induction = induction(recorder, shape, range(len(items)), marks, repetition.n_repeated, repetition.length)
        return recorder.neurons

    def _part(self, first: float, last: float) -> Progress:
        """Progress of a part of the whole; memory is looked at meanwhile."""

        def report(what: str, share: float) -> None:
            self.memory.look()
            if self._progress is not None:
                self._progress(what, first + (last - first) * share)

        return report
