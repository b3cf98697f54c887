#!/usr/bin/env python3
"""Writes docs/reference from the code, or checks that it is what the code says.

    python tools/make_reference.py                      write every page and schema
    python tools/make_reference.py --check              write nothing, show what differs: exit code 1
    python tools/make_reference.py --only commands.md   one page; again for more
    python tools/make_reference.py --measure            docs/architectures.md, too, which is measured for a minute

It needs the extra `report`, and with --measure `runtime`.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from reference.pages import files

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"


def difference(path: str, text: str) -> str:
    """A diff of a page as it stands and as it should; empty where they are the same."""
    file = REFERENCE / path
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = difflib.unified_diff(old.splitlines(), text.splitlines(), f"docs/reference/{path}", "the code", lineterm="")
    return "\n".join(lines)


def left_over(made: dict[str, str]) -> list[Path]:
    """Files in docs/reference that nothing makes."""
    present = [path for path in REFERENCE.rglob("*") if path.is_file()]
    return [path for path in present if path.relative_to(REFERENCE).as_posix() not in made]


def write(path: str, text: str) -> None:
    file = REFERENCE / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--only", action="append", metavar="PAGE")
    options = parser.parse_args(arguments)
    made = files()
    wanted = {path: text for path, text in made.items() if options.only is None or path in options.only}
    differences = list(filter(None, (difference(path, text) for path, text in wanted.items())))
    if options.check:
        print(*differences, *(f"{path}: nothing makes it" for path in left_over(made)), sep="\n")
        return bool(differences or left_over(made))
    for path, text in wanted.items():
        write(path, text)
    for path in left_over(made):
        path.unlink()
    if options.measure:
        from reference.architectures import measured_page  # noqa: PLC0415  it needs llama.cpp

        (ROOT / "docs" / "architectures.md").write_text(measured_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
