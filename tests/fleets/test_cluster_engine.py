"""The engine on a Dask cluster: the directories of the engine in this process, whatever is lost meanwhile."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.errors import ClusterError, MissingExtraError
from ggufscope.extras import install_hint
from ggufscope.fleets.engines.dask import DaskEngine, open_engine
from ggufscope.fleets.engines.engine import Watch
from ggufscope.fleets.engines.local import LocalEngine
from ggufscope.fleets.task import Measured, Task, measured_failure
from ggufscope.profiles.batches import BatchLimits
from ggufscope.profiles.profile_records import ProfileSettings
from support import small_models
from support.clusters import other_process
from support.model_files import write_model

LARGE = 100_000  # bytes from which on these tests cut a model
LIMITS = BatchLimits(n_bytes=30_000)


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> list[Task]:
    """Small models, two that are cut, a damaged one, one that is none and one that is not there."""
    directory = tmp_path_factory.mktemp("fleet")
    paths = [
        write_model(directory / f"small-{seed}.gguf", **small_models.llama(n_layers=1, seed=seed)) for seed in range(5)
    ]
    large = small_models.llama(n_layers=5)
    large["tensors"]["blk.1.ffn_gate_exps.weight"] = small_models.weights(60, 5, 256, 32)
    paths.append(write_model(directory / "large.gguf", **large))
    broken = large | {"tensors": large["tensors"] | small_models.ridden()["tensors"]}
    paths.append(write_model(directory / "large-broken.gguf", **broken))
    (directory / "cut.gguf").write_bytes(paths[0].read_bytes()[:-100])
    (directory / "text.gguf").write_text("no model")
    paths += [directory / "cut.gguf", directory / "text.gguf", directory / "missing.gguf"]
    return [Task(str(path), n_bytes=path.stat().st_size if path.exists() else None) for path in paths]


@pytest.fixture(scope="module")
def of_one_process(tasks: list[Task]) -> dict[str, Measured]:
    return {task.name: measured for task, measured in LocalEngine(1).outcomes(tasks, Watch())}


@pytest.fixture(scope="module")
def engine() -> Iterator[DaskEngine]:
    with DaskEngine("local:2", 1, LARGE, LIMITS) as engine:
        yield engine


def test_directories_are_those_of_one_process(
    engine: DaskEngine, tasks: list[Task], of_one_process: dict[str, Measured]
) -> None:
    moved: dict[str, list[tuple[int, int]]] = {}
    watch = Watch(lambda task, done, total: moved.setdefault(task.name, []).append((done, total)))
    outcomes = list(engine.outcomes(tasks, watch))
    assert sorted(task.name for task, _ in outcomes) == sorted(task.name for task in tasks)
    assert {task.name: measured for task, measured in outcomes} == of_one_process
    assert len(moved[tasks[5].name]) > 10  # it was cut
    assert all(done == total for done, total in (steps[-1] for steps in moved.values()))


def test_a_worker_that_is_killed_midway_changes_nothing(
    engine: DaskEngine, tasks: list[Task], of_one_process: dict[str, Measured]
) -> None:
    pids, killed, lines = engine.client.run(os.getpid), [], []

    def kill(task: Task, done: int, total: int) -> None:
        if 0 < done < total and not killed:
            killed.append(min(pids))
            os.kill(pids[killed[0]], signal.SIGKILL)

    outcomes = dict(engine.outcomes([*tasks, *tasks], Watch(kill, lines.append)))
    assert len(killed) == 1
    assert {task.name: measured for task, measured in outcomes.items()} == of_one_process
    assert lines in ([], [f"{killed[0]}: this worker was lost; others take its work"])


@pytest.mark.parametrize(
    "settings",
    [ProfileSettings(fast=True), ProfileSettings(stored=True), ProfileSettings(sparsity_threshold=0.05)],
    ids=str,
)
def test_pieces_are_looked_at_for_checks_whatever_the_profile_is_of(
    engine: DaskEngine, tmp_path: Path, settings: ProfileSettings
) -> None:
    """A model with factors and with holes, and one whose name has a digest, which takes a check of its own."""
    large = small_models.llama(n_layers=5)
    hole = small_models.weights(60, 5, 256, 32)
    hole.reshape(-1)[10_010:11_000] = 0
    large["tensors"] |= {"blk.1.ffn_gate_exps.weight": hole, **factored()}
    path = write_model(tmp_path / "holes.gguf", **large)
    named = tmp_path / f"sha256-{hashlib.sha256(path.read_bytes()).hexdigest()}"
    shutil.copy(path, named)
    tasks = [Task(str(each), settings, path.stat().st_size) for each in (path, named)]
    outcomes = list(engine.outcomes(tasks, Watch()))
    expected = {task.name: measured for task, measured in LocalEngine(1).outcomes(tasks, Watch())}
    assert {task.name: measured for task, measured in outcomes} == expected
    assert b'"hole"' in expected[str(path)].files["check.json"]


def factored() -> dict[str, object]:
    """A matrix of NVFP4 with a factor beside it."""
    blocks = np.random.default_rng(3).integers(0, 256, (64, 36), np.uint8)
    blocks[:, :4] = 0x38
    return {
        "blk.2.ffn_gate.weight": (blocks.reshape(64, 36), "NVFP4"),
        "blk.2.ffn_gate.scale": np.array([1e-3], np.float32),
    }


def test_a_model_that_changes_meanwhile_fails_alone(engine: DaskEngine, tasks: list[Task], tmp_path: Path) -> None:
    path = tmp_path / "changes.gguf"
    path.write_bytes(Path(tasks[5].name).read_bytes())
    changing = Task(str(path), n_bytes=path.stat().st_size)

    def change(task: Task, done: int, total: int) -> None:
        if task is changing and path.stat().st_size == changing.n_bytes:
            write_model(tmp_path / "other.gguf", **small_models.llama(n_layers=4, seed=1)).replace(path)

    outcomes = dict(engine.outcomes([changing, *tasks[:2]], Watch(change)))
    error = gs.GGUFError(f"{path}: this is another model than the one whose profile was begun")
    assert outcomes[changing].record == measured_failure(changing.name, changing.settings, error).record
    assert len(outcomes) == 3


@pytest.mark.parametrize("number", [0, 5], ids=["whole", "in pieces"])
def test_a_model_that_a_worker_cannot_see_says_so(engine: DaskEngine, tasks: list[Task], number: int) -> None:
    with Path(tasks[number].name).open("rb") as file:
        descriptor = fcntl.fcntl(file, fcntl.F_DUPFD, 600)  # that this process alone has
        hidden = Task(f"/proc/self/fd/{descriptor}", n_bytes=tasks[number].n_bytes)
        try:
            ((_, measured),) = engine.outcomes([hidden], Watch())
        finally:
            os.close(descriptor)
    assert str(measured.record).count(f"{hidden.name}: No such file or directory, at worker tcp://127.0.0.1:") == 1


def test_what_is_finished_when_the_scheduler_is_lost_is_true(
    tasks: list[Task], of_one_process: dict[str, Measured]
) -> None:
    finished: dict[str, Measured] = {}

    def run(engine: DaskEngine, process: subprocess.Popen[str]) -> None:
        for task, measured in engine.outcomes(tasks * 20, Watch()):
            finished[task.name] = measured
            process.kill()

    with other_process() as (address, process), DaskEngine(address, 1, LARGE, LIMITS) as engine:
        with pytest.raises(ClusterError) as caught:
            run(engine, process)
        assert str(caught.value) == f"{address}: the scheduler was lost"
    assert finished
    assert finished.items() <= of_one_process.items()


def test_a_fleet_goes_on_from_where_its_scheduler_was_lost(tasks: list[Task], tmp_path: Path) -> None:
    models = [tmp_path / f"{number}.gguf" for number in range(30)]
    for path in models:
        shutil.copy(tasks[0].name, path)
    out = tmp_path / "out"
    with other_process() as (address, process), pytest.raises(ClusterError, match="the scheduler was lost"):
        gs.fleet(models, out, engine="dask", address=address, finished=lambda _: process.kill())
    kept = len(list(out.glob("model=*")))
    assert 0 < kept < len(models)
    outcomes = [model.outcome for model in gs.fleet(models, out).document.models]
    assert (outcomes.count("kept"), outcomes.count("measured")) == (kept, len(models) - kept)


def test_threads_of_workers_here_are_not_more_than_cores() -> None:
    """Held by the arguments that the engine is made with; no worker is started."""
    cores = gs._core.usable_cores()
    made: list[tuple[str, int]] = []

    def engine(address: str, threads: int) -> None:
        made.append((address, threads))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ggufscope.fleets.engines.dask.DaskEngine", engine)
        open_engine("local:1", None)
        open_engine(f"local:{2 * cores}", None)
        open_engine("tcp://10.0.0.1:8786", None)
        open_engine("tcp://10.0.0.1:8786", 3)
    assert [threads for _, threads in made] == [cores, 1, 1, 3]


def test_without_an_address_or_dask_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="the engine dask needs an address: tcp://HOST:PORT, or local:N"):
        open_engine(None, None)
    monkeypatch.setattr("ggufscope.extras.find_spec", lambda package: None)
    with pytest.raises(MissingExtraError, match=f"the package distributed: {re.escape(install_hint('cluster'))}"):
        open_engine("local:1", None)


def test_ctrl_c_ends_all_processes_and_keeps_what_is_finished(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    first = write_model(models / "0.gguf", **small_models.llama())
    for number in range(1, 200):
        shutil.copy(first, models / f"{number}.gguf")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "ggufscope", "fleet", str(models), "-o", str(out), "--cluster", "local:2"]
    # A session of its own: a terminal sends Ctrl-C to all processes of the command.
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while not any(out.glob("model=*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    kept = re.fullmatch(r"ggufscope: interrupted: (\d+) of 200 models are kept, and the same command goes on\n", said)
    assert kept is not None, said
    assert 0 < int(kept[1]) < 200
    assert len(list(out.glob("model=*"))) == int(kept[1])
    assert_session_ends(process.pid)


def assert_session_ends(group: int) -> None:
    """Wait until no process of a session is left."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail("processes are left")
