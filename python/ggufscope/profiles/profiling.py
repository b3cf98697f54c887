"""Profiling: stream a model through the core, batch by batch; `collecting` makes the profile of what comes out."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from .._core import Part, observe_model
from ..arrays.arguments import checked_threads, checked_threshold, thread_count
from ..models.file_hashes import FileHashing
from ..models.given_factors import factors_of
from ..models.heads import group_rows
from ..models.model import Model
from ..models.model import open as open_model
from ..models.summary import ModelSummary
from ..text.notebook_bar import with_notebook_bar
from .batches import DEFAULT_LIMITS, BatchLimits, batches, limits_of
from .beside import Beside
from .collecting import Collector
from .on_cluster import Called, collect_on
from .profile_records import ProfileRun, ProfileSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from os import PathLike

    from distributed import Client

    from ..models.model import Tensor
    from .profile_result import Profile


@with_notebook_bar("profile")
def profile(
    model: str | PathLike[str] | Model,
    threads: int | None = None,
    fast: bool = False,
    sparsity_threshold: float = 1e-6,
    progress: Callable[[int, int], object] | None = None,
    *,
    keep_vectors: bool = True,
    isa: str | None = None,
    hash: bool = False,  # noqa: A002
    stored: bool = False,
    limits: BatchLimits | None = None,
    client: Client | None = None,
    observed: Callable[[Tensor, Sequence[Part]], object] | None = None,
) -> Profile:
    """Statistics of every parameter of a model, from one pass over its data.

    Args:
        model: name of a model, as `ggufscope.open` takes it, or an open model, which stays open.
        threads: at most so many; by default the cores this process may use, and with a `client` one for each call.
            The result does not depend on it.
        fast: leave out histogram (and what follows from it), row and column norms and code statistics.
        sparsity_threshold: magnitude under which a weight counts for `sparsity`; rounded to float32.
        progress: called as `progress(done_bytes, total_bytes)` in the calling thread; may raise to cancel. By default
            there is a bar in notebooks, and none elsewhere.
        keep_vectors: keep `row_l2` and `column_l2` of every tensor (8 bytes per row and column) beside their summary.
        isa: instruction set to work with; None for the one in use. The result does not depend on it.
        hash: hash the whole files, too (SHA-256, as `sha256sum`), in a thread of its own.
        stored: leave out the factors that NVFP4 and BitNet files keep beside matrices: statistics of the blocks as
            they are. By default a weight is the decoded number times the factor.
        limits: how much is observed at once. The result does not depend on it.
        client: `distributed.Client` of a Dask cluster whose workers take pieces of the model, which they find under
            the same name; a piece of a worker that is lost goes to another. The result does not depend on it.
        observed: called with every tensor and its parts, in file order, as the pass comes to them, so that facts for a
            check may be gathered of the same pass (`checks.gathering`). Not with a `client`.

    Returns:
        The profile; it does not refer to the model any more.

    Raises:
        GGUFError: The file is malformed, or it shrank while it was read.
        OSError: The file cannot be opened, here or by a worker.
        ClusterError: An `OSError`: the scheduler of `client` was lost, or a worker has another version of ggufscope.
        ValueError: Less than one thread, a threshold that is negative or not finite, an instruction set that cannot
            run here, `observed` beside a `client`, or the model is closed.

    Example:
        >>> import ggufscope as gs
        >>> profile = gs.profile("model.gguf")                                          # doctest: +SKIP
        >>> profile.roles["attn_v"].kurtosis, profile.layers[0].rms                     # doctest: +SKIP
    """
    settings = ProfileSettings(bool(fast), checked_threshold(sparsity_threshold), bool(stored))
    if client is not None and observed is not None:
        raise ValueError("parts that workers of a cluster take are not observed")
    n_threads = thread_count(threads) if client is None else checked_threads(1 if threads is None else threads)
    with contextlib.ExitStack() as stack:
        opened = model if isinstance(model, Model) else stack.enter_context(open_model(model))
        hashed = hash and opened.file_hashes is None
        times = (client is None) + hashed  # with a client, workers fetch what lies elsewhere by themselves
        stack.enter_context(opened.reading(opened.tensors.values() if times else (), times=times, whole=hashed))
        hashing = stack.enter_context(FileHashing(opened, wanted=hash))
        started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
        collector = Collector(opened, keep_vectors, stored=settings.stored)
        if client is None:
            with Beside() as beside:
                for batch in _observe_batches(
                    opened,
                    list(opened.tensors.values()),
                    threads=n_threads,
                    fast=settings.fast,
                    sparsity_threshold=settings.sparsity_threshold,
                    stored=settings.stored,
                    progress=progress,
                    isa=isa,
                    limits=limits or limits_of(opened.tensors.values()),
                ):
                    beside.call(collector.add_all, batch)
                    if observed is not None:
                        for tensor, parts in batch:
                            observed(tensor, parts)
        else:
            how = Called(n_threads, isa, limits, progress)
            n_threads, isa = collect_on(client, collector, opened, settings, how)
        run = ProfileRun.of(opened, started, time.perf_counter() - clock, n_threads, isa)
        file_hashes = hashing.result(None if progress is None else lambda: progress(opened.n_bytes, opened.n_bytes))
        return collector.finish(ModelSummary.of(opened, file_hashes), settings, run)


def observe_tensors(
    model: Model,
    tensors: Iterable[Tensor] | None = None,
    *,
    threads: int,
    fast: bool = False,
    sparsity_threshold: float = 1e-6,
    stored: bool = False,
    progress: Callable[[int, int], object] | None = None,
    isa: str | None = None,
    limits: BatchLimits = DEFAULT_LIMITS,
) -> Iterator[tuple[Tensor, list[Part]]]:
    """Each tensor with its parts, in file order, or some of them; see `profile`."""
    chosen = list(model.tensors.values() if tensors is None else tensors)
    for batch in _observe_batches(
        model,
        chosen,
        threads=threads,
        fast=fast,
        sparsity_threshold=sparsity_threshold,
        stored=stored,
        progress=progress,
        isa=isa,
        limits=limits,
    ):
        yield from batch


def _observe_batches(
    model: Model,
    chosen: list[Tensor],
    *,
    threads: int,
    fast: bool,
    sparsity_threshold: float,
    stored: bool,
    progress: Callable[[int, int], object] | None,
    isa: str | None,
    limits: BatchLimits,
) -> Iterator[list[tuple[Tensor, list[Part]]]]:
    done, total = 0, sum(tensor.n_bytes for tensor in chosen)
    for batch in batches(chosen, limits):
        offset = done

        def report(batch_done: int, _total: int, offset: int = offset) -> None:
            if progress is not None:
                progress(offset + batch_done, total)

        parts = observe_model(
            model.core(),
            [tensor.index for tensor in batch],
            [group_rows(model, tensor) for tensor in batch],
            threads,
            fast,
            sparsity_threshold,
            report,
            isa or "",
            {} if stored else factors_of(batch),
        )
        by_tensor = defaultdict(list)
        for part in parts:
            by_tensor[part.tensor].append(part)
        yield [(tensor, by_tensor.pop(tensor.index, [])) for tensor in batch]
        done += sum(tensor.n_bytes for tensor in batch)
