"""`read_openings`: let a model write a few openings and read them, and hold what it makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...arrays.arguments import thread_count
from ...errors import TraceError
from ..answering import Budget
from ..engines.engine import ENGINES
from ..measuring.induction import induction as induction_scores
from ..reading.fitting import check_context
from ..reading.probe_shape import probe_shape
from ..reading.prompts import named_prompts
from ..reading.readings import Item, Reading
from ..reading.repetitions import Repetition, draw_repetition, front_of, marks_of
from ..reading.sequences import Draft, draft_own_words
from ..timed_run import TimedRun
from .holding import Holding
from .openings import MOST_POSITIONS, Openings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from ...models.model import Model
    from ..engines.engine import Engine, Progress
    from ..measuring.capture import Recorder
    from ..measuring.induction import Induction
    from ..reading.prompts import NamedPrompts
    from ..shape import ModelShape
    from ..timed_run import Plan

    Sequences = Sequence[npt.NDArray[np.int32]]

USUAL_COUNT, USUAL_WRITTEN = 4, 8
USUAL_POINTS = ("k", "v", "attention", "gated", "ffn_output", "residual")
_ENGINE = "streamed"  # every point of every layer, exact weights, and nothing to install


def read_openings(
    model: Model,
    *,
    count: int = USUAL_COUNT,
    written: int = USUAL_WRITTEN,
    seed: int = 0,
    points: Sequence[str] = USUAL_POINTS,
    extra: Sequences = (),
    extra_points: Sequence[str] | None = None,
    induction: bool = False,
    prompts: NamedPrompts | None = None,
    template: str = "auto",
    threads: int | None = None,
    announce: Callable[[Plan], object] | None = None,
    progress: Progress | None = None,
) -> Openings:
    """Openings of texts as the model would write them: what stands in front of a prompt, and a few own tokens.

    They are the beginnings of the first sequences that a probe in the model's own words of the same seed has.

    Args:
        model: an open model that continues a text.
        count: of openings.
        written: tokens of each that the model writes.
        seed: of the draws.
        points: where the vectors of openings are held, names in `capture.POINTS`.
        extra: further sequences of token ids, read in the same pass.
        extra_points: where theirs are held; None: at the same points.
        induction: read random tokens twice in a row in the same pass as well; nothing of these is held.
        prompts: the set that says how long a whole prompt is; None: the built-in one.
        template: in front of a prompt, as for `trace`.
        threads: at most so many; by default the cores this process may use. The tokens do not depend on it.
        announce: called with the plan before the work starts.
        progress: called as `progress(what, share)` in the calling thread; may raise to cancel.

    Raises:
        NotApplicableError: The model has no exact opening; the message is the reason.
        ValueError: Choices that are none.
        GGUFError: The file shrank since it was opened.
    """
    for name, value in (("count", count), ("written", written)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be 1 or more, not {value!r}")
    named = named_prompts(None) if prompts is None else prompts
    extras = tuple(Item(f"further {place}", np.asarray(tokens, np.int32)) for place, tokens in enumerate(extra))
    try:
        with ENGINES[_ENGINE].open(model, thread_count(threads)) as engine:
            if engine.shape.no_answers is not None:
                raise NotApplicableError(engine.shape.no_answers)
            draft = _draft(model, named, template, count, written, seed, extras)
            if induction:
                draft = replace(draft, repetition=_repetition(model, engine.shape, draft))
            return _read(engine, draft, points, points if extra_points is None else extra_points, announce, progress)
    except TraceError as error:
        raise NotApplicableError(str(error)) from None


@dataclass(frozen=True, eq=False)
class _OpeningDraft(Draft):
    """Openings to write, the length of whole prompts, and what else is to be read."""

    n_positions: int = 0
    extras: tuple[Item, ...] = ()
    repetition: Repetition | str = "no random tokens were read twice in a row"

    @property
    def repeated(self) -> list[Item]:
        """Random tokens twice in a row, and their controls."""
        return [] if isinstance(self.repetition, str) else self.repetition.items

    def reading(self, written: Sequence[Sequence[int]]) -> Reading:
        openings = super().reading(written)
        return replace(openings, items=[*openings.items, *self.extras, *self.repeated])


def _draft(  # noqa: PLR0917
    model: Model,
    prompts: NamedPrompts,
    template: str,
    count: int,
    written: int,
    seed: int,
    extras: tuple[Item, ...],
) -> _OpeningDraft:
    shape = probe_shape(model, prompts, template)
    if not shape.before and shape.separator is None:
        raise NotApplicableError("the vocabulary has no token that begins or ends a text")
    opening = replace(shape, behind=(), length=written)
    draft = draft_own_words(model, opening, count, seed)
    return _OpeningDraft(
        draft.beginnings,
        draft.record,
        draft.allowed,
        seed,
        opening,
        shape.warnings,
        "",
        min(len(shape.before) + shape.length + len(shape.behind), MOST_POSITIONS),
        extras,
    )


def _repetition(model: Model, shape: ModelShape, draft: _OpeningDraft) -> Repetition | str:
    """Random tokens twice in a row, behind what stands in front of a prompt; the reason where they show nothing."""
    try:
        return draw_repetition(model, shape, front_of(draft.shape), draft.seed)
    except NotApplicableError as reason:
        return str(reason)


def _read(  # noqa: PLR0917
    engine: Engine,
    draft: _OpeningDraft,
    points: Sequence[str],
    extra_points: Sequence[str],
    announce: Callable[[Plan], object] | None,
    progress: Progress | None,
) -> Openings:
    """Write the openings, and read them with everything else."""
    outline = draft.outline()
    check_context(outline, engine.shape)
    count = len(draft.beginnings)
    others = dict.fromkeys(range(count, count + len(draft.extras)), tuple(extra_points))
    n_held = count + len(draft.extras)
    lengths = {number: len(item.tokens) for number, item in enumerate(outline.items[:n_held])}
    holding = Holding(lengths, points, others)
    run = TimedRun(engine, draft, Budget.of(0), progress)
    run.announce(announce)
    run.work(holding)
    tokens = [item.tokens for item in run.reading.items]
    n_template = len(draft.beginnings[0]) - draft.record.dropped
    return Openings(
        tokens=tokens[:count],
        n_template=n_template,
        n_positions=max(draft.n_positions, len(tokens[0])),
        prompts=draft.record.prompts,
        seed=draft.seed,
        extra_tokens=tokens[count:n_held],
        shape=engine.shape,
        recorder=run.recorder,
        holding=holding,
        warnings=draft.warnings,
        induction=_induction(draft, run.recorder, engine.shape, n_held),
    )


def _induction(draft: _OpeningDraft, recorder: Recorder, shape: ModelShape, first: int) -> Induction | str:
    """The scores of sequences from number `first` on, or the reason why there are none."""
    repetition = draft.repetition
    if isinstance(repetition, str):
        return repetition
    numbers, marks = range(first, first + len(repetition.items)), marks_of(repetition.items)
    return induction_scores(recorder, shape, numbers, marks, repetition.n_repeated, repetition.length)
