"""Many results in one process: what it holds stays what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.measuring import measured

FLAT = """
import gc, os, sys
import ggufscope as gs
path, kind, first, then = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
calls = {
    "profile": lambda: gs.profile(path, threads=2).to_json(),
    "check": lambda: gs.check(path, threads=2).to_json(),
    "analyze": lambda: gs.analyze(path, threads=2).to_json(),
    "trace": lambda: gs.trace(path, probe=6, threads=2).to_json(),
}
def held():
    gc.collect()
    threads, descriptors = (len(os.listdir(f"/proc/self/{each}")) for each in ("task", "fd"))
    mappings = open("/proc/self/maps").read().count(path)
    return {"memory": anonymous(), "descriptors": descriptors, "threads": threads, "mappings": mappings}
for _ in range(first): calls[kind]()
before = held()
for _ in range(then): calls[kind]()
import json
print(json.dumps([before, held()]))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize(("kind", "times"), [("profile", 200), ("check", 50), ("analyze", 8), ("trace", 24)])
def test_memory_descriptors_and_threads_stay(kind: str, times: int, stories260k: Path) -> None:
    before, after = measured(FLAT, stories260k, kind, max(3, times // 4), times)
    grown = after.pop("memory") - before.pop("memory")
    assert after == before
    assert grown < 3_000_000
