"""Every file a reader must refuse: the error, its class, and that it says where."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from ggufscope import _core
from support.gguf_writer import (
    Raw,
    Tensor,
    small_model,
)
from support.hostile_files.foreign import FOREIGN
from support.hostile_files.headers import HEADERS
from support.hostile_files.metadata import METADATA
from support.hostile_files.parts import F32, key, tensor, tensors
from support.hostile_files.tensor_tables import DIMENSIONS, NAMES, PLACES

DISTURBING = ("Cc", "Cf", "Zl", "Zp")
TYPES = {type_["name"]: type_ for type_ in _core.types()}


VALID = small_model().build()
REFUSED = {
    name: file for group in (FOREIGN, HEADERS, METADATA, NAMES, DIMENSIONS, PLACES) for name, file in group.items()
}

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
    file = REFUSED[name]
    error = refusal(tmp_path / "m.gguf", file.build())
    assert type(error) is _core.GGUFError
    assert file.refusal is not None
    assert file.refusal in str(error)


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
