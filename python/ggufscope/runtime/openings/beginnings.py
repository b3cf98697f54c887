"""`read_beginnings`: the first tokens of sequences that there are already, read exactly in place of openings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...architecture.limits import NotApplicableError
from ...arrays.arguments import thread_count
from ...errors import TraceError
from ..engines.engine import ENGINES
from ..measuring.capture import Recorder
from .holding import Holding
from .openings import MOST_POSITIONS, Openings
from .reading_openings import USUAL_COUNT, USUAL_POINTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from ...models.model import Model
    from ..engines.engine import Progress

USUAL_LENGTH = 16


def read_beginnings(
    model: Model,
    sequences: Sequence[npt.NDArray[np.int32]],
    *,
    count: int = USUAL_COUNT,
    length: int = USUAL_LENGTH,
    seed: int = 0,
    points: Sequence[str] = USUAL_POINTS,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Openings:
    """The first tokens of the first sequences; nothing has to be written.

    Args:
        model: an open model.
        sequences: token ids, as those of a probe.
        count: of sequences, at most.
        length: tokens of each, at most: as many as the shortest has.
        seed: of whatever drew them.
        points: where vectors are held, names in `capture.POINTS`.
        threads: at most so many; by default the cores this process may use.
        progress: called as `progress(what, share)` in the calling thread; may raise to cancel.

    Returns:
        All of their tokens count as written by the model: what stands in front of them is not told apart.

    Raises:
        NotApplicableError: The model cannot be run; the message is the reason.
        GGUFError: The file shrank since it was opened.
    """
    length = min(length, *map(len, sequences))
    tokens = [sequence[:length] for sequence in sequences[:count]]
    holding = Holding(dict.fromkeys(range(len(tokens)), length), points)
    try:
        with ENGINES["streamed"].open(model, thread_count(threads)) as engine:
            recorder = Recorder(len(tokens), engine.shape, holding, tokens)
            engine.prefill(tokens, recorder, room=0, progress=progress)
            return Openings(
                tokens=tokens,
                n_template=0,
                n_positions=min(max(map(len, sequences)), MOST_POSITIONS),
                prompts=None,
                seed=seed,
                extra_tokens=[],
                shape=engine.shape,
                recorder=recorder,
                holding=holding,
            )
    except TraceError as error:
        raise NotApplicableError(str(error)) from None
