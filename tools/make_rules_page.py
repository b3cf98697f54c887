"""Write the part of docs/check.md about rules, from the registry.

Run by hand when a rule is new or its words have changed:

    python tools/make_rules_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.rules_page import MARK, rules_part  # noqa: E402


def main() -> None:
    page = ROOT / "docs" / "check.md"
    head, _, _ = page.read_text(encoding="utf-8").partition(MARK)
    page.write_text(head + rules_part(), encoding="utf-8")


if __name__ == "__main__":
    main()
