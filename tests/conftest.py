"""Fixtures for all tests: the instruction sets of this machine, real and made-up model files."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from ggufscope import _core

pytest_plugins = ["support.command_line", "support.real_models", "support.tiny_model", "support.small_study"]

STORIES = Path(__file__).parents[1].parent / "shared" / "models" / "stories260K.gguf"


@pytest.fixture(scope="session")
def stories260k() -> Path:
    """A real trained model of 292 800 weights."""
    if not STORIES.is_file():
        pytest.skip("../shared/models/stories260K.gguf is not there")
    return STORIES


@pytest.fixture(params=_core.available_isas())
def isa(request: pytest.FixtureRequest) -> str:
    """Each instruction set that this machine can run."""
    return str(request.param)


WriteGguf = Callable[..., Path]


@pytest.fixture
def write_gguf(tmp_path: Path) -> WriteGguf:
    """A function that writes a model file with the gguf package and gives its path.

    Its arguments: `tensors`, name → NumPy array, or (blocks as uint8 of shape (…, bytes), type name);
    `metadata`, key → bool, int (uint32), float (float32), str, bytes (array of uint8), list or NumPy array; `name` of
    the file; `architecture`, None for a file that names none; `endianess`.
    """

    def write(
        tensors: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        name: str = "model.gguf",
        architecture: str | None = "llama",
        endianess: gguf.GGUFEndian = gguf.GGUFEndian.LITTLE,
    ) -> Path:
        path = tmp_path / name
        writer = gguf.GGUFWriter(path, architecture or "", endianess=endianess)
        if architecture is None:
            writer.kv_data[0].pop("general.architecture", None)
        for key, value in (metadata or {}).items():
            _add_value(writer, key, value)
        for tensor, data in (tensors or {}).items():
            if isinstance(data, tuple):
                writer.add_tensor(tensor, data[0], raw_dtype=gguf.GGMLQuantizationType[data[1]])
            else:
                writer.add_tensor(tensor, np.asarray(data))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write


def _add_value(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        (writer.add_uint32 if 0 <= value < 1 << 32 else writer.add_int64)(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    elif max((abs(part) for part in value if isinstance(part, int)), default=0) >= 1 << 31:
        writer.add_key_value(key, list(value), gguf.GGUFValueType.ARRAY, sub_type=gguf.GGUFValueType.INT64)
    else:
        writer.add_array(key, value if isinstance(value, bytes) else list(value))


AsNobody = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def as_nobody() -> AsNobody:
    """A context in which this process has the rights of an ordinary user, whom file permissions bind, unlike root."""

    @contextlib.contextmanager
    def give_up_rights() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            yield
        finally:
            os.seteuid(0)

    return give_up_rights


RandomBlocks = Callable[..., np.ndarray]


@pytest.fixture
def random_blocks() -> RandomBlocks:
    """A function that gives random bytes of `rows` × `columns` weights of a type, shape (rows, bytes)."""

    def make(type_name: str, rows: int, columns: int, seed: int = 0) -> np.ndarray:
        description = next(d for d in _core.types() if d["name"] == type_name)
        n_bytes = columns // description["elements_per_block"] * description["bytes_per_block"]
        return np.random.default_rng(seed).integers(0, 256, (rows, n_bytes), np.uint8)

    return make
