"""Edits of model files that their identity does not tell, and the hashes that do."""

from __future__ import annotations

import hashlib
from pathlib import Path

import ggufscope as gs


def sha256(path: str | Path) -> str:
    return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


def edit_outside_samples(path: Path) -> None:
    """Change one byte of the largest tensor that `identity` does not look at."""
    with gs.open(path) as model:
        tensor = max(model.tensors.values(), key=lambda each: each.n_bytes)
        assert tensor.n_bytes > 4 * 4096
        start = model.core().tensors[tensor.index].offset
        before = model.identity
    with path.open("r+b") as file:
        file.seek(start + 4096 + 100)
        byte = file.read(1)
        file.seek(start + 4096 + 100)
        file.write(bytes([byte[0] ^ 1]))
    with gs.open(path) as model:
        assert model.identity == before
