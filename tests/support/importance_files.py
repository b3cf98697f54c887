"""Writes importance matrices byte by byte, in both forms. Shares nothing with the reader under test."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from support.gguf_writer import ARRAY, STRING, UINT32, Array, Gguf, Key, Tensor

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Entry:
    """Sums of one tensor, (matrices, columns), and counts, (matrices,)."""

    sums: Floats
    counts: Floats

    def means(self) -> npt.NDArray[np.float64]:
        """E[x²]; NaN for matrices without data."""
        counts = np.where(self.counts > 0, self.counts.astype(np.float64), np.nan)
        return self.sums.astype(np.float64) / counts[:, None]


def entry(matrices: int, columns: int, seed: int = 0, empty: Sequence[int] = ()) -> Entry:
    """Sums of squares with outliers; the matrices of `empty` saw nothing."""
    chance = np.random.default_rng(seed)
    sums = np.square(chance.standard_t(3, (matrices, columns))).astype(np.float32) * 100
    sums[:, :: max(2, columns // 3)] = 0
    counts = chance.integers(50, 500, matrices).astype(np.float32)
    sums[list(empty)], counts[list(empty)] = 0, 0
    return Entry(sums, counts)


def gguf_file(entries: Mapping[str, Entry], *, chunks: int | None = 12, extra: Sequence[Tensor] = ()) -> Gguf:
    """An importance matrix as llama-imatrix writes it today."""
    keys = [Key("general.type", STRING, "imatrix")]
    if chunks is not None:
        keys += [
            Key("imatrix.datasets", ARRAY, Array(STRING, ["wiki.txt", "code \x1b[2J.txt"])),
            Key("imatrix.chunk_count", UINT32, chunks),
            Key("imatrix.chunk_size", UINT32, 512),
        ]
    tensors = []
    for name, each in entries.items():
        tensors.append(Tensor(f"{name}.in_sum2", each.sums.shape, 0, each.sums.tobytes()))
        tensors.append(Tensor(f"{name}.counts", (len(each.counts), 1), 0, each.counts.tobytes()))
    return Gguf(keys=keys, tensors=[*tensors, *extra])


def dat_bytes(entries: Mapping[str, Entry], *, chunks: int = 12, dataset: str | None = "wiki.txt") -> bytes:
    """An importance matrix in the older form: (sums / tokens) · chunks, and ones · chunks where there are no tokens."""
    parts = [struct.pack("<i", len(entries))]
    for name, each in entries.items():
        means = np.nan_to_num(each.means(), nan=1.0).astype(np.float32)
        values = (means * np.float32(chunks)).reshape(-1)
        encoded = name.encode()
        parts += [struct.pack("<i", len(encoded)), encoded, struct.pack("<ii", chunks, values.size), values.tobytes()]
    if dataset is not None:
        parts += [struct.pack("<ii", chunks, len(dataset.encode())), dataset.encode()]
    return b"".join(parts)


def write_importance(path: Path, entries: Mapping[str, Entry]) -> Path:
    """Write the form that the name of the file stands for."""
    path.write_bytes(dat_bytes(entries) if path.suffix == ".dat" else gguf_file(entries).build())
    return path
