"""The real model of the tests, stories260K, as a `Network`, and texts that it wrote.

`PYTHONPATH=tests python -m support.stories MODEL` writes the texts anew, with the defaults of its authors' program:
temperature 1, top-p 0.9. They are kept because other rounding somewhere would make other texts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gguf
import numpy as np

from support.forward import Floats, Ints, Network, logits, run

TEXTS = Path(__file__).with_name("stories260K-texts.json")
LENGTH = 200


def network(path: Path) -> Network:
    """The weights, read with the gguf package."""
    reader = gguf.GGUFReader(path)
    tensors = {
        tensor.name.removesuffix(".weight"): np.asarray(tensor.data, np.float64).reshape(
            [int(extent) for extent in reversed(tensor.shape)]
        )
        for tensor in reader.tensors
    }
    return Network(tensors, layers=5, heads=8, kv_heads=4, key_length=8)


def texts() -> Ints:
    """Token numbers, (3, 200)."""
    return np.array(json.loads(TEXTS.read_text(encoding="utf-8")))


def write(model: Network, seed: int, length: int = LENGTH) -> list[int]:
    chance = np.random.default_rng(seed)
    tokens = [1]
    while len(tokens) < length:
        residual = run(model, np.array([tokens]))[-1]["residual"]
        tokens.append(int(chance.choice(512, p=nucleus(logits(model, residual)[0, -1]))))
    return tokens


def nucleus(scores: Floats, top: float = 0.9) -> Floats:
    """Probabilities of the likeliest tokens that together exceed `top`."""
    p = np.exp(scores - scores.max())
    p /= p.sum()
    order = np.argsort(-p)
    kept = order[: int(np.searchsorted(np.cumsum(p[order]), top)) + 1]
    chosen = np.zeros_like(p)
    chosen[kept] = p[kept] / p[kept].sum()
    return chosen


if __name__ == "__main__":
    model = network(Path(sys.argv[1]))
    TEXTS.write_text(json.dumps([write(model, seed) for seed in range(3)]) + "\n", encoding="utf-8")
