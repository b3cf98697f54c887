"""Models to be read from elsewhere: made quickly, and as large as their kind is."""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from support.gguf_writer import ARRAY, STRING, UINT32, Gguf, Key, Raw, Tensor
from support.model_files import write_model
from support.range_server import RangeServer, range_server

_LAYERS_8B, _WIDTH_8B, _INNER_8B = 32, 4096, 14336
_TOKENS_8B, _MERGES_8B = 128_256, 280_147
COMMIT = "c0ffee" + 34 * "0"
HUB_ETAG = f'"{64 * "a"}"'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RangeServer]:
    """A server of the files in the directory `served` of the test."""
    root = tmp_path / "served"
    root.mkdir()
    with range_server(root) as running:
        yield running


def write_layers(path: Path, *, layers: int = 12, width: int = 512, seed: int = 1) -> Path:
    """A model of 3 MB a layer, its tensors in the order of the file: large matrices between small vectors."""
    rng = np.random.default_rng(seed)
    tensors: dict[str, np.ndarray] = {"token_embd.weight": _normal(rng, 512, width)}
    for layer in range(layers):
        tensors[f"blk.{layer}.attn_norm.weight"] = _normal(rng, width)
        for role in ("attn_q", "attn_k", "ffn_down"):
            tensors[f"blk.{layer}.{role}.weight"] = _normal(rng, width, width)
    tensors["output_norm.weight"] = _normal(rng, width)
    return write_model(path, tensors, {"general.name": "layers", "llama.block_count": layers})


def _normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)


def write_8b_header(path: Path) -> Path:
    """A file of the size and with the header of an 8B model in Q4_K: 128 256 tokens with their merges; no weights."""
    keys = [
        Key("general.architecture", STRING, "llama"),
        Key("llama.block_count", UINT32, _LAYERS_8B),
        Key("tokenizer.ggml.tokens", ARRAY, _strings("token{:09}", _TOKENS_8B)),
        Key("tokenizer.ggml.merges", ARRAY, _strings("left{:07} right", _MERGES_8B)),
    ]
    tensors, end = [], 0
    for name, shape in _tensors_8b():
        tensors.append(Tensor(name, shape, int(gguf.GGMLQuantizationType.Q4_K), offset=end))
        end += math.prod(shape) // 256 * 144
    header = Gguf(keys, tensors).header()
    with path.open("wb") as file:
        file.write(header)
        file.truncate(-(-len(header) // 32) * 32 + end)
    return path


def _strings(form: str, count: int) -> Raw:
    """An array of strings of one length, numbered."""
    width = len(form.format(0))
    records = np.zeros(count, [("length", "<u8"), ("text", f"S{width}")])
    records["length"] = width
    records["text"] = [form.format(number) for number in range(count)]
    return Raw(struct.pack("<IQ", STRING, count) + records.tobytes())


def _tensors_8b() -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "token_embd.weight", (_TOKENS_8B, _WIDTH_8B)
    for layer in range(_LAYERS_8B):
        for role, rows in (("attn_q", _WIDTH_8B), ("attn_k", 1024), ("attn_v", 1024), ("attn_output", _WIDTH_8B)):
            yield f"blk.{layer}.{role}.weight", (rows, _WIDTH_8B)
        for role in ("ffn_gate", "ffn_up"):
            yield f"blk.{layer}.{role}.weight", (_INNER_8B, _WIDTH_8B)
        yield f"blk.{layer}.ffn_down.weight", (_WIDTH_8B, _INNER_8B)
    yield "output.weight", (_TOKENS_8B, _WIDTH_8B)


def write_ollama(root: Path, name: str, content: bytes, *, layers: list[dict[str, object]] | None = None) -> Path:
    """A model as Ollama keeps it below `root`; `name` is HOST/NAMESPACE/MODEL/TAG. Gives the blob."""
    digest = hashlib.sha256(content).hexdigest()
    blob = root / "blobs" / f"sha256-{digest}"
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    model = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}", "size": len(content)}
    other = {"mediaType": "application/vnd.ollama.image.template", "digest": f"sha256:{64 * '0'}", "size": 10}
    manifest = root / "manifests" / name
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [other, model] if layers is None else layers}))
    return blob


def serve_hub(server: RangeServer, repositories: dict[str, list[str]]) -> None:
    """Let a server answer as the hub does, for repositories of one organization, `org`, and files that it serves.

    Files are redirected to a signed location of another host, which gets no token.
    """

    def tree(handler: Any, match: re.Match[str], _request: object) -> None:
        files = repositories.get(match[1])
        if files is None:
            handler.plain(404, {"X-Error-Code": "RepoNotFound"})
            return
        listed = [
            {"type": "file", "path": path, "size": (server.root / path).stat().st_size, "oid": 40 * "1"}
            for path in files
        ]
        handler.plain(200, {"Content-Type": "application/json"}, json.dumps(listed).encode())

    def resolve(handler: Any, match: re.Match[str], _request: object) -> None:
        known, path = repositories.get(match[1]), server.root / match[3]
        if known is None or match[3] not in known:
            code = "RepoNotFound" if known is None else "EntryNotFound"
            handler.plain(404, {"X-Error-Code": code})
            return
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        about = {
            "X-Repo-Commit": COMMIT,
            "X-Linked-Size": str(path.stat().st_size),
            "X-Linked-ETag": HUB_ETAG,
            "ETag": HUB_ETAG,
            "Location": f"{elsewhere}/{match[3]}?signature=secret",
        }
        handler.plain(302, about)

    server.routes += [
        (r"/api/models/org/([\w-]+)/tree/([^/]+)", tree),
        (r"/org/([\w-]+)/resolve/([^/]+)/(.+)", resolve),
    ]
