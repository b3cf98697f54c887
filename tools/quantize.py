#!/usr/bin/env python3
"""Quantizes a model by llama.cpp's quantizer: `python tools/quantize.py SOURCE TARGET TYPE`, as Q4_0, Q4_K_M or F16.

For the sessions of the documents, which start from files that are quantized already: such a source is decoded first.
It needs the extra `runtime`.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

from ggufscope.runtime.engines.llama_cpp.library import load

USAGE = 2


def quantize(source: Path, target: Path, kind: str) -> None:
    """Write the quantized model.

    Args:
        source: a GGUF file.
        target: is replaced.
        kind: a type or a mix, as llama.cpp calls it.

    Raises:
        ValueError: llama.cpp has no such mix.
        OSError: The source is no file, or the quantizer fails.
    """
    llama_cpp = load()
    names = (f"LLAMA_FTYPE_MOSTLY_{kind}", f"LLAMA_FTYPE_ALL_{kind}")
    declared = next((getattr(llama_cpp, name) for name in names if hasattr(llama_cpp, name)), None)
    if declared is None:
        raise ValueError(f"llama.cpp has no mix {kind}")
    if not source.is_file():
        raise FileNotFoundError(f"{source}: no such file")
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype, settings.allow_requantize = declared, True
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(settings)) != 0:
        raise OSError(f"{source}: cannot be quantized to {kind}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        sys.exit(USAGE)
    quantize(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
