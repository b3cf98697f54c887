"""Run clang-tidy over the units of a compile database: python tools/tidy.py BUILD_DIR [REGEX of objects].

Units built once per instruction set are checked for the generic one only: their source is the same for each. The
headers that differ, cpp/simd/*.h, are checked through the statistics, which stay in for every instruction set.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STATISTICS_UNIT = re.compile(r"CMakeFiles/kernels_statistics_(\w+)\.dir/")


def select(database: list[dict[str, str]], wanted: str) -> list[dict[str, str]]:
    """The units whose object matches, without those that repeat the source of a generic one.

    The instruction sets are those whose statistics the database builds, so that a new one is known here at once.
    """
    built = {match[1] for unit in database if (match := STATISTICS_UNIT.search(unit["output"]))}
    others = "|".join(sorted(built - {"generic"}))
    repeated = re.compile(rf"CMakeFiles/(kernels_(?!statistics_)\w+|lanes_selftest)_({others})\.dir/")
    return [unit for unit in database if re.search(wanted, unit["output"]) and not repeated.search(unit["output"])]


def check(unit: dict[str, str]) -> tuple[str, int, str]:
    """The unit's object, clang-tidy's exit code and its findings."""
    # A database of its own: the same source file appears once per family, and clang-tidy would check them all.
    with tempfile.TemporaryDirectory() as database:
        (Path(database) / "compile_commands.json").write_text(json.dumps([unit]), encoding="utf-8")
        done = subprocess.run(  # noqa: S603
            [Path(sys.executable).with_name("clang-tidy"), "--quiet", "-p", database, unit["file"]],
            capture_output=True,
            text=True,
            check=False,
        )
    return unit["output"], done.returncode, done.stdout or done.stderr


def main(build_dir: str, wanted: str = "") -> int:
    """Check every unit whose object matches, print the findings, count the units that have some."""
    database = json.loads((Path(build_dir) / "compile_commands.json").read_text(encoding="utf-8"))
    units = select(database, wanted)
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for output, code, findings in pool.map(check, units):
            if code != 0:
                failed += 1
                print(f"{output}\n{findings}")
    print(f"clang-tidy: {len(units)} units, {failed} with findings")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) != 0)
