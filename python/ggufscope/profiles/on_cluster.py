"""A model whose pieces the workers of a cluster measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clusters.submission import Submission
from ..clusters.workers import isas_of
from .pieces import Assembly, measure_piece, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client

    from ..models.model import Model
    from .batches import BatchLimits
    from .collecting import Collector
    from .profile_records import ProfileSettings


@dataclass(frozen=True)
class Called:
    """Arguments of `profile` on which no number depends."""

    threads: int  # of each call
    isa: str | None
    limits: BatchLimits | None
    progress: Callable[[int, int], object] | None


def collect_on(
    client: Client,
    collector: Collector,
    model: Model,
    settings: ProfileSettings,
    how: Called,
) -> tuple[int, str]:
    """Have a model measured, and its tensors collected in file order.

    Returns:
        The threads of all workers, and the instruction sets that they used.

    Raises:
        ClusterError: The scheduler is lost, or a worker has another version of ggufscope.
        GGUFError: A worker found another model under the name, or a file that shrank.
        OSError: A worker could not open the file.
    """
    pieces = plan(model, how.limits)
    assembly = Assembly(model, pieces, collector)

    def look() -> None:
        if how.progress is not None:
            how.progress(assembly.done_bytes, model.n_bytes)

    waiting = iter(enumerate(pieces))
    with Submission[int](client) as submission:
        while not assembly.complete:
            while len(submission) + assembly.n_waiting < submission.most and (item := next(waiting, None)):
                submission.submit(item[0], measure_piece, model.address, item[1], settings, how.threads, how.isa)
            position, result = submission.next(look)
            assembly.add(position, result())
        look()
        return how.threads * submission.n_threads, how.isa or isas_of(client)
