"""What identifies the weights of a model without reading them all: its tensor table, and samples of its tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import hashlib
    from collections.abc import Iterable, Sequence

    from .._core import TensorInfo

_SAMPLE_BYTES = 4096


def table_digest(file_sizes: Sequence[int], infos: Iterable[TensorInfo]) -> hashlib._Hash:
    """SHA-256 of the file sizes and the tensor table."""
    table = [[info.name, info.type, *info.shape] for info in infos]
    import hashlib  # noqa: PLC0415  these two would take a tenth of the time to import ggufscope
    import json  # noqa: PLC0415

    return hashlib.sha256(json.dumps([list(file_sizes), table], separators=(",", ":")).encode())


def samples(n_bytes: int) -> list[tuple[int, int]]:
    """Offset and size of the samples of a tensor: its beginning, middle and end, equal ones once."""
    last = max(0, n_bytes - _SAMPLE_BYTES)
    starts = sorted({0, last // 2, last}) if n_bytes else []
    return [(start, min(_SAMPLE_BYTES, n_bytes - start)) for start in starts]


def samples_of(infos: Iterable[TensorInfo], n_files: int) -> list[list[tuple[int, int]]]:
    """Where the samples of tensors lie in each file, as (offset, size)."""
    places: list[list[tuple[int, int]]] = [[] for _ in range(n_files)]
    for info in infos:
        places[info.file] += [(info.offset + start, size) for start, size in samples(info.n_bytes)]
    return places
