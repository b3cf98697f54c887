"""What small things cost: starting, one block."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import ggufscope
from ggufscope.bench import Task, make_sample

REPEATS = 1000


def python(code: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603


def test_import(measure: Any) -> None:
    limits = {"import numpy": python("import numpy"), "an empty Python": python("")}
    task = Task("", "import", python("import ggufscope"), limits, keeps_busy=False)
    measure(task, '`python -c "import ggufscope"`', rounds=15)


@pytest.mark.parametrize("name", ["Q4_K", "Q8_0", "F32"])
def test_summarize_one_block(measure: Any, name: str) -> None:
    blocks = make_sample(name, n_elements=1).first(1).blocks
    one = ggufscope.arrays.arguments.describe_type(name)["bytes_per_block"] if name != "F32" else 4 * 32
    block = blocks[:one].copy()

    def many() -> None:
        for _ in range(REPEATS):
            ggufscope.summarize(block, name)

    task = Task(name, "summarize", many)
    measure(task, f"`summarize` of {one} bytes of {name}", repeats=REPEATS)
