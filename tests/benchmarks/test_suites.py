"""The benchmark suites run, and their table says what they measured. Never how fast anything is."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ggufscope.bench import KERNELS

ROOT = Path(__file__).parents[2]
WHOLE_FILES = "profile_speed or diff_speed or trace_speed or small_speed or open"
QUICK = f"{WHOLE_FILES} or kernel_speed and Q8_0 or statistics and Q8_0 or in_cache and F16"


def load_table() -> Any:
    spec = importlib.util.spec_from_file_location("benchmark_table", ROOT / "benchmarks" / "table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


table = load_table()


def entry(name: str, seconds: list[float], **facts: Any) -> dict[str, Any]:
    """A benchmark as pytest-benchmark saves it, cut down to what the table reads."""
    usual = {"subject": "Q4_K", "kernel": "full", "threads": 2, "isa": "avx2", "scale": 1.0, "suite": "A suite",
             "title": "full Q4_K", "note": "", "parameters": 4_000_000_000, "bytes": 2_000_000_000, "repeats": 1,
             "limits": {},
             "core_shares": []}  # fmt: skip
    return {"fullname": f"benchmarks/{name}", "extra_info": usual | facts, "stats": {"data": seconds}}


@pytest.fixture
def show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """A function that saves benchmarks and gives what the table prints about them."""
    machine = {"processor": "A processor", "cores": 2, "memory": 8_000_000_000, "system": "Linux x86_64", "load": 0.5,
               "isa": "avx2", "ggufscope": "1", "numpy": "2", "gguf": "3", "python": "4"}  # fmt: skip

    def printed(*entries: dict[str, Any], options: tuple[str, ...] = ()) -> str:
        saved = {"machine_info": {"ggufscope": machine}, "datetime": "2026-01-02T03:04:05", "benchmarks": entries}
        path = tmp_path / "saved.json"
        path.write_text(json.dumps(saved))
        table.main([str(path), *options])
        return capsys.readouterr().out

    return printed


def test_ratios_come_first_and_from_the_same_rounds(show: Any) -> None:
    limits = {"reading": [1.0, 10.0, 2.0], "storing": [4.0, 40.0, 8.0]}
    out = show(entry("test_a.py::test_b", [2.0, 20.0, 4.0], limits=limits), options=("--markdown",))
    assert out.startswith("A processor, 2 cores, 8 GB, Linux x86_64, avx2; load 0.5")
    assert "### A suite" in out
    assert "| 2 | × reading | full Q4_K | 1 | 0.5 | 4 s ~ | storing |" in out
    assert "| 0.5 | × storing |  |  |  |  |  |" in out


@pytest.mark.parametrize(
    ("facts", "cells"),
    [
        ({"limits": {"reading": [1.0]}}, "| 8 | × reading | full Q4_K | 0.5 | 0.25 | 8 s | computing |"),
        ({"limits": {"reading": [7.0]}}, "| 1.14 | × reading | full Q4_K | 0.5 | 0.25 | 8 s | reading |"),
        ({"limits": {"x": [2.0]}, "scale": 4.0}, "| 1 | × x | full Q4_K | 0.5 | 0.25 | 8 s |  |"),
        ({"parameters": 0, "bytes": 0, "repeats": 1000}, "|  |  | full Q4_K |  |  | 8 ms |  |"),
        ({"core_shares": [0.5]}, "|  |  | full Q4_K | 0.5 | 0.25 | 8 s ~ |  |"),
        ({"note": "38 MB"}, "|  |  | full Q4_K | 0.5 | 0.25 | 8 s | 38 MB |"),
    ],
)
def test_what_a_line_says(show: Any, facts: dict[str, Any], cells: str) -> None:
    assert cells in show(entry("test_a.py::test_b", [8.0], **facts), options=("--markdown",))


def test_types_have_a_line_each(show: Any) -> None:
    entries = [
        entry(f"test_kernel_speed.py::test_kernel[{name}]", [seconds], subject=name, kernel=kernel, isa=isa)
        for name, seconds in (("Q4_K", 4.0), ("F16", 8.0))
        for kernel in ("decode", "full")
        for isa in ("generic", "avx2")
    ]
    against = entry(
        "test_kernel_speed.py::test_full_against_reference[F16]", [6.0], subject="F16", limits={"Q4_K": [4.0]}
    )
    out = show(*entries, against, options=("--markdown",))
    assert "| type | full, × Q4_K | decode generic | decode avx2 | full generic | full avx2 |" in out
    assert "| Q4_K |  | 1 | 1 | 1 | 1 |" in out
    assert "| F16 | 1.5 | 0.5 | 0.5 | 0.5 | 0.5 |" in out


def test_parts_of_names_choose(show: Any) -> None:
    entries = [entry("test_a.py::test_one", [1.0], title="one"), entry("test_a.py::test_two", [1.0], title="two")]
    assert "one" not in show(*entries, options=("two",))
    assert "two" in show(*entries, options=("two",))


@pytest.mark.slow
def test_the_suites_run_on_a_tiny_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "saved.json"
    command = [sys.executable, "-m", "pytest", "benchmarks", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
               "-k", QUICK, "--shape", "tiny", "--layers", "3", "--threads", "2", "--benchmark-json", str(saved),
               "--basetemp", str(tmp_path / "temporary")]  # fmt: skip
    # As a worker of pytest-xdist, which this process may be, the suites would not measure anything.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    table.main([str(saved), "--markdown"])
    out = capsys.readouterr().out
    for kernel in KERNELS:
        assert f" {kernel} generic " in out
    for part in (
        "× reading",
        "full, × Q4_K",
        "× import numpy",
        "× 1 thread",
        "× ggufscope.open",
        "× per byte",
        "gguf + NumPy",
        "× fast profiles of both",
        "× multiplications + decode",
        "a token for each of 20 prompts",
        "before",
    ):
        assert part in out, part
    assert str(tmp_path) not in saved.read_text()


def turns(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`benchmarks/turns.py` with this build as the old and the new one."""
    command = [sys.executable, str(ROOT / "benchmarks" / "turns.py"), sys.executable, sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_two_builds_by_turns() -> None:
    done = turns("--type", "Q4_K", "--rounds", "3", "--elements", "65536")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if "Q4_K" in line]
    assert [row[3:5] for row in rows] == [["full", "Q4_K"], ["fast", "Q4_K"]]
    assert all(float(row[1]) > 0 and float(row[6]) > 0 for row in rows)


def test_a_build_that_fails_is_named() -> None:
    done = turns("--type", "Q9_9", "--rounds", "1")
    assert done.returncode == 1
    assert "Q9_9" in done.stderr
    assert f"turns: {sys.executable} ended with 1" in done.stderr
