"""Every file a reader must refuse: the error, its class, and that it says where."""

from __future__ import annotations

import os
import re
import struct
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from ggufscope import _core
from support.gguf_writer import (
    ARRAY,
    BOOL,
    FLOAT32,
    INT32,
    STRING,
    UINT8,
    UINT32,
    UINT64,
    Array,
    Gguf,
    Key,
    Raw,
    Tensor,
    alignment_key,
    small_model,
)

F32, Q4_0 = 0, 2
DISTURBING = ("Cc", "Cf", "Zl", "Zp")
TYPES = {type_["name"]: type_ for type_ in _core.types()}


def key(name: str | bytes, kind: int = UINT8, value: object = 1, name_length: int | None = None) -> bytes:
    return Gguf(keys=[Key(name, kind, value, name_length)]).build()


def array(element: int, length: int, payload: bytes = b"") -> bytes:
    return key("k", ARRAY, Raw(struct.pack("<IQ", element, length) + payload))


def nested(depth: int) -> bytes:
    value = Array(UINT8, [1])
    for _ in range(depth):
        value = Array(ARRAY, [value])
    return key("k", ARRAY, value)


def tensor(
    shape: tuple[int, ...] = (1,),
    kind: int = F32,
    data: bytes = bytes(4),
    name: str | bytes = "t",
    offset: int | None = None,
    n_dims: int | None = None,
) -> bytes:
    return Gguf(tensors=[Tensor(name, shape, kind, data, offset, n_dims)]).build()


def tensors(*rows: Tensor, alignment: int = 32) -> bytes:
    return Gguf(tensors=list(rows), alignment=alignment, keys=[alignment_key(alignment)]).build()


def aligned(value: object, kind: int = UINT32) -> bytes:
    return Gguf(keys=[alignment_key(value, kind)], tensors=[Tensor("t", (1,), F32, bytes(4))]).build()  # type: ignore[arg-type]


def empty(n: int) -> list[Tensor]:
    return [Tensor(f"t{i}", (0,)) for i in range(n)]


VALID = small_model().build()
ONE = tensor()
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4920734176\n"

