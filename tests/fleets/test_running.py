"""Fleets cut into shards, run twice at once, killed, interrupted, short of disk: the same bytes in the end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

import ggufscope as gs
from ggufscope.errors import OutputError
from support.programs import ENVIRONMENT, PROGRAM, on_a_terminal
from support.shelves import write_shelf

if TYPE_CHECKING:
    from ggufscope.fleets.running import FleetProgress
    from support.command_line import RunCommand

N_MODELS = 24  # three of them damaged


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("models")
    write_shelf(directory, N_MODELS)
    return directory


@pytest.fixture(scope="module")
def whole(models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every file of one run."""
    out = tmp_path_factory.mktemp("whole") / "out"
    gs.fleet(models, out)
    return contents(out)


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_shards_together_are_one_run(models: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    runs = [gs.fleet(models, tmp_path / "out", shard=f"{number}/3", threads=number) for number in (2, 1, 3)]
    assert [run.document.n_models for run in runs] == [8, 8, 8]
    assert all(run.document.n_listed == N_MODELS for run in runs)
    assert all(run.document.outcomes["kept"] == 0 for run in runs)
    assert contents(tmp_path / "out") == whole
    assert gs.fleet(models, tmp_path / "out").document.outcomes["measured"] == 0


def test_two_processes_at_once_are_one_run(models: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    command = [*PROGRAM, "fleet", str(models), "-o", str(tmp_path / "out")]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    runs = [subprocess.Popen(command, env=ENVIRONMENT, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    messages = [run.communicate()[1] for run in runs]
    assert [(run.returncode, message) for run, message in zip(runs, messages, strict=True)] == [(3, "")] * 2
    assert contents(tmp_path / "out") == whole
    assert {path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")} == set()


def test_a_killed_run_goes_on(models: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with subprocess.Popen([*PROGRAM, "fleet", str(models), "-o", str(out)], env=ENVIRONMENT) as process:
        while process.poll() is None and len(list(out.glob("model=*"))) < 4:
            time.sleep(0.002)
        process.kill()
    before = {path.name for path in out.glob("model=*")}
    assert all((path / "record.json").exists() for path in out.glob("model=*"))
    (out / ".model=x.0123456789abcdef.tmp").mkdir()
    (out / ".model=x.0123456789abcdef.tmp/record.json").write_text("half")
    for path in out.glob(".*.tmp"):  # as it is after some hours
        os.utime(path, (0, 0))
    again = gs.fleet(models, out)
    assert again.document.outcomes["kept"] + again.document.outcomes["failed before"] == len(before)
    assert contents(out) == whole


def test_ctrl_c_keeps_what_is_finished(models: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    moves: list[FleetProgress] = []

    def stop(progress: FleetProgress) -> None:
        moves.append(progress)
        if progress.n_done == 5:
            raise KeyboardInterrupt

    with pytest.raises(
        gs.FleetInterrupted, match=rf"of {N_MODELS} models are kept, and the same command goes on"
    ) as raised:
        gs.fleet(models, tmp_path / "out", progress=stop)
    kept = raised.value.fleet.document.n_models
    assert 5 <= kept < N_MODELS
    assert len(list((tmp_path / "out").glob("model=*"))) == kept
    assert not list((tmp_path / "out").glob(".*"))
    assert moves[0].n_models == N_MODELS
    assert moves[0].n_bytes == sum(path.stat().st_size for path in models.rglob("*.gguf"))
    moves.clear()
    with pytest.raises(gs.FleetInterrupted):
        gs.fleet(models, tmp_path / "out", progress=stop)
    assert moves[0].n_models == N_MODELS - kept
    gs.fleet(models, tmp_path / "out")
    assert contents(tmp_path / "out") == whole


@pytest.mark.slow
def test_ctrl_c_at_the_command_line_is_130(models: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*PROGRAM, "fleet", str(models), "-o", str(out)], env=ENVIRONMENT, **pipes) as process:  # type: ignore[call-overload]
        while process.poll() is None and not list(out.glob("model=*")):
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=20)
    assert (process.returncode, message.count("\n")) == (130, 1)
    assert "the same command goes on" in message
    assert not list(out.glob(".*"))


def test_a_full_disk_ends_the_run_and_keeps_what_is_whole(
    models: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    sync, left = os.fsync, 40

    def full(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    with mock.patch.object(os, "fsync", full), pytest.raises(OutputError, match="No space left") as raised:
        gs.fleet(models, tmp_path / "out")
    assert str(tmp_path / "out") in str(raised.value.filename)
    written = contents(tmp_path / "out")
    assert 0 < len(written) < len(whole)
    assert written.items() <= whole.items()
    assert not list((tmp_path / "out").glob(".*"))
    gs.fleet(models, tmp_path / "out")
    assert contents(tmp_path / "out") == whole


def test_every_outcome_is_told_as_it_comes(models: Path, tmp_path: Path) -> None:
    told: list[str] = []
    fleet = gs.fleet(models, tmp_path / "out", finished=lambda model: told.append(model.facts.source))
    assert told == [each.facts.source for each in fleet.models]
    told.clear()
    gs.fleet(models, tmp_path / "out", finished=lambda model: told.append(model.facts.source))
    assert told == []


def test_engines_are_opened_where_something_is_left_to_do(models: Path, tmp_path: Path) -> None:
    gs.fleet(models, tmp_path / "out")
    nowhere = {"engine": "dask", "address": "no address"}
    assert gs.fleet(models, tmp_path / "out", **nowhere).document.outcomes["kept"] == 22
    with pytest.raises(ValueError, match="no address"):
        gs.fleet(models, tmp_path / "out", retry=True, **nowhere)
    with pytest.raises(ValueError, match="no engine 'nothing'; there are dask, local"):
        gs.fleet(models, tmp_path / "out", engine="nothing")


def test_it_shows_a_table_and_what_is_wrong(models: Path, tmp_path: Path, run_command: RunCommand) -> None:
    code, out, err = run_command("fleet", models, "-o", tmp_path / "out", "--shard", "1/1")
    assert (code, err) == (3, "")
    assert out.startswith("24 models of 24, shard 1/1\n21 sound · 1 not sound · 2 failed\n22 measured · 2 failed\n")
    assert "model-0007.gguf\n  " in out
    code, out, _ = run_command("fleet", models / "1", "-o", tmp_path / "out")
    assert (code, out.splitlines()[2]) == (0, "4 kept")
    code, out, _ = run_command("fleet", models / "5", "-o", tmp_path / "out")
    assert code == 1


@pytest.mark.parametrize("columns", [40, 80])
def test_a_terminal_sees_progress_and_a_pipe_the_whole_table(models: Path, tmp_path: Path, columns: int) -> None:
    words = ("fleet", models / "1", "-o", tmp_path / "out")
    screen, table = on_a_terminal(*words, output_apart=True, COLUMNS=str(columns))
    assert "of 4 models: model-" in screen
    (head,) = (line for line in table.splitlines() if line.startswith("model "))
    assert head.split() == ["model", "kind", "parameters", "size", "bits/weight", "type", "verdict"]
    assert "model-0001.gguf" in table
