"""Stream a planned model into one file or several shards. Memory stays at one tensor's pool and the vocabulary."""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import IO, cast

import gguf
import numpy as np
from gguf.gguf_writer import GGUFValue, WriterState

from .._core import types
from ..errors import OutputError
from ..models.magic import SYNTHETIC_KEY
from ..saving.files import atomic_write
from ..saving.guard import Guard
from .metadata import add_metadata
from .plan import ModelPlan, TypedTensor
from .weights import tensor_bytes

Progress = Callable[[int, int], object]

# The vocabulary of the largest shape takes 12 MB; padding at most 31 bytes per tensor.
HEADER_ALLOWANCE = 32_000_000


def write_plan(
    plan: ModelPlan,
    path: str | PathLike[str],
    *,
    shards: int = 1,
    force: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Write a planned model; older synthetic files of the same names are replaced when the new ones are complete.

    Args:
        plan: what to write.
        path: the file; with shards its name gets `-00001-of-0000N` and so on, before `.gguf`.
        shards: number of files of about the same size.
        force: replace files, too, that ggufscope did not write.
        progress: called with (done bytes, total bytes) of the tensors; may raise to cancel.

    Returns:
        The files, in order.

    Raises:
        OutputError: no room for it, it cannot be written, or a file stands there that ggufscope did not write. Nothing
            stays behind.
        ValueError: more shards than tensors, or two shards are links to one file.
    """
    parts = split(plan.tensors, shards)
    paths = shard_paths(Path(path), shards)
    guard = Guard(force=force, replaces_models=True)
    guard.check(*paths)
    require_space(paths[0], plan.n_bytes + HEADER_ALLOWANCE)
    with contextlib.ExitStack() as files:
        streams = [files.enter_context(atomic_write(target, "wb", guard=guard)) for target in paths]
        alignment = write_headers(plan, parts, streams)
        report = _Report(plan.n_bytes, progress)
        for part, stream in zip(parts, streams, strict=True):
            pad(stream, alignment)
            for typed in part:
                for piece in tensor_bytes(plan.shape, typed.tensor, typed.type_name, plan.seed, hard=plan.hard):
                    stream.write(piece.data)
                    report.add(piece.nbytes)
                pad(stream, alignment)
    return paths


class _Report:
    """Calls the progress callback every 16 MB and at the end: drawing a bar takes longer than writing one piece."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress = total, progress
        self._done = self._next = 0

    def add(self, n_bytes: int) -> None:
        self._done += n_bytes
        if self._progress is not None and (self._done >= self._next or self._done == self._total):
            self._progress(self._done, self._total)
            self._next = self._done + (1 << 24)


def split(tensors: Sequence[TypedTensor], shards: int) -> list[list[TypedTensor]]:
    """Cut the tensors, in order, into non-empty parts of about the same number of bytes."""
    if not 1 <= shards <= len(tensors):
        raise ValueError(f"shards must be from 1 to {len(tensors)} (the tensors of this model), not {shards}")
    ends = np.cumsum([typed.n_bytes for typed in tensors])
    parts: list[list[TypedTensor]] = []
    first = 0
    for shard in range(1, shards + 1):
        fair = int(np.searchsorted(ends, ends[-1] * shard / shards)) + 1
        last = min(max(fair, first + 1), len(tensors) - (shards - shard))  # leave one tensor for each later shard
        parts.append(list(tensors[first:last]))
        first = last
    return parts


def shard_paths(path: Path, shards: int) -> list[Path]:
    """Names of the shards as llama.cpp's gguf-split makes them; the path itself for one."""
    if shards == 1:
        return [path]
    stem = path.name.removesuffix(".gguf")
    return [path.with_name(f"{stem}-{number:05d}-of-{shards:05d}.gguf") for number in range(1, shards + 1)]


def require_space(path: Path, needed: int) -> None:
    """Refuse to start what cannot fit. A missing directory is left to the opening of the file."""
    directory = Path(os.path.realpath(path)).parent
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        free = shutil.disk_usage(directory).free
        if path.exists() and not path.is_file():
            return  # a device takes what it is given
        if free < needed:
            lack = f"not enough space: {needed / 1e9:.2f} GB needed, {free / 1e9:.2f} GB free"
            raise OutputError(errno.ENOSPC, lack, os.fspath(path))


class _Writer(gguf.GGUFWriter):
    """Marks the later shards, too."""

    def add_shard_kv_data(self) -> None:
        super().add_shard_kv_data()
        for pairs in self.kv_data[1:]:
            pairs[SYNTHETIC_KEY] = GGUFValue(True, gguf.GGUFValueType.BOOL)


def write_headers(plan: ModelPlan, parts: Sequence[Sequence[TypedTensor]], streams: Sequence[IO[bytes]]) -> int:
    """Header, metadata and tensor table of every file; returns the alignment of tensor data.

    The gguf package writes them. Only the first shard has the model's metadata; `split.*` tells them apart, and each
    says that it is synthetic, which has to be known of one whose others are gone.
    """
    writer = _Writer(None, plan.shape.architecture)
    type_ids = {description["name"]: description["id"] for description in types()}
    add_metadata(writer, plan)
    for number, part in enumerate(parts):
        if number:
            writer.tensors.append({})
        for typed in part:
            # The package's enumeration lags behind ggml; it writes the number it is given.
            type_id = cast("gguf.GGMLQuantizationType", type_ids[typed.type_name])
            dimensions = typed.tensor.dimensions
            writer.add_tensor_info(typed.tensor.name, dimensions, np.dtype(np.float32), typed.n_bytes, type_id)
    writer.fout = list(streams)  # type: ignore[arg-type] # any binary stream does
    writer.state = WriterState.EMPTY
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    return writer.data_alignment


def pad(stream: IO[bytes], alignment: int) -> None:
    stream.write(bytes(-stream.tell() % alignment))
