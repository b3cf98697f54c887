"""The pass of a check over a model: the statistics of every tensor, of its experts, and its runs of zero bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ..arrays.pool import Pool
from ..arrays.statistics import TensorStatistics, whole_of
from ..models.experts import holds_experts, is_role_of_experts
from ..profiles.profile_records import ProfileSettings
from ..profiles.profiling import observe_tensors
from .facts import TensorFacts
from .norms import Norms
from .zero_runs import LEAST, zero_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Future
    from types import TracebackType

    from .._core import Part
    from ..models.model import Model
    from ..models.tensor import Tensor
    from .zero_runs import ZeroRun

    Observed = Callable[[Tensor, Sequence[Part]], object]

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
_LARGE = ("histogram", "quantiles", "row_l2", "column_l2")  # of a tensor, and not kept


def gather(
    model: Model,
    threads: int,
    progress: Callable[[int, int], object] | None = None,
    *,
    fast: bool = False,
    observed: Observed | None = None,
) -> list[TensorFacts]:
    """What rules on weights look at, in file order.

    Args:
        model: open.
        threads: at most so many.
        progress: as for `check`.
        fast: as for `profile`.
        observed: called with every tensor and its parts, in file order, as the pass comes to them.

    Raises:
        GGUFError: The file shrank while it was read.
    """
    with Gathering(model, threads) as gathering:
        for tensor, parts in observe_tensors(model, threads=threads, progress=progress, fast=fast, stored=True):
            gathering.add(tensor, parts)
            if observed is not None:
                observed(tensor, parts)
        return gathering.tensors()


def looks_at_the_same(model: Model, settings: ProfileSettings) -> bool:
    """Whether a profile with some settings takes the statistics that a check takes: all, of blocks as stored."""
    has_factors = any(tensor.factor is not None for tensor in model.tensors.values())
    as_stored = settings.stored or not has_factors
    return as_stored and not settings.fast and settings.sparsity_threshold == ProfileSettings().sparsity_threshold


class Gathering:
    """Takes the tensors of a model in file order from a pass that others make, and looks for runs of zeros meanwhile.

    The pass is one that `looks_at_the_same`. Bytes that lie elsewhere are read a second time while it goes on, in a
    block of `Model.reading` for both.

    Args:
        model: open.
        threads: at most so many, beside those of the pass.
    """

    def __init__(self, model: Model, threads: int) -> None:
        self._model = model
        self._pool = Pool(threads, "ggufscope-zeros")
        self._ahead: dict[str, Future[list[ZeroRun]]] = {}
        self._looking: list[tuple[_Seen, Future[list[ZeroRun]] | None]] = []

    def __enter__(self) -> Self:
        # Bytes that are fetched are looked at as they come, whatever the statistics will say, and not fetched again.
        fetched = (tensor for tensor in _fetched(self._model) if tensor.n_bytes >= LEAST)
        self._ahead = {tensor.name: self._pool.submit(zero_runs, tensor) for tensor in fetched}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel=True)

    def add(self, tensor: Tensor, parts: Sequence[Part]) -> None:
        """Take the next tensor."""
        seen = _Seen(tensor, parts)
        # Runs are looked for while the pass goes on: the core leaves the GIL, and so does reading.
        runs = (self._ahead.get(tensor.name) or self._pool.submit(zero_runs, tensor)) if seen.may_have_runs else None
        self._looking.append((seen, runs))

    def tensors(self) -> list[TensorFacts]:
        """What rules on weights look at, in file order, once the pass is over.

        Raises:
            GGUFError: The file shrank while it was read.
        """
        return [seen.facts([] if runs is None else runs.result()) for seen, runs in self._looking]


class FactsCollector:
    """Takes the tensors of a model in file order, with what others found in them, for a check without a pass.

    Statistics are those of `gather`, of blocks as stored, without the factors beside them.
    """

    def __init__(self) -> None:
        self.tensors: list[TensorFacts] = []
        self._runs: dict[int, list[ZeroRun]] = {}

    def look(self, runs: Mapping[int, list[ZeroRun]]) -> None:
        """Take the runs of zero bytes of tensors that are added later, by their position in the table."""
        self._runs |= runs

    def add(self, tensor: Tensor, parts: Sequence[Part]) -> None:
        seen, runs = _Seen(tensor, parts), self._runs.pop(tensor.index, [])
        self.tensors.append(seen.facts(runs if seen.may_have_runs else []))


def _fetched(model: Model) -> Iterable[Tensor]:
    """The tensors whose bytes lie elsewhere."""
    return model.tensors.values() if model.is_remote else ()


class _Seen:
    """A tensor that a pass has seen, but for its runs of zero bytes."""

    def __init__(self, tensor: Tensor, parts: Sequence[Part]) -> None:
        whole = whole_of(parts)
        fields = whole.fields()
        kept = {name: value for name, value in fields.items() if name not in _LARGE}
        self._tensor = tensor
        self._norms = Norms.of(fields, keep=tensor.role == "token_embd")
        self._statistics = TensorStatistics(
            kept,
            n_elements=whole.n_elements,
            n_bytes=tensor.n_bytes,
            shape=tensor.shape,
            type=tensor.type,
            name=tensor.name,
        )
        self._experts = _experts(tensor, parts)
        self.may_have_runs = tensor.n_bytes >= LEAST and bool(fields.get("abs_max"))

    def facts(self, runs: list[ZeroRun]) -> TensorFacts:
        return TensorFacts(self._tensor, self._statistics, self._experts, runs, self._norms)


def _experts(tensor: Tensor, parts: Sequence[Part]) -> list[Mapping[str, Any]]:
    """The statistics of each expert; none of a tensor that is one piece."""
    # The core leaves tiny matrices together; three dimensions may also be those of a convolution.
    of_experts = holds_experts(tensor.shape) and is_role_of_experts(tensor.role)
    apart = of_experts and len(parts) == tensor.n_experts
    return [_expert(part) for part in parts] if apart else []


def _expert(part: Part) -> Mapping[str, Any]:
    fields = part.statistics.fields()
    return {name: fields[name] for name in _OF_EXPERTS if name in fields}
