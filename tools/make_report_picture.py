#!/usr/bin/env python3
"""Takes a picture of the first screen of a report: `python tools/make_report_picture.py report.html report.png`.

The README shows docs/images/report.png, of the study of SmolLM2 135M in its first session. It needs Chromium and the
extra `test`.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.browser import Visit, browser  # noqa: E402

WIDTH, HEIGHT = 1000, 660
USAGE = 2


def main(report: Path, picture: Path) -> None:
    with browser() as chromium, Visit(chromium, report.resolve(), width=WIDTH, motion="reduce") as visit:
        visit.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        visit.page.screenshot(path=picture)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(USAGE)
    main(*map(Path, sys.argv[1:]))
