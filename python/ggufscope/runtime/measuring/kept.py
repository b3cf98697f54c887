"""Raw activations, stored while they are captured: an .npz that `numpy.load` reads.

prompt0/layer3/gated                      float32, as in `capture.POINTS`; prompts in the order of the trace
prompt0/layer3/attention                  heads × tokens × keys
prompt0/layer3/attention/from_head8       a run of heads of a prompt too long for all at once
"""

from __future__ import annotations

import contextlib
import threading
import zipfile
from typing import IO, TYPE_CHECKING

import numpy as np

from ...saving.files import atomic_write
from .capture import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from ...saving.guard import Guard
    from ..shape import Array, ModelShape
    from .capture import Keep


def checked_points(names: Sequence[str]) -> list[str]:
    """The names, each once.

    Raises:
        ValueError: One is no point where activations are captured.
    """
    for name in names:
        if name not in POINTS:
            raise ValueError(f"there is no {name!r} to keep, only {', '.join(POINTS)}")
    return list(dict.fromkeys(names))


@contextlib.contextmanager
def keeping(
    path: str | PathLike[str], points: Sequence[str], shape: ModelShape, guard: Guard | None = None
) -> Iterator[Keep]:
    """A function that a Recorder calls; the file appears whole when the block ends, or not at all.

    Raises:
        OutputError: The file cannot be written.
    """
    with atomic_write(path, "wb", guard=guard) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        yield _Writer(archive, frozenset(points), shape)


class _Writer:
    def __init__(self, archive: zipfile.ZipFile, points: frozenset[str], shape: ModelShape) -> None:
        self._archive = archive
        self._points = points
        self._shape = shape
        self._alone = threading.Lock()

    def __call__(self, prompt: int, layer: int, point: str, first_head: int, values: Array) -> None:
        if point not in self._points:
            return
        name = f"prompt{prompt}/layer{layer}/{point}"
        if point == "attention" and len(values) < self._shape.n_heads[layer]:
            name += f"/from_head{first_head}"
        with self._alone, self._archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            _write(member, values)


def _write(member: IO[bytes], values: Array) -> None:
    np.lib.format.write_array(member, np.ascontiguousarray(values), allow_pickle=False)