REFUSED = {
    # not GGUF at all
    "empty file": (b"", "the file is empty"),
    "two letters": (b"GG", "ends after 2 bytes"),
    "magic only": (b"GGUF", "header, byte 4: the file ends inside the version"),
    "bad magic": (b"GGUX" + VALID[4:], "starts with 'GGUX' instead of 'GGUF'"),
    "control characters": (b"\x1b[2J" + bytes(60), r"starts with '\x1b[2J' instead"),
    "web page": (b"\n <!DOCTYPE html><html><body>404</body></html>", "a web page (HTML)"),
    "web page with a mark": (b"\xef\xbb\xbf<HTML>", "a web page (HTML)"),
    "server error": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML text"),
    "JSON": (b'{"error":"Invalid username or password."}', "JSON text"),
    "LFS pointer": (LFS, "a Git LFS pointer, not the model itself (4920734176 bytes); fetch that with 'git lfs pull'"),
    "LFS pointer, cut": (LFS[:30], "a Git LFS pointer, not the model itself; fetch"),
    "GGML": (struct.pack("<I", 0x67676D6C) + bytes(60), "a GGML file from before GGUF"),
    "GGMF": (struct.pack("<I", 0x67676D66) + bytes(60), "a GGMF file from before GGUF"),
    "GGJT": (struct.pack("<I", 0x67676A74) + bytes(60), "a GGJT file from before GGUF"),
    "GGLA": (struct.pack("<I", 0x67676C61) + bytes(60), "a GGLA adapter from before GGUF"),
    "ZIP": (b"PK\x03\x04" + bytes(60), "a ZIP archive, such as a PyTorch checkpoint"),
    "pickle": (b"\x80\x02}q\x00." + bytes(60), "a Python pickle"),
    "safetensors": (struct.pack("<Q", 20) + b'{"__metadata__":{}}  ' + bytes(8), "safetensors"),
    "gzip": (b"\x1f\x8b\x08" + bytes(60), "compressed (gzip)"),
    "zeros": (bytes(5000), "its first 4096 bytes are zeros"),
    # header
    "version 0": (b"GGUF" + struct.pack("<IQQ", 0, 0, 0), "byte 4: GGUF v0 is not supported"),
    "version 1": (b"GGUF" + struct.pack("<III", 1, 0, 0), "byte 4: GGUF v1 is not supported"),
    "version 1, big-endian": (b"GGUF" + struct.pack(">III", 1, 0, 0), "byte 4: GGUF v1 is not supported"),
    "version 4": (b"GGUF" + struct.pack("<IQQ", 4, 0, 0), "byte 4: GGUF v4 is not supported"),
    "version of a million": (b"GGUF" + struct.pack("<IQQ", 1_000_000, 0, 0), "GGUF v1000000 is not supported"),
    "header cut": (ONE[:12], "header, byte 8: the file ends inside the header: 8 bytes needed, 4 left"),
    "negative tensor count": (Gguf(n_tensors=2**64 - 1).build(), "claims 18446744073709551615 tensors"),
    "tensor count beyond the file": (
        Gguf(tensors=empty(1), n_tensors=3).build(),
        "claims 3 tensors, the 40 bytes left",
    ),
    "negative key count": (Gguf(n_keys=2**63).build(), "claims 9223372036854775808 keys"),
    "key count beyond the file": (
        Gguf(keys=[Key("k", UINT8, 1)], n_keys=3).build(), "claims 3 keys, the 14 bytes left hold 1"
    ),
    # keys
    "key beyond the file": (key("k" * 40, name_length=4000), "metadata, byte 32: the file ends inside a key"),
    "key of 2^63 bytes": (key("k" * 20, name_length=2**63), "byte 24: key of 9223372036854775808 bytes"),
    "key of 65 536 bytes": (key("k" * 65536), "byte 24: key of 65536 bytes"),
    "empty key": (key("", UINT64), "byte 24: empty key"),
    "duplicate key": (
        Gguf(keys=[Key("a", UINT8, 1), Key("b", UINT8, 1), Key("a", STRING, "x")]).build(),
        "key 'a', byte 65: the key occurs twice",
    ),
    "key not UTF-8": (key(b"a\xff"), r"byte 24: key 'a\xff' is not valid UTF-8"),
    "overlong UTF-8": (key(b"\xc0\xaf"), "is not valid UTF-8"),
    "surrogate in UTF-8": (key(b"\xed\xa0\x80"), "is not valid UTF-8"),
    "beyond Unicode": (key(b"\xf4\x90\x80\x80"), "is not valid UTF-8"),
    "unknown value type": (key("k", 13, Raw(bytes(8))), "key 'k', byte 33: unknown value type 13"),
    "unknown element type": (array(99, 0), "key 'k', byte 37: unknown value type 99"),
    "array of arrays nested without bound": (nested(8), "key 'k', byte 133: arrays nested deeper than 8"),
    "array of 2^63 bytes": (array(UINT8, 2**63), "key 'k', byte 41: array of 9223372036854775808 elements"),
    "array of 2^61 doubles, wrapping to 0": (array(12, 2**61), "array of 2305843009213693952 elements (float64)"),
    "array of 2^61 + 1 strings": (array(STRING, 2**61 + 1, bytes(8)), "elements (string)"),
    "array of 2^62 arrays": (array(ARRAY, 2**62, bytes(12)), "elements (array)"),
    "array one byte short": (array(UINT32, 2, bytes(7)), "array of 2 elements (uint32) in a file with 7 bytes left"),
    "strings one byte short": (array(STRING, 2, struct.pack("<Q", 8) + bytes(15)), "inside an array of strings"),
    "string longer than the file": (key("k", STRING, Raw(struct.pack("<Q", 2**63))), "key 'k', byte 45: the file ends"),
    "value cut": (key("k", UINT64, Raw(bytes(7))), "key 'k', byte 37: the file ends inside a value"),
    # alignment
    "alignment 0": (aligned(0), "key 'general.alignment', byte 57: alignment 0 is not a power of two"),
    "alignment 48": (aligned(48), "alignment 48 is not a power of two"),
    "alignment 2^31": (aligned(2**31), "alignment 2147483648 is absurd"),
    "alignment as uint64": (aligned(32, UINT64), "the alignment must be uint32, not uint64"),
    "alignment as int32": (aligned(32, INT32), "the alignment must be uint32, not int32"),
    "alignment as bool": (aligned(True, BOOL), "the alignment must be uint32, not bool"),
    "alignment as text": (aligned("32", STRING), "the alignment must be uint32, not string"),
    "alignment as array": (aligned(Array(UINT32, [32]), ARRAY), "the alignment must be uint32, not array[uint32]"),
    # tensor table
    "name of 1025 bytes": (
        tensor(name="name." * 205), "tensor table, byte 24: name of 1025 bytes, 1024 are allowed: 'name.name."
    ),
    "name of 2^63 bytes": (ONE[:24] + struct.pack("<Q", 2**63) + ONE[32:], "name of 9223372036854775808 bytes"),
    "name not UTF-8": (tensor(name=b"\xe9"), r"name '\xe9' is not valid UTF-8"),
    "duplicate tensor": (tensors(*[Tensor("t", (1,), F32, bytes(4))] * 2), "'t', byte 160: the name occurs twice"),
    "duplicate empty names": (Gguf(tensors=[Tensor("", (0,)), Tensor("", (0,))]).build(), "the name occurs twice"),
    "9 dimensions": (tensor((1,) * 9), "tensor 't', byte 33: 9 dimensions, 8 are allowed"),
    "2^32 - 1 dimensions": (tensor(n_dims=2**32 - 1), "4294967295 dimensions"),
    "negative dimension": (tensor((-1,)), "tensor 't', byte 33: negative dimension"),
    "negative dimension beside zero": (tensor((0, -64)), "negative dimension"),
    "elements wrapping to 0": (tensor((2**32, 2**32)), "does not fit into 64 bits"),
    "elements wrapping to 64": (tensor((2**58 + 1, 64)), "does not fit into 64 bits"),
    "elements wrapping to 0, eight dimensions": (tensor((256,) * 8), "does not fit into 64 bits"),
    "elements of 2^63": (tensor((2**31, 2**32)), "does not fit into 64 bits"),
    "bytes wrapping": (tensor((2**62,)), "does not fit into 64 bits"),
    "bytes wrapping, blocks": (tensor((2**58, 32), TYPES["Q4_0"]["id"]), "does not fit into 64 bits"),
    "bytes of 2^60 float64": (tensor((2**60 + 1, 0)), "does not fit into 64 bits"),
    "overflow hidden by zero": (tensor((2**40, 0, 2**40)), "does not fit into 64 bits"),
    "rows not in whole blocks": (tensor((2, 48), Q4_0, bytes(54)), "rows of 48 elements are not whole blocks of Q4_0"),
    "scalar of blocks": (tensor((), Q4_0, bytes(18)), "rows of 1 elements are not whole blocks of Q4_0"),
    "unaligned offset": (tensor(offset=4), "data offset 4 is not a multiple of the alignment 32"),
    "offset beyond the file": (tensor(data=b"", offset=2**40), "tensor 't', byte 1099511627840: its 4 bytes lie"),
    "offset wrapping": (tensor(data=b"", offset=2**64 - 32), "its 4 bytes lie beyond the end of the file at 64"),
    "offset of an empty tensor": (tensor((0,), data=b"", offset=2**40), "its 0 bytes lie beyond"),
    "running sum overflowing": (
        tensors(*(Tensor(f"t{i}", (2**60 - 16,), F32, offset=0) for i in range(5))), "lie beyond the end of the file"
    ),
    "data one byte short": (tensor((16,), data=bytes(64))[:-1], "1 bytes are missing"),
    "no data at all": (Gguf(tensors=[Tensor("t", (1,), F32, bytes(4))]).header(), "incomplete download"),
    "overlap": (
        tensors(Tensor("a", (16,), F32, bytes(64)), Tensor("b", (8,), F32, bytes(32), offset=32)),
        "tensor 'a', byte 128: overlaps tensor 'b' at byte 160",
    ),
    "overlap, other order": (
        tensors(Tensor("b", (8,), F32, bytes(32), offset=32), Tensor("a", (16,), F32, bytes(64), offset=0)),
        "tensor 'a', byte 128: overlaps tensor 'b'",
    ),
    "same place": (
        tensors(Tensor("a", (8,), F32, bytes(32)), Tensor("b", (8,), F32, bytes(32), offset=0)), "overlaps tensor"
    ),
    "overlap by one byte": (
        tensors(Tensor("a", (2,), F32, bytes(8)), Tensor("b", (1,), F32, bytes(4), offset=7), alignment=1),
        "overlaps tensor 'b'",
    ),
    "unknown type": (tensor(kind=77), "tensor 't', byte 45: type 77 (unknown): the file is damaged or newer"),
    "type 2^32 - 1": (tensor(kind=2**32 - 1), "type 4294967295 (unknown)"),
}  # fmt: skip

