"""`ggufscope study`: its lines, its exit codes, and what a model that cannot be traced leaves."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.studies.study_document import Step
from ggufscope.terminal.study import step_line
from support.programs import SLOW_READING, on_a_terminal
from support.questions import write_questions
from support.small_models import readable

if TYPE_CHECKING:
    from support.command_line import RunCommand

WriteGguf = Callable[..., Path]
LITTLE = ("--max-new-tokens", "1", "--probe", "8")
HOSTILE = "x\x1b[2J\u202e[bold]y"


@pytest.fixture
def run(run_command: RunCommand, few_charts: None) -> RunCommand:
    return partial(run_command, "study")


def test_a_study_on_one_screen(run: RunCommand, tiny_model: Path, questions: Path, tmp_path: Path) -> None:
    arguments = (tiny_model, "-o", tmp_path / "out", "--prompts", questions, *LITTLE)
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines[:-1])) <= 80
    assert re.match(r"profile +\d+\.\d s +profile\.json$", lines[0])
    parts = ["profile", "check", "probe", "analysis", "trace", "validation", "report", "total"]
    assert [line.split()[0] for line in lines[:8]] == parts
    assert re.search(r"^validation +\d+\.\d s +validation\.json and 1 more$", out, re.MULTILINE)
    assert "structural risk index (heuristic)\n" in out
    assert re.search(r"^ +layers 0-7 +lowest +highest$", out, re.MULTILINE)
    assert re.search(r"^riskiest layers: \d \(\d+\.\d\), ", out, re.MULTILINE)
    assert re.search(r"^premises: H1 ", out, re.MULTILINE)
    assert "SYNTHETIC" in out
    assert "predicted against measured, 3 prompts, " in out
    assert "weights not fitted: " in " ".join(out.split())
    assert lines[-1] == f"report: {tmp_path / 'out' / 'report.md'}"
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    assert re.match(r"profile +kept +profile\.json$", out.splitlines()[0])
    out = run(*arguments, "--norm", "rms")[1]
    assert re.search(r"^analysis +\d+\.\d s +analysis-report\.json; again: made with other norm$", out, re.MULTILINE)


def test_json_is_the_saved_file(run: RunCommand, tiny_model: Path, tmp_path: Path) -> None:
    code, out, err = run(tiny_model, "-o", tmp_path, "--no-trace", "--json")
    assert (code, err) == (0, "")
    assert out == (tmp_path / "study.json").read_text(encoding="utf-8")
    plain = json.loads(out)
    assert plain["schema"] == "ggufscope.study/1"
    assert [step["name"] for step in plain["steps"]] == ["profile", "check", "analysis", "report"]
    assert [entry["complete"] for entry in plain["finished"]] == [True] * 4


def failing(run: RunCommand, model: Path, directory: Path, *options: object, probed: bool = False) -> str:
    """What a study says of a model that cannot be traced; without the trace it ends well."""
    code, out, err = run(model, "-o", directory, *options)
    assert code == 3
    assert re.search(r"^trace +failed$", out, re.MULTILINE)  # why stands on standard error
    assert re.search(r"^validation +left out +there is no trace$", out, re.MULTILINE)
    found = gs.Study.load(directory)
    assert list(found.failures) == ([] if probed else ["probe"]) + ["trace"]
    files = {"profile.json", "check.json", "analysis-report.json", "report.md", "study.json"} | (
        {"probe.json"} if probed else set()
    )
    assert files == {path.name for path in directory.iterdir()}
    assert found.analysis is not None
    assert ("probe" in found.analysis.presets) == probed
    assert run(model, "-o", directory, "--no-trace")[0] == 0
    *of_probe, line = err.splitlines()
    assert [each.partition(": no probe: ")[0] for each in of_probe] == ([] if probed else ["ggufscope"])
    assert line.startswith("ggufscope: no trace: ")
    return line


def test_a_model_without_a_tokenizer(run: RunCommand, write_gguf: WriteGguf, tmp_path: Path) -> None:
    """Its own words need none."""
    assert "tokenizer" in failing(run, write_gguf(**readable()), tmp_path / "out", probed=True)


def test_an_architecture_that_is_not_traced(run: RunCommand, write_gguf: WriteGguf, tmp_path: Path) -> None:
    model = write_gguf(readable()["tensors"], {"general.name": HOSTILE}, architecture="gpt\x1bneox")
    line = failing(run, model, tmp_path / "out")
    assert r"gpt\x1bneox" in line


def test_weights_that_are_not_finite(run: RunCommand, tiny_model: Path, tmp_path: Path) -> None:
    data = bytearray(tiny_model.read_bytes())
    with gs.open(tiny_model) as model:
        tensor = model.tensors["blk.1.attn_q.weight"]
        start = data.index(bytes(tensor.data[:1].tobytes()))
        n_bytes = tensor.n_bytes
    data[start : start + n_bytes] = b"\xff" * n_bytes
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(data)
    line = failing(run, broken, tmp_path / "out", *LITTLE)
    assert "blk.1.attn_q.weight has a weight that is not finite" in line


def test_prompts_beyond_the_context(run: RunCommand, tiny_model: Path, tmp_path: Path) -> None:
    with gs.open(tiny_model) as model:
        length = model.metadata["llama.context_length"]
    long = write_questions(tmp_path / "long.json", "word " * (length + 1))
    line = failing(run, tiny_model, tmp_path / "out", "--prompts", long)
    assert f"the model's context is {length}" in line


def test_a_probe_beyond_the_context(run: RunCommand, tiny_model: Path, questions: Path, tmp_path: Path) -> None:
    """The validation goes without one."""
    with gs.open(tiny_model) as model:
        length = model.metadata["llama.context_length"]
    code, out, err = run(
        tiny_model, "-o", tmp_path, "--prompts", questions, "--max-new-tokens", 0, "--probe", length + 1
    )
    assert code == 3
    assert err.startswith("ggufscope: no probe: 'probe' has ")
    assert "validation.json and 1 more" in out


def test_no_language_model(run: RunCommand, write_gguf: WriteGguf, tmp_path: Path) -> None:
    model = write_gguf({"mm.0.weight": np.ones((4, 32), np.float32)}, {"general.type": "mmproj"}, architecture="clip")
    code, out, err = run(model, "-o", tmp_path / "out")
    assert code == 3
    of_probe, line = err.splitlines()
    assert of_probe == "ggufscope: no probe: the file is no language model: its general.type is 'mmproj'"
    assert "the analysis needs a language model" in line
    assert re.search(r"^trace +left out +there is no analysis$", out, re.MULTILINE)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "profile.json",
        "check.json",
        "report.md",
        "study.json",
    }


def test_hostile_names(run: RunCommand, write_gguf: WriteGguf, tmp_path: Path) -> None:
    model = write_gguf(**readable(**{"general.name": HOSTILE}), name="m\x1b[2J.gguf")
    code, out, err = run(model, "-o", tmp_path / "out")
    assert code == 3
    assert "\x1b" not in out + err
    assert "\u202e" not in out + err
    assert r"x\x1b[2J\u202e[bold]y" in out
    other = write_gguf(**readable(1, **{"general.name": HOSTILE}), name="other.gguf")
    code, out, err = run(other, "-o", tmp_path / "out")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "study.json is of another model" in err
    assert "\x1b" not in err
    shown = step_line(Step("trace", "left out", "a\x1b[2J\nb", 0.1, []))
    assert shown == r"trace       left out a\x1b[2J\nb"


def test_ctrl_c_ends_at_once_and_the_same_command_goes_on(run: RunCommand, tiny_model: Path, tmp_path: Path) -> None:
    """A real signal to a real process, while the model reads."""
    directory = tmp_path / "out"
    command = [sys.executable, "-c", SLOW_READING, "study", str(tiny_model), "-o", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "taking\n")
        assert [line.split()[0] for line in lines] == ["profile", "check"]
        clock = time.perf_counter()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        seconds = time.perf_counter() - clock
    assert process.returncode == 130
    assert err == "ggufscope: interrupted: what is finished is kept, and the same command goes on with the probe\n"
    assert seconds < 2  # one, and what a busy machine adds
    assert sorted(path.name for path in directory.iterdir()) == ["check.json", "profile.json", "study.json"]
    out = run(tiny_model, "-o", directory, "--no-trace")[1]
    assert re.search(r"^profile +kept ", out, re.MULTILINE)


@pytest.mark.slow
def test_a_terminal_sees_plans_and_bars(tiny_model: Path, questions: Path, tmp_path: Path) -> None:
    options = ("-o", tmp_path / "out", "--prompts", questions, *LITTLE)
    shown, out = on_a_terminal("study", tiny_model, *options, output_apart=True)
    assert "trace: 3 prompts, " in shown
    assert "probe: 1 prompt, " in shown
    assert "\x1b" not in out
    assert out.startswith("profile")
    report = [path.name for path in gs.Study.load(tmp_path / "out").files("report")]
    assert {"report.html", "report.md", "risk.svg"} <= set(report)


def test_the_real_model(run: RunCommand, stories260k: Path, tmp_path: Path) -> None:
    """Known of it: layer 4 stands out, and the order of heads is told by own words, but as well by plain norms."""
    code, out, _ = run(stories260k, "-o", tmp_path / "out", "--max-new-tokens", 2)
    assert code == 0
    assert "riskiest layers: 4 (" in out
    assert out.index("held up") < out.index("undecided") < out.index("riskiest layers")
    shown = " ".join(out.split())
    assert "probe orders heads by attention entropy and first-token share better than norms and depth" in shown
    assert "1 other order, with an interval across 0 (1 by propagation)" in shown
