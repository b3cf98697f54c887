"""The examples of docs/python.md run, in order, and say with what they were run."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

from support.documents import document

PAGE = document("docs/python.md")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
OF_TORCH = [block for block in BLOCKS if "torch." in block]


def run(blocks: list[str]) -> None:
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)  # noqa: S102  the document is ours


def test_the_examples_run() -> None:
    assert len(BLOCKS) == len(OF_TORCH) + 6
    run([block for block in BLOCKS if block not in OF_TORCH])


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed, as in CI: 200 MB for three examples")
def test_the_examples_of_torch_run() -> None:
    run([BLOCKS[0], *OF_TORCH])
