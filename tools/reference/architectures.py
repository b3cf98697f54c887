"""The page of architectures, docs/architectures.md: what each is made of, and how closely it agrees with llama.cpp.

The tiny models are those of the tests.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import gguf

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from ggufscope.architecture.families import FAMILIES
from ggufscope.runtime.engines.llama_cpp.library import VERSION
from support.architectures import SPECIMENS
from support.architectures.comparison import compare
from support.architectures.page import Measured, document, names_of, row, shown
from support.model_files import write_model


def measured_page() -> str:
    """All tiny models in both engines; it takes a minute."""
    rows = []
    for architecture in FAMILIES:
        rows.append(row(architecture, shown(measure(architecture))))
        print(rows[-1], file=sys.stderr, flush=True)
    refused = sorted(set(gguf.MODEL_ARCH_NAMES.values()) - set(FAMILIES))
    return document(rows, refused, VERSION)


def measure(architecture: str) -> Measured:
    """The largest differences of the tiny models of an architecture."""
    with tempfile.TemporaryDirectory() as directory:
        files = [
            write_model(Path(directory) / f"{number}.gguf", **SPECIMENS[name].file())
            for number, name in enumerate(names_of(architecture))
        ]
        differences = [compare(path) for path in files]
    return Measured(max(each.logits for each in differences), max(each.entropy for each in differences))
