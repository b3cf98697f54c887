"""Files that are small on the disk and claim to be large, or are dear to read."""

from __future__ import annotations

import struct
from functools import partial

from support.gguf_writer import ARRAY, STRING, UINT8, Array, Gguf, Key, Raw, Tensor
from support.hostile_files.hostile_file import HostileFile, HostileFiles

_HUGE = 2**40  # a sparse file of a terabyte, where the file system allows it
_TOO_MANY = "more than 4194304 strings or arrays"


def _built(*keys: Key, tensors: list[Tensor] | None = None, n_keys: int | None = None) -> bytes:
    return Gguf(keys=list(keys), tensors=tensors or [], n_keys=n_keys).build()


def _array(element: int, length: int) -> Key:
    return Key("k", ARRAY, Array(element, length=length))


CLAIMS: HostileFiles = {
    "keys_of_a_terabyte": HostileFile(
        partial(_built, n_keys=2**36), "claims 68719476736 keys, the limit is 65536", _HUGE
    ),
    "tensors_of_a_terabyte": HostileFile(lambda: Gguf(n_tensors=2**34).build(), "claims 17179869184 tensors", _HUGE),
    "tensors_at_the_limit_of_a_terabyte": HostileFile(
        lambda: Gguf(n_tensors=2**18).build(), "overlaps tensor ''", _HUGE
    ),
    "empty_strings_of_a_terabyte": HostileFile(partial(_built, _array(STRING, 2**36)), _TOO_MANY, _HUGE),
    "empty_arrays_of_a_terabyte": HostileFile(partial(_built, _array(ARRAY, 2**36)), _TOO_MANY, _HUGE),
    "numbers_of_a_terabyte": HostileFile(partial(_built, _array(UINT8, 2**39)), None, _HUGE),
    "string_of_a_terabyte": HostileFile(partial(_built, Key("k", STRING, Raw(struct.pack("<Q", 2**39)))), None, _HUGE),
    "empty_tensors_by_the_thousand": HostileFile(
        lambda: _built(tensors=[Tensor(f"{i:063}", (0,)) for i in range(100_000)]),
        "the limit is 4096 unless they have 4096 bytes",
    ),
    "long_keys_that_are_equal": HostileFile(
        lambda: _built(*[Key("k" * 60_000, UINT8, 1)] * 200), "the key occurs twice"
    ),
    "long_keys_of_16_mb": HostileFile(
        lambda: _built(*(Key(f"{i:065535}", UINT8, 1) for i in range(300))),
        "keys of more than 16777216 bytes in all",
    ),
    "keys_by_the_thousand": HostileFile(lambda: _built(*(Key(f"{i:01000}", UINT8, 1) for i in range(10_000)))),
    "arrays_of_arrays_by_the_thousand": HostileFile(
        lambda: _built(Key("k", ARRAY, Array(ARRAY, [Array(ARRAY, [Array(UINT8)] * 1000)] * 500)))
    ),
}
