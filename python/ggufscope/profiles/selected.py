"""Statistics of some tensors of a model: only those are read, and no roll-up is made of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._core import current_isa
from ..arrays.arguments import checked_threshold, thread_count
from .collecting import Collector
from .profiling import observe_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..models.model import Model
    from ..models.tensor import Tensor
    from .rows import Row


@dataclass(frozen=True)
class SelectedTensors:
    """Rows of a profile, of the tensors that were read.

    Attributes:
        rows: of the tensors by name, the same as in a profile of the model.
        n_bytes: that were read.
        share: of the model's parameters in these tensors.
        seconds: that the pass took.
        threads: worker threads.
        isa: instruction set.
    """

    rows: dict[str, Row]
    n_bytes: int
    share: float
    seconds: float
    threads: int
    isa: str


def profile_selected(
    model: Model,
    tensors: Sequence[Tensor],
    *,
    threads: int | None = None,
    fast: bool = False,
    sparsity_threshold: float = 1e-6,
    progress: Callable[[int, int], object] | None = None,
    stored: bool = False,
) -> SelectedTensors:
    """Profile some tensors of a model.

    Args:
        model: open.
        tensors: of the model, in file order.
        threads: at most so many; by default the cores this process may use.
        fast: see `profile`, as for the rest.
        sparsity_threshold: magnitude under which a weight counts for `sparsity`.
        progress: called as `progress(done_bytes, total_bytes)`, of these tensors.
        stored: leave out the factors beside matrices.

    Raises:
        GGUFError: The file shrank, or changed, while it was read.
        OSError: A model that lies elsewhere cannot be read.
        ValueError: Less than one thread, a threshold that is negative or not finite, or the model is closed.
    """
    n_threads, clock = thread_count(threads), time.perf_counter()
    collector = Collector(model, keep_vectors=False, stored=stored)
    n_bytes = sum(tensor.n_bytes for tensor in tensors)
    with model.reading(tensors):
        for tensor, parts in observe_tensors(
            model,
            tensors,
            threads=n_threads,
            fast=fast,
            sparsity_threshold=checked_threshold(sparsity_threshold),
            stored=stored,
            progress=progress,
        ):
            collector.add(tensor, parts)
    n_elements = sum(tensor.n_elements for tensor in tensors)
    share = n_elements / model.n_parameters if model.n_parameters else 1.0
    return SelectedTensors(collector.rows, n_bytes, share, time.perf_counter() - clock, n_threads, current_isa())
