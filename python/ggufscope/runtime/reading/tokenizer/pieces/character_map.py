"""SentencePiece's `precompiled_charsmap`: what characters become before a text is split.

    size of the array in bytes, uint32 │ double array, uint32 each │ replacements, each ends with 0

    a node: 31 it is a value, 30 … 0 │ else: 30 … 10 base, 9 base × 256, 8 leaf, 7 … 0 label

The double array is a trie: the child of a node for byte c is at base XOR c, and its label is c; where the child is a
leaf, its base leads to a value, the place of the replacement (Kanda, Space- and Time-Efficient String Dictionaries,
2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..metadata_keys import MetadataKeys

KEY = "precompiled_charsmap"
_LONGEST = 256  # bytes of a rule or its replacement; the longest of SentencePiece's own rules have some forty
_LABEL = (1 << 31) | 0xFF
_VALUE = (1 << 31) - 1


class CharacterMap:
    """The longest rule that applies at a place of a text."""

    def __init__(self, keys: MetadataKeys) -> None:
        """Read the map; without one there are no rules.

        Raises:
            GGUFError: It is no array of bytes, or shorter than it says.
        """
        self._keys = keys
        self._nodes: list[int] = []
        self._replacements = b""
        if KEY not in keys:
            return
        values = keys.numbers(KEY, "iu")
        if values.dtype.itemsize != 1:
            raise keys.refusal(KEY, f"an array of bytes, not of {values.dtype}")
        data = values.tobytes()
        size = int.from_bytes(data[:4], "little")
        if len(data) < 4 or size + 4 >= len(data):
            raise keys.refusal(KEY, f"an array of {size} bytes and replacements do not fit into {len(data)}")
        self._nodes = np.frombuffer(data, "<u4", size // 4, 4).tolist()
        self._replacements = data[4 + size :]

    def longest(self, text: bytes, start: int) -> tuple[bytes, int] | None:
        """The replacement of the longest rule at a place, and how many bytes it replaces; None where none applies.

        Raises:
            GGUFError: The map leads out of itself.
        """
        if not self._nodes:
            return None
        value, length = 0, 0
        place = _base(self._node(0))
        for count, byte in enumerate(text[start : start + _LONGEST + 1]):
            if byte == 0:
                break
            place ^= byte
            node = self._node(place)
            if node & _LABEL != byte:
                break
            if count == _LONGEST:
                raise self._keys.refusal(KEY, f"a rule of more than {_LONGEST} bytes")
            place ^= _base(node)
            if node >> 8 & 1:
                value, length = self._node(place) & _VALUE, count + 1
        return (self._replacement(value), length) if length else None

    def _node(self, place: int) -> int:
        if place >= len(self._nodes):
            raise self._keys.refusal(KEY, f"leads to node {place} of {len(self._nodes)}")
        return self._nodes[place]

    def _replacement(self, value: int) -> bytes:
        end = self._replacements.find(b"\0", value, value + _LONGEST + 1)
        if end < 0:
            raise self._keys.refusal(KEY, f"no replacement of up to {_LONGEST} bytes ends behind byte {value}")
        return self._replacements[value:end]


def _base(node: int) -> int:
    return (node >> 10) << ((node & (1 << 9)) >> 6) & 0xFFFFFFFF
