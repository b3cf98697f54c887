#!/usr/bin/env python3
"""Writes a GGUF model back as a checkpoint: `python tools/checkpoint.py SOURCE DIRECTORY`, of a Llama or a Gemma 3.

For the sessions of the documents: safetensors in float32, with config and tokenizer, by the rules of the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.checkpoints.reversing import write_back

USAGE = 2

if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(USAGE)
    write_back(Path(sys.argv[1]), Path(sys.argv[2]))
