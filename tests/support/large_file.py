"""A file that is larger than the head that is fetched of it, and what readers give of it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ggufscope import _core
from support.byte_readers import CountingReader
from support.gguf_writer import ARRAY, STRING, UINT8, Gguf, Key, Raw, Tensor

MEGABYTE = 2**20


def numbers(length: int, claimed: int | None = None) -> Key:
    """A key with an array of so many bytes."""
    head = UINT8.to_bytes(4, "little") + (length if claimed is None else claimed).to_bytes(8, "little")
    return Key("numbers", ARRAY, Raw(head + bytes(length)))


def large_model() -> Gguf:
    """Weights behind the first 4 MiB, of several chunks, some in three dimensions, one in another type."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (8192, 18), np.uint8)
    blocks[:, 0:2] = np.frombuffer(struct.pack("<e", 0.01), np.uint8)
    return Gguf(
        keys=[Key("general.architecture", STRING, "llama"), numbers(5 * MEGABYTE)],
        tensors=[
            Tensor("token_embd.weight", (2048, 1024), 0, rng.normal(size=2048 * 1024).astype("<f4").tobytes()),
            Tensor("blk.0.ffn_up_exps.weight", (4, 64, 512), 0, rng.normal(size=4 * 64 * 512).astype("<f4").tobytes()),
            Tensor("blk.0.attn_q.weight", (256, 1024), 2, blocks.tobytes()),
            Tensor("none", (0, 4), 0, b""),
        ],
    )


LARGE = large_model().build()


@pytest.fixture(scope="module")
def large_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("read") / "large.gguf"
    path.write_bytes(LARGE)
    return path


def large_reader(**options: Any) -> CountingReader:
    return CountingReader("hf://a/b/large.gguf", LARGE, **options)


def observe(model: _core.Model, threads: int = 4, **options: Any) -> list[_core.Part]:
    return _core.observe_model(model, range(len(model.tensors)), [0] * len(model.tensors), threads, **options)


def decoded(model: _core.Model, tensor: int, threads: int) -> bytes:
    out = np.empty(model.tensors[tensor].n_elements, np.float32)
    model.decode(tensor, 0, out, threads)
    return out.tobytes()