UNSUPPORTED = {
    4: "4 (Q4_2, removed from ggml)",
    5: "5 (Q4_3, removed from ggml)",
    31: "31 (Q4_0_4_4, removed from ggml)",
    32: "32 (Q4_0_4_8, removed from ggml)",
    33: "33 (Q4_0_8_8, removed from ggml)",
    36: "36 (IQ4_NL_4_4, removed from ggml, or I2_S of BitNet forks)",
    37: "37 (IQ4_NL_4_8, removed from ggml)",
    38: "38 (IQ4_NL_8_8, removed from ggml)",
    97: "97 (Q8_0_X4, a type of ik_llama.cpp)",
    133: "133 (Q6_0, a type of ik_llama.cpp)",
    139: "139 (IQ4_K, a type of ik_llama.cpp)",
    158: "158 (IQ1_KT, a type of ik_llama.cpp)",
    202: "202 (Q4_0_R8, a type of ik_llama.cpp)",
    300: "300 (a type of ik_llama.cpp)",
    399: "399 (Q8_K_R8, a type of ik_llama.cpp)",
}


def refusal(path: Path, content: bytes) -> _core.GGUFError:
    path.write_bytes(content)
    with pytest.raises(_core.GGUFError) as caught:
        _core.Model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert not any(unicodedata.category(character) in DISTURBING for character in message)
    return caught.value


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path: Path, name: str) -> None:
    content, expected = REFUSED[name]
    error = refusal(tmp_path / "m.gguf", content)
    assert type(error) is _core.GGUFError
    assert expected in str(error)


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_types_of_others(tmp_path: Path, kind: int) -> None:
    error = refusal(tmp_path / "m.gguf", tensor((256,), kind, bytes(512)))
    assert type(error) is _core.UnsupportedTypeError
    assert f"tensor 't', byte 45: type {UNSUPPORTED[kind]} cannot be decoded" in str(error)


