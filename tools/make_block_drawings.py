"""Draw the blocks of quantized types, for docs/concepts/types.md.

Run by hand when a type is new:

    python tools/make_block_drawings.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.block_drawings import drawings  # noqa: E402


def main() -> None:
    for name, drawing in drawings().items():
        (ROOT / "docs" / "images" / name).write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    main()
