"""The pass of a check over a model: the statistics of every tensor, of its experts, and its runs of zero bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays.statistics import TensorStatistics, whole_of
from ..models.experts import holds_experts, is_role_of_experts
from ..profiles.profiling import observe_tensors
from .facts import TensorFacts
from .zero_runs import LEAST, zero_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from .._core import Part, Statistics
    from ..models.model import Model
    from ..models.tensor import Tensor

# Of an expert, what rules ask for; its histogram and vectors would take too much room for 40 000 of them.
_OF_EXPERTS = (
    "nan_count",
    "inf_count",
    "min",
    "max",
    "abs_max",
    "rms",
    "block_scale_min",
    "block_scale_nonfinite_fraction",
)
# Of a tensor, what none of them asks for, and is large.
_UNUSED = ("histogram", "quantiles")


def gather(
    model: Model, threads: int, progress: Callable[[int, int], object] | None = None, *, fast: bool = False
) -> list[TensorFacts]:
    """What rules on weights look at, in file order.

    Raises:
        GGUFError: The file shrank while it was read.
    """
    pool = ThreadPoolExecutor(threads, "ggufscope-zeros")
    try:
        seen = observe_tensors(model, threads=threads, progress=progress, fast=fast, stored=True)
        # Runs are looked for while the pass goes on: the core leaves the GIL, and so does reading.
        looking = [_Looked(tensor, *_statistics(tensor, parts), pool) for tensor, parts in seen]
        return [looked.facts() for looked in looking]
    finally:
        pool.shutdown(cancel_futures=True)


class _Looked:
    """A tensor that the pass has seen, and whose runs of zero bytes are being looked for."""

    def __init__(
        self, tensor: Tensor, statistics: TensorStatistics, experts: list[Mapping[str, Any]], pool: ThreadPoolExecutor
    ) -> None:
        self._tensor = tensor
        self._statistics = statistics
        self._experts = experts
        large = tensor.n_bytes >= LEAST and statistics.get("abs_max")
        self._runs = pool.submit(zero_runs, tensor) if large else None

    def facts(self) -> TensorFacts:
        runs = [] if self._runs is None else self._runs.result()
        return TensorFacts(self._tensor, self._statistics, self._experts, runs)


def _statistics(tensor: Tensor, parts: Sequence[Part]) -> tuple[TensorStatistics, list[Mapping[str, Any]]]:
    """The statistics of a tensor, and those of its experts."""
    statistics = _whole(tensor, whole_of(parts))
    # The core leaves tiny matrices together; three dimensions may also be those of a convolution.
    of_experts = holds_experts(tensor.shape) and is_role_of_experts(tensor.role)
    apart = of_experts and len(parts) == tensor.n_experts
    return statistics, [_expert(part) for part in parts] if apart else []


def _whole(tensor: Tensor, whole: Statistics) -> TensorStatistics:
    """The statistics of a tensor that rules ask for: those of a model of 8 billion weights take 14 MB of norms."""
    about: dict[str, Any] = {"n_bytes": tensor.n_bytes, "shape": tensor.shape, "type": tensor.type, "name": tensor.name}
    fields = dict(TensorStatistics.of(whole, **about))
    kept = {
        name: _narrow(value) if isinstance(value, np.ndarray) else value
        for name, value in fields.items()
        if name not in _UNUSED
    }
    return TensorStatistics(kept, n_elements=whole.n_elements, **about)


def _narrow(norms: npt.NDArray[np.float64]) -> npt.NDArray[np.floating[Any]]:
    """Norms as float32; as they are, where one of them would become infinite."""
    with np.errstate(over="ignore"):
        narrow = norms.astype(np.float32)
    return narrow if np.array_equal(np.isfinite(narrow), np.isfinite(norms)) else norms


def _expert(part: Part) -> Mapping[str, Any]:
    fields = part.statistics.fields()
    return {name: fields[name] for name in _OF_EXPERTS if name in fields}
