"""Write the table of docs/concepts/types.md, and its drawings of blocks, from the core's type table.

Run by hand when a type is new:

    python tools/make_types_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.types_page import drawings, type_table  # noqa: E402


def main() -> None:
    page = ROOT / "docs" / "concepts" / "types.md"
    text = page.read_text(encoding="utf-8")
    start = text.index("| type | id |")
    page.write_text(text[:start] + type_table() + text[text.index("\n\n", start) :], encoding="utf-8")
    for name, drawing in drawings().items():
        (ROOT / "docs" / "images" / name).write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    main()
