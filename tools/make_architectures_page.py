"""Measure how closely the streamed engine agrees with llama.cpp, by architecture, and write the page of it.

Run by hand, with ggufscope and its extra `runtime` installed:

    python tools/make_architectures_page.py

It writes docs/architectures.md: the table of the architectures in `FAMILIES`, what their tiny models in
tests/support/architectures are made of, and the largest differences. It takes a minute.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import gguf

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from ggufscope.architecture.families import FAMILIES  # noqa: E402
from ggufscope.runtime.engines.llama_cpp.library import VERSION  # noqa: E402
from support.architectures import SPECIMENS  # noqa: E402
from support.architectures.comparison import compare  # noqa: E402
from support.architectures.page import Measured, document, names_of, row, shown  # noqa: E402
from support.model_files import write_model  # noqa: E402


def measure(architecture: str) -> Measured:
    """All tiny models of an architecture in both engines."""
    with tempfile.TemporaryDirectory() as directory:
        files = [
            write_model(Path(directory) / f"{number}.gguf", **SPECIMENS[name].file())
            for number, name in enumerate(names_of(architecture))
        ]
        differences = [compare(path) for path in files]
    return Measured(max(each.logits for each in differences), max(each.entropy for each in differences))


def main() -> None:
    rows = []
    for architecture in FAMILIES:
        measured = measure(architecture)
        rows.append(row(architecture, shown(measured)))
        print(rows[-1], flush=True)
    refused = sorted(set(gguf.MODEL_ARCH_NAMES.values()) - set(FAMILIES))
    (ROOT / "docs" / "architectures.md").write_text(document(rows, refused, VERSION), encoding="utf-8")


if __name__ == "__main__":
    main()
