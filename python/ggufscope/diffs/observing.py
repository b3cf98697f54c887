"""The pass over two models: statistics of each pair of tensors, in the order of the reference.

    pairs as they are  ──▶ the core, batch by batch, both files side by side
    pairs with a view  ──▶ decoded here a few megabytes at a time, seen, then the same statistics

Both give the same numbers: chunks are cut by the shape of what is compared, and added in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from .._core import PairStatistics, observe_pairs
from ..models.given_factors import factors_of
from .viewed import observe_viewed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .._core import PairPart
    from ..models.model import Model
    from .matching import TensorPair

_MOST_BYTES = 1 << 30  # of a batch, of both files
_MOST_PARTS = 4096
_MOST_LINES = 1 << 20  # rows and columns, each with two sums: 16 MB


@dataclass(frozen=True)
class PairSettings:
    """Settings of a pass.

    Attributes:
        threads: at most so many; the result does not depend on it.
        stored: leave factors out.
        isa: instruction set; "" for the one in use. The result does not depend on it.
    """

    threads: int
    stored: bool = False
    isa: str = ""


class ObservedPair(NamedTuple):
    """The statistics of a pair: of the whole or, for a stack of experts, of each."""

    pair: TensorPair
    parts: list[PairStatistics]
    identical: bool

    def whole(self) -> PairStatistics:
        """The statistics of all parts, with the vectors of the tensor."""
        if len(self.parts) == 1:
            return self.parts[0]
        whole = PairStatistics()
        for part in self.parts:
            whole.append(part)
        return whole


def pair_bytes(pair: TensorPair) -> int:
    """Bytes of both tensors, which progress is counted in."""
    return pair.reference.n_bytes + pair.model.n_bytes


def observe(
    reference: Model,
    model: Model,
    pairs: Iterable[TensorPair],
    settings: PairSettings,
    progress: Callable[[int], object] | None = None,
) -> Iterator[ObservedPair]:
    """Each pair with its statistics, in order.

    Args:
        reference: an open model.
        model: another, or the same one.
        pairs: of their tensors.
        settings: of the pass.
        progress: called with the bytes done so far, those of both files; may raise to cancel.

    Raises:
        GGUFError: A file shrank since it was opened.
    """
    done = 0

    def report(of_batch: int, _total: int) -> None:
        if progress is not None:
            progress(done + of_batch)

    for plain, run in groupby(pairs, key=lambda pair: pair.view.is_plain):
        for batch in _batches(run) if plain else ([pair] for pair in run):
            if plain:
                yield from _observe_batch(reference, model, batch, settings, report)
            else:
                statistics = observe_viewed(batch[0], settings.threads, settings.stored, settings.isa)
                yield ObservedPair(batch[0], [statistics], identical=False)
            done += sum(map(pair_bytes, batch))
            report(0, 0)


def _observe_batch(
    reference: Model,
    model: Model,
    batch: Sequence[TensorPair],
    settings: PairSettings,
    report: Callable[[int, int], None],
) -> Iterator[ObservedPair]:
    sides = [pair.reference for pair in batch], [pair.model for pair in batch]
    factors = ({}, {}) if settings.stored else tuple(map(factors_of, sides))
    parts = observe_pairs(
        reference.core(),
        model.core(),
        [(pair.reference.index, pair.model.index) for pair in batch],
        settings.threads,
        report,
        settings.isa,
        *factors,
    )
    for position, group in groupby(parts, key=lambda part: part.pair):
        yield _observed(batch[position], list(group))


def _observed(pair: TensorPair, parts: list[PairPart]) -> ObservedPair:
    return ObservedPair(pair, [part.statistics for part in parts], all(part.identical for part in parts))


def _batches(pairs: Iterable[TensorPair]) -> Iterator[list[TensorPair]]:
    """The pairs in order, cut where a batch is large enough; no more than its statistics are held at once."""
    batch: list[TensorPair] = []
    n_bytes = n_parts = n_lines = 0
    for pair in pairs:
        batch.append(pair)
        n_bytes += pair_bytes(pair)
        n_parts += pair.model.n_experts
        n_lines += pair.model.n_rows + pair.model.n_experts * (pair.model.shape or (1,))[-1]
        if n_bytes >= _MOST_BYTES or n_parts >= _MOST_PARTS or n_lines >= _MOST_LINES:
            yield batch
            batch, n_bytes, n_parts, n_lines = [], 0, 0, 0
    if batch:
        yield batch
