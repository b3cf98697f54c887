"""A small model for the tests of models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def small(write_gguf: Any, random_blocks: Any) -> Path:
    rng = np.random.default_rng(1)
    return write_gguf(
        {
            "token_embd.weight": rng.standard_normal((6, 8), np.float32),
            "blk.0.attn_q.weight": (random_blocks("Q8_0", 4, 64), "Q8_0"),
            "blk.0.ffn_gate_exps.weight": rng.standard_normal((3, 4, 8), np.float32).astype(np.float16),
            "blk.1.attn_norm.weight": np.ones(8, np.float32),
            "odd name": np.zeros((0, 8), np.float32),
        },
        {"general.name": "tiny", "general.file_type": 15, "a.list": ["x", "y", "z"], "a.numbers": [1, 2, 3],
         "a.float": 0.5, "a.flag": True},
    )  # fmt: skip
