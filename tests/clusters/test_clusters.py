"""Calls on a Dask cluster, and profiles by one: lost workers, a lost scheduler, other versions, Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.clusters.connecting import connected, local_workers
from ggufscope.clusters.submission import Submission
from ggufscope.errors import ClusterError, TaskLostError, exit_code, one_line
from ggufscope.profiles.batches import BatchLimits
from support import cluster_calls, small_models
from support.clusters import other_process
from support.model_files import write_model
from support.range_server import range_server

SMALL_PIECES = BatchLimits(n_bytes=1000)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client of two worker processes."""
    with connected("local:2") as client:
        yield client


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    llama = small_models.llama(n_layers=2)
    experts = {"blk.1.ffn_gate_exps.weight": small_models.weights(60, 5, 256, 32)}
    path = tmp_path_factory.mktemp("clusters") / "model.gguf"
    return write_model(path, llama["tensors"] | experts, llama["metadata"])


@pytest.fixture(scope="module")
def of_one_process(model: Path) -> str:
    return gs.profile(model).to_json(reproducible=True)


def test_a_profile_by_a_cluster_is_that_of_one_process(client: Any, model: Path, of_one_process: str) -> None:
    done: list[int] = []
    ahead: list[int] = []

    def look(n: int, total: int) -> None:
        done.append(n)
        ahead.append(len(client.futures))

    profile = gs.profile(model, client=client, limits=SMALL_PIECES, progress=look)
    assert profile.to_json(reproducible=True) == of_one_process
    assert profile.run is not None
    assert (profile.run.threads, profile.run.isa) == (2, gs._core.current_isa())
    assert done == sorted(done)
    assert done[-1] == profile.model.n_bytes
    assert len(set(done)) > 3
    assert max(ahead) < 12  # calls, and results that are not given back yet, of 21 pieces


def test_a_worker_that_is_killed_midway_changes_nothing(client: Any, model: Path, of_one_process: str) -> None:
    pids, killed = client.run(os.getpid), []

    def kill(done: int, total: int) -> None:
        if done and not killed:
            killed.append(min(pids))
            os.kill(pids[killed[0]], signal.SIGKILL)

    profile = gs.profile(model, client=client, limits=SMALL_PIECES, progress=kill)
    assert len(killed) == 1
    assert profile.to_json(reproducible=True) == of_one_process


def test_the_call_of_a_lost_worker_goes_to_another(client: Any, tmp_path: Path) -> None:
    with Submission[str](client) as submission:
        submission.submit("waiting", cluster_calls.wait_for, tmp_path / "go", tmp_path)
        while not (first := [int(path.name) for path in tmp_path.iterdir()]):
            time.sleep(0.01)
        os.kill(first[0], signal.SIGKILL)
        (tmp_path / "go").touch()
        key, result = submission.next()
    assert key == "waiting"
    assert result() not in first


def test_a_call_with_which_too_many_workers_are_lost_is_given_up(client: Any, tmp_path: Path) -> None:
    client.run_on_scheduler(cluster_calls.allow_failures, 0)
    try:
        with Submission[str](client) as submission:
            submission.submit("waiting", cluster_calls.wait_for, tmp_path / "go", tmp_path)
            while not (first := [int(path.name) for path in tmp_path.iterdir()]):
                time.sleep(0.01)
            os.kill(first[0], signal.SIGKILL)
            _, result = submission.next()
            with pytest.raises(
                TaskLostError, match=r"workers were lost with this call, 1 in all, the last of them tcp://"
            ):
                result()
    finally:
        client.run_on_scheduler(cluster_calls.allow_failures, 3)


