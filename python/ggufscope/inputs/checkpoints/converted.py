"""Tensors that are not in the checkpoint as they are wanted: widened to float32, 1 added, transposed.

They are computed when somebody reads them, from the bytes of the checkpoint that this takes, and so a remote
checkpoint's gains are not fetched to see what it holds. As llama.cpp's converter does it: bfloat16 and float64 become
float32 first; float16 stays float16 until after the addition, which rounds there.
"""

from __future__ import annotations

import bisect
import math
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core import GGUFError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ..reader import ByteReader
    from .parts import Part

_FORMS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "F8_E4M3": "<u1", "F8_E5M2": "<u1"}
_SIZES = {dtype: np.dtype(form).itemsize for dtype, form in _FORMS.items()}
_LARGEST_MATRIX = 1 << 31  # bytes of one that is transposed, which is held whole
_KEPT_BYTES = 1 << 26  # of transposed matrices, for the next range of the same one


class ConvertedParts:
    """A file of converted parts, one behind the other, that is nowhere.

    Args:
        parts: each with whether it is wanted as float32.
        readers: of the checkpoint's files.

    Raises:
        GGUFError: A part has no numbers that the converter changes.
    """

    def __init__(self, parts: Sequence[tuple[Part, bool]], readers: Sequence[ByteReader], name: str) -> None:
        self.name = name
        self._parts = list(parts)
        self._readers = readers
        for part, _ in self._parts:
            self._refuse_integers(part)
        sizes = [math.prod(part.shape) * _item_size(part, wide) for part, wide in self._parts]
        self.begins: list[int] = [0, *np.cumsum(sizes, dtype=object).tolist()]
        self.size: int = self.begins[-1]
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def read_into(self, offset: int, out: memoryview) -> None:
        """Fill `out` with the bytes from `offset` on.

        Raises:
            OSError: The bytes of the checkpoint cannot be had.
            GGUFError: They changed, or the range is outside.
        """
        end = offset + len(out)
        if offset < 0 or end > self.size:
            raise GGUFError(f"{self.name}: bytes {offset} to {end} of {self.size} converted ones")
        number = bisect.bisect_right(self.begins, offset) - 1
        done = 0
        while done < len(out):
            begin, behind = self.begins[number], self.begins[number + 1]
            size = min(end, behind) - (offset + done)
            if size > 0:
                out[done : done + size] = self._bytes_of(number, offset + done - begin, size)
                done += size
            number += 1

    def expect(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Nothing is fetched ahead: what is converted is small, or held whole."""

    def close(self) -> None:
        """Forget what was kept, and close the checkpoint's files."""
        with self._lock:
            self._kept.clear()
        for reader in self._readers:
            reader.close()

    def _refuse_integers(self, part: Part) -> None:
        tensor = part.tensor
        if tensor.dtype not in _FORMS:
            change = "transposed" if part.transposed else "converted"
            raise GGUFError(
                f"{self._readers[tensor.file].name}: tensor '{tensor.name}': {tensor.dtype} is not {change}"
            )

    def _bytes_of(self, number: int, first: int, size: int) -> bytes | memoryview:
        part, wide = self._parts[number]
        if part.transposed:
            return memoryview(self._transposed(number))[first : first + size]
        item = _item_size(part, wide)
        begin, end = first // item, -(-(first + size) // item)
        values = _converted(self._elements(part, begin, end), part, wide)
        return memoryview(values.tobytes())[first - begin * item :][:size]

    def _transposed(self, number: int) -> bytes:
        """All bytes of a transposed part."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        part, wide = self._parts[number]
        if part.tensor.n_bytes > _LARGEST_MATRIX:
            reason = f"{part.tensor.n_bytes} bytes to transpose; the limit is {_LARGEST_MATRIX}"
            raise GGUFError(f"{self._readers[part.tensor.file].name}: tensor '{part.tensor.name}': {reason}")
        n_elements = math.prod(part.shape)
        *leading, columns, rows = part.shape
        turned = self._elements(part, 0, n_elements).reshape(*leading, rows, columns).swapaxes(-1, -2)
        contents = _converted(np.ascontiguousarray(turned), part, wide).tobytes()
        with self._lock:
            self._kept[number] = contents
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _KEPT_BYTES:
                self._kept.popitem(last=False)
        return contents

    def _elements(self, part: Part, begin: int, end: int) -> npt.NDArray[Any]:
        """Elements of a part before they are converted, in their final order but for transposing."""
        tensor = part.tensor
        item = _SIZES[tensor.dtype]
        n_rows = tensor.n_rows
        length = tensor.n_elements // n_rows if n_rows else 1  # of a row
        if part.runs is None and not part.paired_heads:
            return self._stored(part, begin * item, (end - begin) * item)
        rows = part.row_numbers()[begin // length : -(-end // length)]
        table = self._stored(part, 0, tensor.n_bytes).reshape(n_rows, length)
        first = begin // length * length
        return table[rows].reshape(-1)[begin - first : end - first]

    def _stored(self, part: Part, offset: int, size: int) -> npt.NDArray[Any]:
        buffer = bytearray(size)
        if size:
            self._readers[part.tensor.file].read_into(part.tensor.begin + offset, memoryview(buffer))
        return np.frombuffer(buffer, _FORMS[part.tensor.dtype])


def _item_size(part: Part, wide: bool) -> int:
    return 4 if wide else _SIZES[part.tensor.dtype]


def _converted(values: npt.NDArray[Any], part: Part, wide: bool) -> npt.NDArray[Any]:
    """Values as the composed file has them."""
    if not wide:
        return values
    with np.errstate(invalid="ignore", over="ignore"):  # of NaNs that signal, and of float64 beyond float32
        if part.tensor.dtype == "F16":
            return (values + np.float16(part.plus) if part.plus else values).astype("<f4")
        numbers = (values.astype("<u4") << 16).view("<f4") if part.tensor.dtype == "BF16" else values.astype("<f4")
        return numbers + np.float32(part.plus) if part.plus else numbers
