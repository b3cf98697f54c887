"""A choice of types on a terminal: nothing of its tables is cut."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.console import Console

import ggufscope as gs
from ggufscope.terminal.bits import render_bits
from ggufscope.terminal.console import TerminalScreen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROLES = ("token_embd", "blk.0.attn_output", "blk.0.ffn_down", "blk.1.attn_output", "blk.1.ffn_down")


@pytest.mark.parametrize("width", [40, 80])
def test_tables_keep_within_the_terminal(write_gguf: Callable[..., Path], width: int) -> None:
    weights = {f"{role}.weight": np.random.default_rng(1).standard_normal((8, 64), np.float32) for role in ROLES}
    halves: dict[str, Any] = {name: each.astype(np.float16) for name, each in weights.items()}
    name = "a-model-with-a-long-name-that-fits-no-narrow-terminal.gguf"
    files = write_gguf(weights, name="f32.gguf"), write_gguf(weights, name=name), write_gguf(halves, name="f16.gguf")
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, color_system=None)
    render_bits(TerminalScreen(console), gs.bits(*files, budget="24bpw").document)
    tables, _, rest = file.getvalue().partition("\ncommand\n")
    assert rest
    assert not [line for line in tables.splitlines() if len(line) > width or "…" in line]
    folded = "".join(line[:22].strip() for line in tables.splitlines())
    assert all(role.split(".")[-1] in folded for role in ROLES)
