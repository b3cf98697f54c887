"""Batches of tensors: how much of a model is observed at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..models.tensor import Tensor


@dataclass(frozen=True)
class BatchLimits:
    """Sizes at which a batch is complete; results do not depend on them.

    No more than a batch's statistics are held next to the results: a model with 256 experts has 40 000 parts. Batches
    are large enough that starting the threads anew costs nothing.

    Attributes:
        n_bytes: of tensor data.
        n_parts: parts that have statistics of their own, as experts do.
        n_norms: rows and columns, each of which has a norm: 16 MB, whatever shapes a file claims.
    """

    n_bytes: int = 512 << 20
    n_parts: int = 4096
    n_norms: int = 1 << 21


DEFAULT_LIMITS = BatchLimits()


_BATCHES = 4  # of a small model: one is observed while the statistics of the one before are collected
_LEAST_BYTES = 8 << 20  # of a batch, which costs the start of its threads


def limits_of(tensors: Iterable[Tensor]) -> BatchLimits:
    """The limits for the tensors of a whole model."""
    n_bytes = sum(tensor.n_bytes for tensor in tensors) // _BATCHES
    return BatchLimits(n_bytes=max(_LEAST_BYTES, min(n_bytes, DEFAULT_LIMITS.n_bytes)))


def batches(tensors: Iterable[Tensor], limits: BatchLimits) -> Iterator[list[Tensor]]:
    """The tensors in order, cut where a batch reaches a limit; each batch holds at least one."""
    batch: list[Tensor] = []
    n_bytes = n_parts = n_norms = 0
    for tensor in tensors:
        batch.append(tensor)
        n_bytes += tensor.n_bytes
        n_parts += tensor.n_experts
        n_norms += tensor.n_rows + (tensor.shape[-1] if tensor.shape else 1)
        if n_bytes >= limits.n_bytes or n_parts >= limits.n_parts or n_norms >= limits.n_norms:
            yield batch
            batch, n_bytes, n_parts, n_norms = [], 0, 0, 0
    if batch:
        yield batch
