"""Headers of safetensors files: what the library `safetensors` accepts is accepted, what it refuses is refused."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from ml_dtypes import bfloat16, float8_e4m3fn, float8_e5m2
from safetensors.numpy import save

import ggufscope as gs
from ggufscope import _core
from safetensors import SafetensorError, deserialize

FIELDS = '"dtype":"F32","shape":[1],"data_offsets":[0,4]'
DATA = b"\0\0\x80\x3f"
ONE = '{"w":{' + FIELDS + "}}"


def file_of(header: str | bytes, data: bytes = DATA) -> bytes:
    text = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(text)) + text + data


def parse(file: bytes, name: str = "m.safetensors") -> tuple[list[Any], dict[str, str]]:
    size = _core.safetensors_head_size(file[:8], len(file), name)
    return _core.parse_safetensors(file[:size], len(file), name)


def judged_by_library(file: bytes) -> list[Any] | None:
    """Names, dtypes, shapes and data, sorted; None where it refuses."""
    try:
        tensors = deserialize(file)
    except SafetensorError:
        return None
    return sorted((name, tensor["dtype"], tuple(tensor["shape"]), bytes(tensor["data"])) for name, tensor in tensors)


def judged_here(file: bytes) -> list[Any] | str | None:
    """The same; a name of a dtype that is known, and not decoded."""
    try:
        tensors, _ = parse(file)
    except gs.UnsupportedTypeError as error:
        return str(error)
    except gs.GGUFError:
        return None
    return sorted((name, dtype, shape, file[begin:end]) for name, dtype, shape, begin, end in tensors)


def assert_judged_alike(file: bytes) -> bool:
    """Whether it is accepted."""
    expected, found = judged_by_library(file), judged_here(file)
    if isinstance(found, str):
        assert expected is not None, file
        assert "cannot be decoded" in found
    else:
        assert found == expected, file
    return expected is not None


def written(shape: list[int], dtype: str = "F32", begin: int = 0, end: int = 4, more: str = "") -> str:
    return json.dumps({"w": {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}}) + more


GOOD: dict[str, tuple[str | bytes, bytes]] = {
    "one tensor": (ONE, DATA),
    "no tensor": ("{}", b""),
    "metadata": ('{"__metadata__":{"format":"pt","a":""},' + ONE[1:], DATA),
    "metadata null": ('{"__metadata__":null,' + ONE[1:], DATA),
    "metadata key twice": ('{"__metadata__":{"a":"b","a":"c"},' + ONE[1:], DATA),
    "escaped metadata": ('{"__meta\\u0064ata__":{"a":"b"},' + ONE[1:], DATA),
    "padding": (ONE + " \n\r\t  ", DATA),
    "whitespace before": (" \t\n\r" + ONE, DATA),
    "whitespace between": (ONE.replace(":", " : ").replace(",", "\n,\t"), DATA),
    "name twice": ('{"w":{' + FIELDS.replace("F32", "I32") + "}," + ONE[1:], DATA),
    "empty name": (ONE.replace('"w"', '""'), DATA),
    "escapes": (ONE.replace('"w"', r'"\u00e9\"\\\/\b\f\n\r\t\ud83d\ude00\u0000"'), DATA),
    "unicode": (ONE.replace('"w"', '"тензор 🙂"'), DATA),
    "unknown field": ('{"w":{"x":[{"a":[1.5e3,-0,true,null,{}]},[],"\\n"],' + FIELDS + "}}", DATA),
    "unknown field twice": ('{"w":{"x":1,"x":2,' + FIELDS + "}}", DATA),
    "tiny number": ('{"w":{"x":1e-999,' + FIELDS + "}}", DATA),
    "large number": ('{"w":{"x":1.7976931348623157e308,"y":0e999,"z":0.001e310,' + FIELDS + "}}", DATA),
    "many digits": ('{"w":{"x":' + "9" * 300 + "," + FIELDS + "}}", DATA),
    "nested 125 deep": ('{"w":{"x":' + "[" * 125 + "]" * 125 + "," + FIELDS + "}}", DATA),
    "scalar": (written([]), DATA),
    "no elements": (written([0, 2**62, 2**62], end=0), b""),
    "any order": ('{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},'
                  '"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}', b"\1\2"),
    "empty between": ('{"b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},'
                      '"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]},'
                      '"c":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}}', b"\1\2"),
    "many dimensions": (written([1] * 40), DATA),
}  # fmt: skip
BAD: dict[str, tuple[str | bytes, bytes]] = {
    "no header": ("", b""),
    "an array": ("[]", b""),
    "a string": ('"w"', b""),
    "end of object missing": (ONE[:-1], DATA),
    "comma at the end": (ONE[:-1] + ",}", DATA),
    "comma before": ("{," + ONE[1:], DATA),
    "text behind": (ONE + "x", DATA),
    "a second object": (ONE + "{}", DATA),
    "NUL behind": (ONE + "\0", DATA),
    "byte order mark": ("\ufeff" + ONE, DATA),
    "single quotes": (ONE.replace('"', "'"), DATA),
    "comment": (ONE[:-1] + "/**/}", DATA),
    "not UTF-8": (ONE.encode().replace(b'"w"', b'"\xc3("'), DATA),
    "surrogate in UTF-8": (ONE.encode().replace(b'"w"', b'"\xed\xa0\x80"'), DATA),
    "control character": (ONE.replace('"w"', '"a\nb"'), DATA),
    "unknown escape": (ONE.replace('"w"', r'"\x41"'), DATA),
    "half a pair": (ONE.replace('"w"', r'"\ud83d"'), DATA),
    "half a pair, then a letter": (ONE.replace('"w"', r'"\ud83dx"'), DATA),
    "a pair of leading halves": (ONE.replace('"w"', r'"\ud83d\ud83d"'), DATA),
    "second half alone": (ONE.replace('"w"', r'"\ude00"'), DATA),
    "escape cut short": (ONE.replace('"w"', r'"\u00e"'), DATA),
    "escape with a sign": (ONE.replace('"w"', r'"\u+0e9"'), DATA),
    "metadata twice": ('{"__metadata__":{},"__metadata__":{},' + ONE[1:], DATA),
    "metadata of numbers": ('{"__metadata__":{"a":1},' + ONE[1:], DATA),
    "metadata of null": ('{"__metadata__":{"a":null},' + ONE[1:], DATA),
    "metadata array": ('{"__metadata__":[],' + ONE[1:], DATA),
    "tensor null": ('{"w":null}', b""),
    "tensor array": ('{"w":["F32",[1]]}', DATA),
    "field twice": ('{"w":{"dtype":"F32",' + FIELDS + "}}", DATA),
    "no dtype": ('{"w":{"shape":[1],"data_offsets":[0,4]}}', DATA),
    "no shape": ('{"w":{"dtype":"F32","data_offsets":[0,4]}}', DATA),
    "no data_offsets": ('{"w":{"dtype":"F32","shape":[1]}}', DATA),
    "first of a name malformed": ('{"w":{"dtype":"F32"},' + ONE[1:], DATA),
    "unknown dtype": (written([1], "Q4_0"), DATA),
    "dtype in lower case": (written([1], "f32"), DATA),
    "dtype a number": ('{"w":{"dtype":13,"shape":[1],"data_offsets":[0,4]}}', DATA),
    "negative": (written([-1]), DATA),
    "negative zero": (ONE.replace("[0,4]", "[-0,4]"), DATA),
    "fraction": (ONE.replace("[1]", "[1.0]"), DATA),
    "exponent": (ONE.replace("[1]", "[1e0]"), DATA),
    "leading zero": (ONE.replace("[1]", "[01]"), DATA),
    "plus": (ONE.replace("[1]", "[+1]"), DATA),
    "hexadecimal": (ONE.replace("[1]", "[0x1]"), DATA),
    "point without digits": ('{"w":{"x":1.,' + FIELDS + "}}", DATA),
    "exponent without digits": ('{"w":{"x":1e+,' + FIELDS + "}}", DATA),
    "number beyond float64": ('{"w":{"x":1e309,' + FIELDS + "}}", DATA),
    "digits beyond float64": ('{"w":{"x":' + "9" * 310 + "," + FIELDS + "}}", DATA),
    "NaN": ('{"w":{"x":NaN,' + FIELDS + "}}", DATA),
    "beyond 64 bits": (written([2**64]), DATA),
    "nested 126 deep": ('{"w":{"x":' + "[" * 126 + "]" * 126 + "," + FIELDS + "}}", DATA),
    "nested without an end": ('{"w":{"x":' + "[" * 100_000, b""),
    "brackets crossed": ('{"w":{"x":[{]},' + FIELDS + "}}", DATA),
    "three offsets": (ONE.replace("[0,4]", "[0,4,4]"), DATA),
    "one offset": (ONE.replace("[0,4]", "[0]"), DATA),
    "product overflows": (written([2**62, 4, 0], end=0), b""),
    "bits overflow": (written([2**62], end=0), b""),
    "end before begin": (written([1], begin=4, end=0), DATA),
    "shape and offsets disagree": (written([2]), DATA),
    "bits that fill no byte": (written([1], "F4", end=0), b""),
    "gap at the start": (written([1], begin=1, end=5), b"\0" + DATA),
    "gap between": ('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                    '"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}', b"\0\0\0"),
    "overlap": ('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},'
                '"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}', b"\0\0\0"),
    "the same bytes twice": ('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                             '"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"\0"),
    "bytes behind": (ONE, DATA + b"\0"),
    "data cut off": (ONE, DATA[:3]),
}  # fmt: skip
STRICTER = {
    "fields as an array": '{"w":["F32",[1],[0,4]]}',
    "dtype as an object": '{"w":{"dtype":{"F32":null},"shape":[1],"data_offsets":[0,4]}}',
    "65 dimensions": written([1] * 65),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_the_library_accepts(name: str) -> None:
    assert assert_judged_alike(file_of(*GOOD[name]))


@pytest.mark.parametrize("name", BAD)
def test_what_the_library_refuses(name: str) -> None:
    file = file_of(*BAD[name])
    assert not assert_judged_alike(file)
    with pytest.raises(
        gs.GGUFError, match=r"^a\\x0ab: (header|data|metadata|tensor '.*'), byte \d+: [^\n]+$"
    ) as caught:
        parse(file, "a\nb")
    assert type(caught.value) is gs.GGUFError


@pytest.mark.parametrize("name", STRICTER)
def test_where_it_is_stricter_than_the_library(name: str) -> None:
    file = file_of(STRICTER[name])
    assert judged_by_library(file) is not None
    assert judged_here(file) is None
    assert assert_judged_alike(file_of(written([1] * 64)))


def test_tensors_are_bounded_in_number() -> None:
    tensor = '"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
    assert len(parse(file_of("{" + (2**18 * tensor)[:-1] + "}", b""))[0]) == 1
    with pytest.raises(gs.GGUFError, match="more than 262144 tensors"):
        parse(file_of("{" + ((2**18 + 1) * tensor)[:-1] + "}", b""))


@pytest.mark.parametrize("dtype", ["F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"])
def test_dtypes_that_are_known_and_not_decoded(dtype: str) -> None:
    bits = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64}.get(dtype, 8)
    file = file_of(written([8], dtype, end=bits), bytes(bits))
    assert judged_by_library(file) is not None
    with pytest.raises(gs.UnsupportedTypeError, match=f"^m: tensor 'w', byte 9: dtype {dtype} cannot be decoded$"):
        parse(file, "m")


def test_files_that_the_library_wrote() -> None:
    arrays = {
        f"layer.{dtype.name}": np.arange(6).reshape(2, 3).astype(dtype)
        for dtype in map(np.dtype, [*"?bBhHiIlLefd", bfloat16, float8_e4m3fn, float8_e5m2])
    }
    file = save(arrays, {"format": "np", "текст": "\n"})
    tensors, metadata = parse(file)
    assert metadata == {"format": "np", "текст": "\n"}
    decoded = {
        name: gs.dequantize(np.frombuffer(file[begin:end], np.uint8), dtype).reshape(shape)
        for name, dtype, shape, begin, end in tensors
    }
    assert decoded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert np.array_equal(decoded[name], array.astype(np.float32))
    assert [begin for *_, begin, _ in tensors] == sorted(begin for *_, begin, _ in tensors)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "header, byte 0: the file ends inside its length: 8 bytes needed, 0 there"),
        (b"\2\0\0\0\0\0\0", "header, byte 0: the file ends inside its length: 8 bytes needed, 7 there"),
        (struct.pack("<Q", 100_000_001) + b"{}", "header, byte 0: it claims 100000001 bytes, 100000000 are allowed"),
        (struct.pack("<Q", 2**64 - 1) + b"{}", "header, byte 0: it claims 18446744073709551615 bytes"),
        (struct.pack("<Q", 3) + b"{}", "header, byte 0: the file ends inside it: 3 bytes needed, 2 left"),
    ],
)
def test_lengths(file: bytes, message: str) -> None:
    assert judged_by_library(file) is None
    with pytest.raises(gs.GGUFError, match=f"^m: {message}"):
        parse(file, "m")


def test_names_that_are_not_utf8() -> None:
    """As the names of files may be, which Python has as surrogates."""
    assert parse(file_of(ONE), "m\udcff")[0][0][0] == "w"
    for file in (b"", file_of(ONE + "x")):
        with pytest.raises(gs.GGUFError, match=r"^m\\xff: header, byte"):
            parse(file, "m\udcff")


def test_a_head_that_is_too_short_is_the_callers_fault() -> None:
    file = file_of(ONE)
    for head in (b"", file[:7], file[:8], file[:-5]):
        with pytest.raises(ValueError, match="are needed") as caught:
            _core.parse_safetensors(head, len(file), "m")
        assert not isinstance(caught.value, gs.GGUFError)


TOKENS = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"true", b"0", b"1", b"-", b".", b"e", b"\\u0041",
          b"\\ud83d", b"\\ude00", b" ", b"\n", b"\0", b"\xff", b"18446744073709551616", b"1e309", b"F32", b"U8",
          b"F4", b"dtype", b"shape", b"data_offsets", b"__metadata__"]  # fmt: skip


def mutated(number: int) -> Iterator[bytes]:
    """Files that were sound, with one or two changes each."""
    chance = np.random.default_rng(number)
    sound = list(GOOD.values())
    for _ in range(1500):
        header, data = sound[chance.integers(len(sound))]
        text = bytearray(header.encode() if isinstance(header, str) else header)
        for _ in range(chance.integers(1, 3)):
            first, last = sorted(chance.integers(0, len(text) + 1, 2))
            if chance.random() < 0.8:
                last = min(first + int(chance.integers(0, 3)), len(text))
            token = TOKENS[chance.integers(len(TOKENS))]
            text[first:last] = token if chance.random() < 0.7 else text[chance.integers(len(text) + 1) :][:8]
        yield file_of(bytes(text), data[:1] if chance.random() < 0.05 else data)


@pytest.mark.parametrize("number", range(2))
def test_mutated_headers(number: int) -> None:
    accepted = [assert_judged_alike(file) for file in mutated(number)]
    assert 30 < sum(accepted) < len(accepted) - 300
