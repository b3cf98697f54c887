"""tools/progress.py: how far an installation is, on a terminal and in a pipe, and pip's failure with what it said."""

from __future__ import annotations

import importlib.util
import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parents[2] / "tools" / "progress.py"
SAID = """\
Obtaining file:///tmp/ggufscope
  Running command Preparing editable metadata (pyproject.toml)
Collecting numpy>=1.26
  Using cached numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl.metadata (6.6 kB)
Collecting llama-cpp-python<0.3.37,>=0.3.36
  Downloading llama_cpp_python-0.3.36.tar.gz (76.0 MB)
Building wheels for collected packages: ggufscope, llama-cpp-python
  Running command Building editable for ggufscope (pyproject.toml)
  *** Building project with Ninja...
  [1/95] Building CXX object CMakeFiles/kernels_k_generic.dir/cpp/kernels/format_unit.cpp.o
  [95/95] Linking CXX shared module _core.cpython-311-x86_64-linux-gnu.so
  Running command Building wheel for llama-cpp-python (pyproject.toml)
  [  4%] Building C object vendor/llama.cpp/ggml/src/CMakeFiles/ggml-base.dir/ggml-alloc.c.o
  [100%] Built target mtmd
Installing collected packages: numpy, llama-cpp-python, ggufscope
Successfully installed ggufscope-1.0.0 llama-cpp-python-0.3.36 numpy-2.4.6
"""
STEPS = [
    "fetching packages [2]",
    "compiling ggufscope [95/95]",
    "compiling llama-cpp-python [100 %]",
    "installing packages [3]",
]


def _run(tmp_path: Path, said: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, PROGRAM, tmp_path / "log"]
    return subprocess.run(command, input=said, text=True, check=False, timeout=60, **streams)


def test_in_a_pipe_every_step_is_one_line_with_its_time(tmp_path: Path) -> None:
    ended = _run(tmp_path, f"{SAID}exit 0\n", capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [f"  {step} 0 s" for step in STEPS]
    assert (tmp_path / "log").read_text() == SAID


def test_a_failure_of_pip_is_its_exit_code_and_what_it_said_last(tmp_path: Path) -> None:
    ended = _run(tmp_path, "before\n" * 100 + SAID + "error: no room\nexit 3\n", capture_output=True)
    assert ended.returncode == 3
    assert ended.stderr.endswith(f"error: no room\npip failed; all that it said is in {tmp_path / 'log'}\n")
    assert len(ended.stderr.splitlines()) < 50
    assert _run(tmp_path, SAID, capture_output=True).returncode == 1  # its end never came


def test_on_a_terminal_a_step_is_one_line_rewritten_in_place(tmp_path: Path) -> None:
    reading, terminal = pty.openpty()
    _run(tmp_path, f"{SAID}exit 0\n", stdout=terminal, env=os.environ | {"COLUMNS": "40"})
    os.close(terminal)
    shown = os.read(reading, 65536).decode()
    os.close(reading)
    lines = shown.replace("\r\n", "\n").split("\n")
    assert "\r\x1b[K  compiling ggufscope [1/95] 0 s" in shown
    assert [line.rpartition("\x1b[K")[2] for line in lines if line.endswith(" 0 s")] == [
        f"  {step} 0 s" for step in STEPS
    ]


def test_a_long_step_says_how_far_it_is() -> None:
    spec = importlib.util.spec_from_file_location("progress", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    progress = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(progress)
    out = io.StringIO()
    steps = progress.Progress(out, 0.0)
    for second, n in ((0, 1), (29, 40), (31, 42), (45, 60), (62, 80), (63, 81)):
        steps.read(f"  [{n}/96] Building CXX object x.o\n", float(second))
    steps.end_step(100.0)
    assert out.getvalue().splitlines() == [
        "  compiling [42/96] 31 s so far",
        "  compiling [80/96] 1 min 2 s so far",
        "  compiling [81/96] 1 min 40 s",
    ]


def test_ctrl_c_ends_it_with_a_line(tmp_path: Path) -> None:
    command = [sys.executable, PROGRAM, tmp_path / "log"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write(f"{SAID}Building wheel for one\nBuilding wheel for another\n")
        process.stdin.flush()
        assert process.stdout is not None
        process.stdout.readline()  # it reads by now
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == f"\ninterrupted; all that pip said is in {tmp_path / 'log'}\n"
