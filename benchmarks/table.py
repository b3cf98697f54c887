"""Print saved benchmark results as a table: `python benchmarks/table.py saved.json [part of a name]`."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def row(entry: dict[str, Any]) -> tuple[str, ...]:
    """Name, median time, rates, and the time as a multiple of reading the same bytes in the same rounds."""
    seconds, info = entry["stats"]["median"], entry["extra_info"]
    parameters, n_bytes, reads = info.get("parameters"), info.get("bytes"), info.get("read_seconds")
    return (
        entry["name"].removeprefix("test_"),
        f"{seconds * 1e3:.2f}" if seconds < 1 else f"{seconds * 1e3:.0f}",
        f"{parameters / seconds / 1e9:.3g}" if parameters else "",
        f"{n_bytes / seconds / 1e9:.3g}" if n_bytes else "",
        f"{seconds / statistics.median(reads):.1f}" if reads else "",
    )


def main(path: str, part: str = "") -> None:
    saved = json.loads(Path(path).read_text())
    machine = saved["machine_info"]
    table = Table(box=None, pad_edge=False, title=f"{machine['cpu']['brand_raw']}, {saved['datetime'][:10]}")
    table.add_column("benchmark", no_wrap=True)
    for column in ("ms", "Gparam/s", "GB/s", "x reading"):
        table.add_column(column, justify="right")
    for entry in saved["benchmarks"]:
        if part in entry["name"]:
            table.add_row(*row(entry))
    console = Console(markup=False)  # names have brackets
    if not console.is_terminal:
        console.width = 120
    console.print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
