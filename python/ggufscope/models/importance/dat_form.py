"""Importance matrices in llama.cpp's older form, `.dat`: little-endian, everything behind its length.

    int32 tensors
    then for each: int32 length, name · int32 chunks · int32 n, n × float32 (sums · chunks / tokens)
    then, in files since February 2024: int32 chunks · int32 length, name of the text

It does not say how many matrices a tensor has: experts follow each other in one row of numbers, and one that no token
reached has ones · chunks.
"""

from __future__ import annotations

import os
import struct
from typing import IO, TYPE_CHECKING, NamedTuple

from ...errors import ImportanceError
from ...loading import lazy
from .importance import Importance, Sums, checked_sums

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazy("numpy")

_LEAST_TENSOR = 17  # bytes: three numbers, a name of one letter, one sum
_LONGEST_NAME = 1024
_LONGEST_DATASET = 65_536


def looks_like_dat(path: str) -> bool:
    """Whether a file begins as one of this form: so many tensors as it has room for, then a printable name."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(8 + _LONGEST_NAME)
    if len(head) < 8 + 1:
        return False
    n_tensors, length = struct.unpack_from("<ii", head)
    if not (0 < n_tensors <= size // _LEAST_TENSOR and 0 < length <= min(_LONGEST_NAME, len(head) - 8)):
        return False
    name = head[8 : 8 + length]
    return name.isascii() and name.decode("ascii").isprintable()


def read_dat(path: str) -> Importance:
    """The importance matrix in a file of this form.

    Raises:
        ImportanceError: The file is none, or a malformed one; names the place.
        OSError: It cannot be read.
    """
    with open(path, "rb") as file:
        reader = _Reader(path, file, os.fstat(file.fileno()).st_size)
        n_tensors = reader.number("number of tensors", most=reader.size // _LEAST_TENSOR, least=1)
        sums: dict[str, Sums] = {}
        for number in range(n_tensors):
            one = _read_sums(reader, number)
            if one.name in sums:
                raise reader.error(f"tensor {one.name!r} is there twice")
            sums[one.name] = one
        chunk_count, datasets = _read_end(reader)
    return Importance(path, "dat", sums, datasets=datasets, chunk_count=chunk_count)


class _Reader(NamedTuple):
    """A file that is read front to back; every length is held against what is left of it."""

    path: str
    file: IO[bytes]
    size: int

    @property
    def left(self) -> int:
        return self.size - self.file.tell()

    def error(self, reason: str) -> ImportanceError:
        return ImportanceError(f"{self.path}: not an importance matrix: byte {self.file.tell()}: {reason}")

    def take(self, n_bytes: int, what: str) -> bytes:
        if n_bytes > self.left:
            raise self.error(f"the file ends within the {what}: {n_bytes} bytes, and {self.left} are left")
        data = self.file.read(n_bytes)
        if len(data) != n_bytes:
            raise self.error(f"the file shrank while its {what} was read")
        return data

    def number(self, what: str, *, most: int, least: int = 0) -> int:
        """An int32 within bounds."""
        begin = self.file.tell()
        value: int = struct.unpack("<i", self.take(4, what))[0]
        if not least <= value <= most:
            self.file.seek(begin)
            allowed = f"can be {least} to {most} here" if least <= most else "the file is too short for any"
            raise self.error(f"{what} is {value}, and {allowed}")
        return value

    def text(self, what: str, *, least: int, most: int) -> str:
        """A text behind its length."""
        length = self.number(f"length of the {what}", least=least, most=min(most, max(least, self.left - 4)))
        data = self.take(length, what)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise self.error(f"the {what} before this is no UTF-8") from None


def _read_sums(reader: _Reader, number: int) -> Sums:
    name = reader.text(f"name of tensor {number}", least=1, most=_LONGEST_NAME)
    chunks = reader.number(f"chunks of {name!r}", most=2**31 - 1)
    n_sums = reader.number(f"number of sums of {name!r}", least=1, most=max(1, (reader.left - 4) // 4))
    begin, path = reader.file.tell(), reader.path
    checked_sums(path, name, np.frombuffer(reader.take(4 * n_sums, f"sums of {name!r}"), "<f4"))

    def load() -> npt.NDArray[np.float32]:
        with open(path, "rb") as file:
            file.seek(begin)
            data = file.read(4 * n_sums)
        if len(data) != 4 * n_sums:
            raise ImportanceError(f"{path}: the file shrank since it was opened")
        return checked_sums(path, name, np.frombuffer(data, "<f4").astype(np.float32)).reshape(1, n_sums)

    # llama.cpp takes the sums of a tensor of no chunks as they are.
    return Sums(name, 1, n_sums, np.array([chunks or 1], np.float64), load)


def _read_end(reader: _Reader) -> tuple[int | None, list[str]]:
    """Chunks and the name of the text, of files that have them."""
    if not reader.left:
        return None, []
    chunk_count = reader.number("number of chunks", most=2**31 - 1)
    if not reader.left:
        return chunk_count, []
    dataset = reader.text("name of the text", least=0, most=_LONGEST_DATASET)
    if reader.left:
        raise reader.error(f"{reader.left} bytes behind the end")
    return chunk_count, [dataset] if dataset else []