def test_what_nobody_waits_for_is_cancelled(client: Any, model: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gs.profile(model, client=client, limits=SMALL_PIECES, progress=interrupt)
    deadline = time.monotonic() + 60
    while (left := client.run_on_scheduler(cluster_calls.keys_of_calls)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert client.futures == {}


def test_workers_fetch_the_pieces_of_a_model_elsewhere(client: Any, tmp_path: Path) -> None:
    tensors = {f"blk.0.ffn_{role}_exps.weight": small_models.weights(1, 6, 256, 1024) for role in ("gate", "up")}
    path = write_model(tmp_path / "model.gguf", tensors)
    with range_server(tmp_path) as server:
        whole = gs.profile(f"{server.url}/{path.name}")
        once, server.sent = server.sent, 0
        profile = gs.profile(f"{server.url}/{path.name}", client=client, limits=BatchLimits(n_bytes=4 << 20))
    assert profile.to_json(reproducible=True) == whole.to_json(reproducible=True)
    n_pieces, header = 4, 4 << 20
    assert server.sent < once + (n_pieces + 1) * header + (1 << 20)


def test_a_file_that_a_worker_cannot_see_is_told(client: Any, write_gguf: Any) -> None:
    path = write_gguf(**small_models.llama(n_layers=1))
    with gs.open(path) as model:
        path.unlink()
        with pytest.raises(FileNotFoundError) as caught:
            gs.profile(model, client=client)
    assert re.fullmatch(rf"{path}: No such file or directory, at worker tcp://[\d.:]+", one_line(caught.value))


def test_another_model_at_a_worker_is_told(client: Any, write_gguf: Any) -> None:
    path = write_gguf(**small_models.llama(n_layers=1))
    with gs.open(path) as model:
        path.unlink()
        write_gguf({"other.weight": np.ones((4, 32), np.float32)})
        with pytest.raises(gs.GGUFError, match="this is another model than the one whose profile was begun"):
            gs.profile(model, client=client)


def test_another_version_at_a_worker_is_refused(client: Any, model: Path) -> None:
    worker = sorted(client.nthreads())[0]
    client.run(cluster_calls.pretend_version, "0.0.1", workers=[worker])
    try:
        with pytest.raises(ClusterError) as caught:
            gs.profile(model, client=client)
    finally:
        client.run(cluster_calls.pretend_version, gs.__version__)
    assert one_line(caught.value) == (
        f"{worker}: this worker has ggufscope 0.0.1, where the work was begun it is {gs.__version__}"
    )
    assert exit_code(caught.value) == 3


def test_a_worker_that_comes_later_with_another_version_is_refused(client: Any) -> None:
    with Submission[int](client) as submission:
        client.run(cluster_calls.pretend_version, "0.0.1")
        try:
            submission.submit(0, cluster_calls.pretend_version, gs.__version__)
            with pytest.raises(ClusterError, match=r"this worker has ggufscope 0\.0\.1, where the work was begun"):
                submission.next()
        finally:
            client.run(cluster_calls.pretend_version, gs.__version__)


def test_a_worker_without_ggufscope_is_refused(client: Any, model: Path) -> None:
    worker = sorted(client.nthreads())[0]
    client.run(cluster_calls.pretend_missing, True, workers=[worker])
    try:
        with pytest.raises(ClusterError, match=f"{worker}: this worker has no ggufscope; it takes version"):
            gs.profile(model, client=client)
    finally:
        client.run(cluster_calls.pretend_missing, False, workers=[worker])


def test_a_lost_scheduler_is_one_line(model: Path) -> None:
    with other_process() as (address, process), connected(address) as client:

        def kill(done: int, total: int) -> None:
            if done:
                process.kill()

        with pytest.raises(ClusterError) as caught:
            gs.profile(model, client=client, limits=SMALL_PIECES, progress=kill)
        assert one_line(caught.value) == f"{address}: the scheduler was lost"
        assert exit_code(caught.value) == 3


def test_a_client_for_coroutines_is_refused(client: Any, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(client), "asynchronous", True)
    with pytest.raises(ValueError, match="client is asynchronous, for coroutines"):
        gs.profile(model, client=client)


@pytest.mark.parametrize("address", ["", "local", "local:0", "local:two", "localhost:8786", "tcp://"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"a cluster is tcp://HOST:PORT, or local:N for N processes here; not '"):
        local_workers(address)