def test_error_classes() -> None:
    assert issubclass(_core.GGUFError, ValueError)
    assert issubclass(_core.UnsupportedTypeError, _core.GGUFError)


@pytest.mark.parametrize("name", ["NVFP4", "Q1_0", "Q2_0"])
@pytest.mark.parametrize("other_size", [0.5, 2])
def test_ids_that_forks_reuse(tmp_path: Path, name: str, other_size: float) -> None:
    # Two tensors whose blocks have another size than ggml's: smaller ones overlap, larger ones leave gaps.
    type_ = TYPES[name]
    shape = (64, type_["elements_per_block"])
    data = bytes(int(64 * type_["bytes_per_block"] * other_size))
    rows = [Tensor("a", shape, type_["id"], data), Tensor("b", shape, type_["id"], data)]
    message = str(refusal(tmp_path / "m.gguf", tensors(*rows)))
    assert f"some forks of ggml use type {name}, id {type_['id']}, for another layout" in message
    good = bytes(64 * type_["bytes_per_block"])
    rows = [Tensor("a", shape, type_["id"], good), Tensor("b", shape, type_["id"], good)]
    (tmp_path / "m.gguf").write_bytes(tensors(*rows))
    assert len(_core.Model(tmp_path / "m.gguf").tensors) == 2


