"""Seeds of the fuzz targets in tests/fuzz/targets: made here, by code, and kept nowhere.

    PYTHONPATH=tests python -m support.fuzz_corpus DIR

writes a directory of inputs for each target. What an input is made of, the first lines of the target say; a new target
fails the tests until it has seeds here.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from ggufscope import _core
from ggufscope.synth.blocks import quantizable_types, quantize
from support.format_registry import GGML_TYPES
from support.gguf_writer import ARRAY, UINT8, UINT16, Array, Gguf, Key, Raw, Tensor, every_kind, small_model
from support.hostile_files import HOSTILE_FILES
from support.hostile_files.parts import nested
from support.hostile_files.safetensors import SAFETENSORS, head_of

Seeds = dict[str, bytes]  # by what they are
TYPES = _core.types()  # those of ggml first
LONGEST = 16 << 10  # bytes of an input
_SPECIAL_HALVES = struct.pack(
    "<12H", 0, 0x8000, 1, 0x03FF, 0x0400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0x7F80, 0xFFFF
)
_HEADER = 24  # bytes of a file before its first key


def _random(number: int) -> np.random.Generator:
    return np.random.default_rng([17, number])


# ---- files


@cache
def _hostile() -> Seeds:
    """The hostile files that are short enough."""
    files = {name: file.build() for name, file in HOSTILE_FILES.items()}
    return {name: data for name, data in files.items() if len(data) <= LONGEST}


def _of_type(number: int, order: str) -> bytes:
    """A model of two tensors, one of each kind of name."""
    described = TYPES[number]
    shape = (2, described["elements_per_block"])
    blocks = _random(number).bytes(2 * described["bytes_per_block"])
    tensors = [Tensor(f"{name}.weight", shape, described["id"], blocks) for name in ("blk.0.attn_q", "output")]
    return Gguf(keys=[Key("general.architecture", 8, "llama")], tensors=tensors, order=order).build()


def _reader() -> Seeds:
    sound = small_model().build()
    seeds = {name: data for name, data in _hostile().items() if data}
    seeds |= {f"type-{each['name']}": _of_type(number, "<") for number, each in enumerate(GGML_TYPES)}
    seeds |= {f"big-endian-{each['name']}": _of_type(number, ">") for number, each in enumerate(GGML_TYPES)}
    seeds["type-of-safetensors"] = _of_type(len(GGML_TYPES), "<")
    seeds |= {f"alignment-{size}": small_model(alignment=size).build() for size in (1, 8, 64, 256)}
    seeds |= {f"version-{version}": small_model(version=version).build() for version in (2, 3)}
    seeds |= {f"cut-{size}": sound[:size] for size in range(1, len(sound), 61)}
    return seeds


def _split(n: int, numbers: list[int], counts: list[int], order: str = "<", declared: int | None = None) -> bytes:
    files = []
    for number, count in zip(numbers, counts, strict=True):
        tensors = [Tensor(f"t{number}.{each}", (2,), 0, bytes(8)) for each in range(2)]
        total = Key("split.tensors.count", 5, 2 * n if declared is None else declared)
        keys = [Key("split.no", UINT16, number), Key("split.count", UINT16, count), total]
        files.append(Gguf(keys=keys, tensors=tensors, order=order).build())
    return _several(files)


def _several(files: list[bytes]) -> bytes:
    sizes = struct.pack(f"<{len(files)}H", *map(len, files))
    return bytes([len(files) - 1]) + sizes + b"".join(files)


def _shards() -> Seeds:
    whole, empty_split = small_model().build(), Gguf(keys=[Key("split.count", UINT16, 1)]).build()
    return {
        "one": _several([whole]),
        "one-of-one": _several([empty_split]),
        "two": _split(2, [0, 1], [2, 2]),
        "four": _split(4, [0, 1, 2, 3], [4, 4, 4, 4]),
        "big-endian": _split(2, [0, 1], [2, 2], order=">"),
        "other-order": _split(2, [1, 0], [2, 2]),
        "the-same-twice": _split(2, [0, 0], [2, 2]),
        "other-count": _split(3, [0, 1, 2], [3, 2, 3]),
        "more-declared": _split(3, [0, 1, 2], [4, 4, 4]),
        "too-many-declared": _split(2, [0, 1], [65535, 65535]),
        "other-total": _split(2, [0, 1], [2, 2], declared=3),
        "strangers": _several([whole, whole, whole]),
        "second-is-cut": _split(2, [0, 1], [2, 2])[:-60],
    }


def _metadata() -> Seeds:
    seeds: Seeds = {}
    for order, first in (("<", 0), (">", 1)):
        writer = Gguf(order=order)
        keys = every_kind()
        entries = [writer.key(key) for key in keys]
        seeds[f"all-{first}"] = bytes([first, len(entries)]) + b"".join(entries)
        seeds[f"version-2-{first}"] = bytes([first | 2, len(entries)]) + b"".join(entries)
        for key, entry in zip(keys, entries, strict=True):
            seeds[f"{key.name}-{first}"] = bytes([first, 1]) + entry
        flags = writer.key(Key("flags", ARRAY, Array(7, [Raw(b"\x00"), Raw(b"\x01"), Raw(b"\x80")])))
        seeds[f"flags-{first}"] = bytes([first, 1]) + flags
    for depth in (1, 7, 8):
        seeds[f"nested-{depth}"] = bytes([0, 1]) + nested(depth)[_HEADER:]
    seeds |= {name: bytes([0, data[16]]) + data[_HEADER:] for name, data in _hostile().items() if len(data) > _HEADER}
    seeds["key-twice"] = bytes([0, 2]) + 2 * Gguf().key(Key("a", UINT8, 1))
    return seeds


def _matching() -> Seeds:
    def input_of(reference: list[int], model: list[int]) -> bytes:
        return bytes([len(reference), *reference, *model])

    names = list(range(20))
    return {
        "equal": input_of(names, names),
        "turned": input_of(names, names[::-1]),
        "missing": input_of(names, names[5:]),
        "extra": input_of(names[5:], names),
        "strangers": input_of(names[:10], names[10:]),
        "reshaped": input_of(names, [name | (name % 4) << 6 for name in names]),
        "twice": input_of(names, [1, 2, 1]),
        "none": input_of([], []),
        "none-of-the-model": input_of(names, []),
    }


def _composed() -> Seeds:
    """Stored bytes, then segments: memory, zeros, a run, rows in an order, rows that are listed."""
    stored = bytes(range(256))
    memory, zeros = bytes([0, 5]) + b"bytes", bytes([1, 40])
    run = b"\2" + struct.pack("<2H", 16, 64)
    pairs = b"\3" + struct.pack("<HBBB", 3, 6, 24, 3)
    halves = b"\4" + struct.pack("<HBBB", 0, 1, 32, 1)
    listed = b"\5" + struct.pack("<HBBB", 10, 7, 5, 6) + bytes([4, 0, 0, 1, 2, 3])
    sound = {
        "memory": memory,
        "zeros": zeros,
        "run": run,
        "pairs": pairs,
        "halves": halves,
        "listed": listed,
        "all": memory + pairs + zeros + run + listed + halves,
        "all-empty": b"\0\0\1\0\2\0\0\0\0",
    }
    hostile = {
        "run-over-the-end": b"\2" + struct.pack("<2H", 200, 57),
        "run-behind-the-end": b"\2" + struct.pack("<2H", 257, 0),
        "rows-over-the-end": b"\3" + struct.pack("<HBBB", 100, 20, 8, 2),
        "odd-heads": b"\3" + struct.pack("<HBBB", 0, 1, 9, 3),
        "no-heads": b"\4" + struct.pack("<HBBB", 0, 1, 8, 0),
        "no-such-row": b"\5" + struct.pack("<HBBB", 0, 1, 8, 1) + b"\10",
    }
    return {name: stored + segments for name, segments in (sound | hostile).items()}


# ---- blocks


def _patterns(number: int) -> Iterator[tuple[str, bytes]]:
    """Blocks of a type: of any bytes, of usual weights, and of numbers that are special as scales."""
    described = TYPES[number]
    name, elements, size = described["name"], described["elements_per_block"], described["bytes_per_block"]
    yield "any", _random(number).bytes(3 * size)
    yield "zero", bytes(size)
    yield "ones", b"\xff" * size
    yield "special", (_SPECIAL_HALVES * -(-2 * size // len(_SPECIAL_HALVES)))[: 2 * size]
    # Halves at both ends of a block, where formats keep their scales.
    ends = [half + _random(number).bytes(size)[2:-2] + half for half in (b"\x00\x7c", b"\x00\x7e", b"\x01\x00")]
    yield "ends", b"".join(ends)
    if name in quantizable_types():
        weights = (_random(number).standard_normal(4 * elements) / 16).astype(np.float32)
        yield "usual", quantize(weights, name).tobytes()


def _shape(rows: int, columns: int) -> bytes:
    return bytes([rows - 1]) + struct.pack("<H", columns - 1)


_SHAPES = ((1, 1), (3, 1000), (2, 2300), (8, 512), (1, 4600))


def _statistics() -> Seeds:
    seeds: Seeds = {}
    for number, described in enumerate(TYPES):
        for at, (name, pattern) in enumerate(_patterns(number)):
            for turn in range(2):
                shape = _SHAPES[(number + 2 * at + turn) % len(_SHAPES)]
                how = (7 * number + 11 * at + 13 * turn) % 128
                seeds[f"{described['name']}-{name}-{turn}"] = bytes([number]) + _shape(*shape) + bytes([how]) + pattern
    return seeds


def _pair_of_types(number: int) -> Iterator[tuple[int, int]]:
    """A type beside float32, from both sides, itself, and the next one."""
    yield from ((number, 0), (0, number), (number, number), (number, (number + 1) % len(TYPES)))


def _pairs() -> Seeds:
    seeds: Seeds = {}
    for number in range(len(TYPES)):
        for left, right in _pair_of_types(number):
            for at, ((name, a), (_, b)) in enumerate(zip(_patterns(left), _patterns(right), strict=False)):
                if (number + at) % 2:  # half of them are enough
                    continue
                shape = _shape(*_SHAPES[(number + at) % len(_SHAPES)])
                head = bytes([left, right]) + shape + bytes([(number + 3 * at) % 8]) + struct.pack("<H", len(a))
                seeds[f"{TYPES[left]['name']}-{TYPES[right]['name']}-{name}"] = head + a + b
    return seeds


def _products() -> Seeds:
    seeds: Seeds = {}
    vectors = [bytes([16]), bytes(range(1, 120)), bytes([0x80, 0x7F, 0x7E, 1, 0, 255])]
    for number in range(len(TYPES)):
        for left, right in _pair_of_types(number):
            for at, ((name, a), (_, b)) in enumerate(zip(_patterns(left), _patterns(right), strict=False)):
                if (number + at) % 2:  # half of them are enough
                    continue
                shape = _shape(*_SHAPES[(number + at) % len(_SHAPES)])
                how = bytes([(number + at) % 4])
                head = bytes([left, right]) + shape + how + struct.pack("<2H", len(a), len(b))
                seeds[f"{TYPES[left]['name']}-{TYPES[right]['name']}-{name}"] = head + a + b + vectors[at % 3]
    return seeds


def _safetensors() -> Seeds:
    """Heads of files, behind the number of bytes that follow them."""

    def input_of(head: bytes, behind: int = 0) -> bytes:
        return struct.pack("<H", behind) + head

    def tensor(dtype: str, begin: int, size: int) -> str:
        return f'"{dtype}":{{"dtype":"{dtype}","shape":[{size}],"data_offsets":[{begin},{begin + size}]}}'

    seeds = {name: input_of(file.build()) for name, file in SAFETENSORS.items()}
    single = ["U8", "I8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0"]
    seeds |= {name: input_of(head_of("{" + tensor(name, 0, 3) + "}"), 3) for name in single}
    seeds["none"] = input_of(head_of("{}"))
    seeds["several"] = input_of(head_of("{" + ",".join(map(tensor, single, range(0, 15, 3), [3] * 5)) + "}"), 15)
    seeds["metadata"] = input_of(head_of('{"__metadata__":{"format":"pt","\\ud83d\\ude00":"\\n"}}   '))
    seeds["unknown"] = input_of(
        head_of('{"w":{"x":[1.5e-3,{"y":null}],"dtype":"F64","shape":[],"data_offsets":[0,8]}}'), 8
    )
    return {name: data for name, data in seeds.items() if len(data) <= LONGEST}


CORPORA: dict[str, Callable[[], Seeds]] = {
    "reader": _reader,
    "shards": _shards,
    "composed": _composed,
    "metadata": _metadata,
    "matching": _matching,
    "statistics": _statistics,
    "pairs": _pairs,
    "products": _products,
    "safetensors": _safetensors,
}


def write_corpus(target: str, directory: Path) -> int:
    """Write the seeds of a target into a directory of its own; gives how many there are."""
    directory.mkdir(parents=True)
    seeds = CORPORA[target]()
    for name, data in seeds.items():
        (directory / name).write_bytes(data)
    return len(seeds)


if __name__ == "__main__":
    for each in CORPORA:
        print(f"{write_corpus(each, Path(sys.argv[1]) / each):6} {each}")
