"""`SECURITY.md` names code, tests and hostile files that are there."""

from __future__ import annotations

import re
from pathlib import Path

from support.hostile_files import HOSTILE_FILES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMES = re.findall(r"`([^`]+)`", TEXT)


def test_every_path_is_there() -> None:
    paths = [name for name in NAMES if "/" in name and " " not in name]
    assert len(paths) > 40
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_row_of_threats_has_a_test() -> None:
    rows = [row.split("|") for row in TEXT.splitlines() if "`tests/" in row and row.startswith("|")]
    assert len(rows) > 12
    assert all("tests/" in row[3] for row in rows)


def test_every_hostile_file_of_the_classes_exists() -> None:
    classes = TEXT[TEXT.index("## Public classes") : TEXT.index("## Reporting")]
    named = re.findall(r"`(\w+)`", classes)
    assert len(named) > 25
    assert [name for name in named if name not in HOSTILE_FILES] == []
