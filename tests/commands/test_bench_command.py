"""`ggufscope bench` as people use it: complete, consistent, readable. Never how fast anything is."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import ggufscope as gs
from ggufscope import _core, bench
from ggufscope.bench import KERNELS, Measurement, Task, Timing
from ggufscope.bench.kernels import Prepared, measured
from ggufscope.commands.app import main
from ggufscope.terminal.bench import render_bench
from ggufscope.terminal.console import show
from support import small_models
from support.format_registry import WEIGHT_TYPES

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import RunCommand

TINY = {"seconds": 0.0, "n_bytes": 1 << 16}


@pytest.fixture
def model(write_gguf: Any) -> Path:
    return write_gguf(**small_models.llama())


@pytest.fixture
def run(run_command: RunCommand, monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """The command on tiny samples."""
    monkeypatch.setattr("ggufscope.commands.bench.bench_types", partial(bench.bench_types, n_bytes=TINY["n_bytes"]))
    return partial(run_command, "bench", "--seconds", "0")


def shown(found: bench.Bench, capsys: pytest.CaptureFixture[str]) -> str:
    show(lambda console: render_bench(console, found))
    return capsys.readouterr().out


def test_a_new_kernel_is_one_entry(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    known = list(KERNELS)
    monkeypatch.setitem(KERNELS, "medians", None)  # and what is registered in its place goes with it
    measured("medians", "of rows")(lambda sample: Prepared(lambda threads, isa: sample.blocks.any()))
    found = bench.bench_types(["F16"], threads=1, **TINY)
    assert [row.task.kernel for row in found.measurements] == [*known, "medians"]
    assert "medians: of rows" in shown(found, capsys)


def test_json_has_everything(run: RunCommand) -> None:
    code, out, err = run("--type", "q4_k", "--type", "F16", "--type", "Q4_K", "--threads", 2, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out, parse_constant=pytest.fail)
    assert document["schema"] == "ggufscope.bench/1"
    assert document["isa"] == _core.current_isa()
    assert document["threads"] == [1, 2]
    assert document["model"] is None
    assert document["machine"]["cores"] == _core.usable_cores()
    assert document["machine"]["processor"]
    assert document["versions"]["ggufscope"] == gs.__version__
    rows = document["measurements"]
    assert [(row["subject"], row["kernel"], row["threads"]) for row in rows] == [
        (subject, kernel, threads) for subject in ("Q4_K", "F16") for kernel in KERNELS for threads in (1, 2)
    ]
    for row in rows:
        assert row["rounds"] == 3
        assert row["elements_per_second"] == pytest.approx(row["n_elements"] / row["seconds"], rel=1e-4)
        assert row["bytes_per_second"] == pytest.approx(row["n_bytes"] / row["seconds"], rel=1e-4)
        reading = row["limits"]["reading"]
        assert reading["share"] == pytest.approx(1 / reading["ratio"], rel=1e-4)
        assert math.isfinite(row["spread"])
        assert isinstance(row["noisy"], bool)
        assert row["core_share"] > 0
        assert ("storing" in row["limits"]) == (row["kernel"] == "decode")


def test_the_table_of_types_fits_a_terminal(run: RunCommand) -> None:
    code, out, err = run("--threads", 2)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    for name in KERNELS:
        table = out[out.index(f"{name}: ") :].split("\n\n")[0].splitlines()
        assert [line.split()[0] for line in table[3:]] == list(bench.DEFAULT_TYPES)
        assert "% of" in table[1]
        assert table[2].split()[-1] == "gain"
    assert "medians of 3 rounds" in out
    assert "B/s with 2 threads" in out


def test_one_thread_has_no_gain(run: RunCommand) -> None:
    code, out, _ = run("--type", "F16", "--threads", 1)
    assert code == 0
    assert "1 thread" in out
    assert "gain" not in out


def test_all_types_can_be_asked_for(run: RunCommand) -> None:
    code, out, _ = run("--type", "all", "--threads", 1, "--json")
    assert code == 0
    measured_types = dict.fromkeys(row["subject"] for row in json.loads(out)["measurements"])
    assert list(measured_types) == [description["name"] for description in WEIGHT_TYPES]


def test_a_model_is_profiled(run: RunCommand, model: Path) -> None:
    code, out, err = run(model, "--threads", 2, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    with gs.open(model) as opened:
        assert document["model"]["n_parameters"] == opened.n_parameters
        assert document["model"]["n_bytes"] == model.stat().st_size
    assert document["model"]["title"] == "a small llama"
    assert str(model.parent) not in out
    rows = document["measurements"]
    assert [(row["kernel"], row["threads"]) for row in rows] == [("full", 1), ("fast", 1), ("full", 2), ("fast", 2)]
    assert all(row["n_elements"] == document["model"]["n_parameters"] for row in rows)
    assert all(list(row["limits"]) == ["reading"] for row in rows)


def test_the_table_of_a_model_fits_a_terminal(run: RunCommand, model: Path) -> None:
    code, out, err = run(model, "--threads", 2)
    assert (code, err) == (0, "")
    assert out.startswith(f"{model.name} · 104 kB\na small llama · llama · ")
    assert max(map(len, out.splitlines())) <= 80
    table = out[out.index("profile ") :].split("\n\n")[0].splitlines()
    assert [line.split()[:2] for line in table[1:]] == [["full", "1"], ["fast", "1"], ["full", "2"], ["fast", "2"]]


def test_models_without_tensors_or_in_shards_are_fine(run: RunCommand, write_gguf: Any, tmp_path: Path) -> None:
    assert run(write_gguf({}), "--threads", 1)[0] == 0
    assert main(["synth", "tiny", str(tmp_path / "m.gguf"), "--shards", "2"]) == 0
    code, out, _ = run(tmp_path / "m-00002-of-00002.gguf", "--threads", 1, "--json")
    assert code == 0
    sizes = [path.stat().st_size for path in tmp_path.glob("m-*.gguf")]
    assert json.loads(out[out.index("{") :])["model"]["n_bytes"] == sum(sizes)


def test_noise_is_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    found = bench.bench_types(["F16"], threads=1, **TINY)
    for seconds, noisy in (((1.0, 1.0, 1.0), False), ((1.0, 2.0, 3.0), True)):
        task = Task("Q4_K", "full", print, {"reading": print}, n_elements=1000, n_bytes=500)
        rows = [Measurement(task, Timing(seconds), {"reading": Timing((1.0, 1.0, 1.0))})]
        out = shown(bench.Bench(rows, found.machine, "generic", [1], found.started, 3.0), capsys)
        assert ("~ noisy" in out) == noisy
        (line,) = (line for line in out.splitlines() if line.startswith("Q4_K"))
        assert line.endswith("~") == noisy


def test_the_instruction_set_is_the_one_asked_for(isa: str, run: RunCommand, model: Path) -> None:
    for subject in (["--type", "Q8_0"], [model]):
        document = json.loads(run(*subject, "--isa", isa, "--threads", 1, "--json")[1])
        assert {document["isa"], *(row["isa"] for row in document["measurements"])} == {isa}
    assert gs.profile(model, isa=isa).run.isa == isa


def test_the_environment_chooses_the_instruction_set(model: Path) -> None:
    command = [sys.executable, "-m", "ggufscope", "bench", str(model), "--json", "--threads", "1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "GGUFSCOPE_ISA": "generic"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=60)
    assert json.loads(done.stdout)["isa"] == "generic"
    assert done.stderr == ""