def test_truncated_download_says_how_much_is_missing(tmp_path: Path) -> None:
    rows = [Tensor(f"blk.{i}.weight", (8, 8), F32, bytes(256)) for i in range(4)]
    whole = tensors(*rows)
    message = str(refusal(tmp_path / "m.gguf", whole[:-300]))
    assert "tensor 'blk.2.weight'" in message
    assert f"the file has {len(whole) - 300} bytes, its tensors need {len(whole)}; 300 bytes are missing" in message


def test_text_from_the_file_is_escaped(tmp_path: Path) -> None:
    name = "\x1b[31m\n\u202e\u2028\x85<b>é"
    message = str(refusal(tmp_path / "m.gguf", tensor(name=name, kind=77)))
    assert r"tensor '\x1b[31m\x0a\u202e\u2028\x85<b>é'" in message


def test_every_character_in_a_message(tmp_path: Path) -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    harmless = [c for c in characters if unicodedata.category(c) not in (*DISTURBING, "Cn")]
    assert len(harmless) > 100_000
    for first in range(0, len(characters), 200):
        refusal(tmp_path / "m.gguf", key("".join(characters[first : first + 200]), 13, Raw(bytes(8))))
    for first in range(0, len(harmless), 200):
        text = "".join(harmless[first : first + 200])
        assert f"key '{text}'" in str(refusal(tmp_path / "m.gguf", key(text, 13, Raw(bytes(8)))))


def test_path_is_escaped(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/a\n\xff.gguf"
    with open(path, "wb") as file:
        file.write(b"x")
    with pytest.raises(_core.GGUFError, match=re.escape(r"/a\x0a\xff.gguf: not a GGUF file")):
        _core.Model(path)


def test_long_names_are_cut(tmp_path: Path) -> None:
    assert len(str(refusal(tmp_path / "m.gguf", key("k" * 60000, 13, Raw(bytes(8)))))) < 2000


def test_file_system_errors(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as directory:
        _core.Model(tmp_path)
    assert directory.value.filename == str(tmp_path)
    with pytest.raises(FileNotFoundError) as missing:
        _core.Model(tmp_path / "no\udcff.gguf")
    assert missing.value.filename == str(tmp_path / "no\udcff.gguf")
    (tmp_path / "f").write_bytes(b"x")
    with pytest.raises(NotADirectoryError):
        _core.Model(tmp_path / "f" / "m.gguf")
    os.mkfifo(tmp_path / "pipe")
    for special in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(_core.GGUFError, match="not a regular file"):
            _core.Model(special)
    with pytest.raises(TypeError):
        _core.Model(3.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="null"):
        _core.Model("a\0b")


def test_unreadable_file(tmp_path: Path, as_nobody: Any) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(VALID)
    path.chmod(0)
    with as_nobody(), pytest.raises(PermissionError) as caught:
        _core.Model(path)
    assert caught.value.filename == str(path)


def test_wrong_float_count_is_not_an_alignment(tmp_path: Path) -> None:
    assert "not float32" in str(refusal(tmp_path / "m.gguf", aligned(32.0, FLOAT32)))
