"""Tensors of a checkpoint, as the headers of its safetensors files list them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._core import GGUFError, parse_safetensors, safetensors_head_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..reader import ByteReader

_FIRST_READ = 1 << 18  # bytes; headers of 500 tensors have 60 000, and one more read fetches a longer one
# What other files begin with, which would be a length beyond the limit.
_OTHERS = {
    b"version https://git-lfs": "a Git LFS pointer, not the model itself; fetch that with 'git lfs pull'",
    b"GGUF": "GGUF; name it so that it ends in .gguf",
    b"<": "a web page or a server's error message",
}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor where it lies.

    Attributes:
        name: as the checkpoint has it.
        dtype: as safetensors spells it, as `"BF16"`.
        shape: rows first, as in PyTorch.
        file: position of its file in the checkpoint.
        begin: of its bytes in that file.
        end: behind its last byte.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: int
    begin: int
    end: int

    @property
    def n_bytes(self) -> int:
        return self.end - self.begin

    @property
    def n_elements(self) -> int:
        return math.prod(self.shape)

    @property
    def n_rows(self) -> int:
        """Rows over all leading dimensions; of a vector each element is one."""
        return self.shape[0] if len(self.shape) == 1 else math.prod(self.shape[:-1])


def read_tables(files: Sequence[ByteReader]) -> list[StoredTensor]:
    """The tensors of all files of a checkpoint, in the order of their data.

    Raises:
        GGUFError: A file is no safetensors file, or malformed, or two of them have tensors of one name.
        UnsupportedTypeError: A tensor has a type that cannot be decoded.
        OSError: A file cannot be read.
    """
    tensors: dict[str, StoredTensor] = {}
    for number, file in enumerate(files):
        for name, dtype, shape, begin, end in parse_safetensors(_head(file), file.size, file.name)[0]:
            if name in tensors:
                other = files[tensors[name].file].name
                raise GGUFError(f"{file.name}: tensor '{name}': {other} has a tensor of this name as well")
            tensors[name] = StoredTensor(name, dtype, tuple(shape), number, begin, end)
    return list(tensors.values())


def _head(file: ByteReader) -> bytes:
    """The bytes of a file in front of its first tensor."""
    beginning = read_bytes(file, 0, min(_FIRST_READ, file.size))
    for start, meaning in _OTHERS.items():
        if beginning.startswith(start):
            raise GGUFError(f"{file.name}: not a safetensors file but {meaning}")
    size = safetensors_head_size(beginning, file.size, file.name)
    if size <= len(beginning):
        return beginning[:size]
    return beginning + read_bytes(file, len(beginning), size - len(beginning))


def read_bytes(file: ByteReader, offset: int, size: int) -> bytes:
    """A range of a file.

    Raises:
        OSError: The bytes cannot be had.
        GGUFError: The file changed since it was opened.
    """
    buffer = bytearray(size)
    file.read_into(offset, memoryview(buffer))
    return bytes(buffer)
