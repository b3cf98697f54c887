"""The table of an importance matrix on a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from ggufscope.models.importance import open_importance
from ggufscope.models.importance.description import describe
from ggufscope.models.selection import Selection
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.importance import DEFAULT_COLUMNS, render_importance_tensors
from support.importance_files import entry, write_importance

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [f"blk.{layer}.attn_output.weight" for layer in range(3)]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (40, ["name", "sum", "cosine"]),
        (80, ["name", "without_data", "sum", "active", "zd", "cosine"]),
        (200, list(DEFAULT_COLUMNS)),
    ],
)
def test_columns_give_way_and_names_stay_whole(tmp_path: Path, width: int, columns: list[str]) -> None:
    path = write_importance(tmp_path / "i.gguf", {name: entry(1, 64, seed) for seed, name in enumerate(NAMES)})
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, color_system=None)
    with open_importance(path) as importance:
        rows = describe(importance)["tensors"]
    render_importance_tensors(TerminalScreen(console), rows, Selection(), list(DEFAULT_COLUMNS))
    _, head, *lines = file.getvalue().splitlines()
    assert head.split() == columns
    rows, rest = lines[: len(NAMES)], " ".join(lines[len(NAMES) :])
    assert [line.split()[0] for line in rows] == NAMES
    assert not [line for line in lines if len(line) > width or "…" in line]
    left = [column for column in DEFAULT_COLUMNS if column not in columns]
    assert rest == (f"not shown at {width} columns: {', '.join(left)} · --json has all" if left else "")
