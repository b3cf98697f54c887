"""Models that lie elsewhere: the same results as from a local copy, and what they cost."""

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import fsspec
import pytest

import ggufscope as gs
from ggufscope.synth import synthesize
from support.command_line import RunCommand
from support.importance_files import entry, write_importance
from support.measuring import measured
from support.range_server import RangeServer
from support.remote_models import write_8b_header, write_layers

WINDOW = 32_000_000


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 45 MB, more than a window."""
    return write_layers(tmp_path_factory.mktemp("layers") / "layers.gguf", layers=14)


@pytest.fixture
def url(server: RangeServer, layers: Path) -> str:
    """The same behind a URL with a secret."""
    (server.root / "layers.gguf").symlink_to(layers)
    return f"{server.url}/layers.gguf?token=secret"


def test_a_profile_is_the_local_one_from_one_download(server: RangeServer, layers: Path, url: str) -> None:
    expected = gs.profile(layers, hash=True)
    for window in (WINDOW, None):
        with gs.open(url, window=window) as model:
            server.forget()
            profile = gs.profile(model, hash=True)
            assert profile.to_json(True) == expected.to_json(True)
            assert model.identity == expected.model.identity
        assert server.sent <= 1.02 * layers.stat().st_size


def test_a_check_with_all_digests_is_one_download(server: RangeServer, layers: Path, url: str) -> None:
    expected = gs.check(layers, manifest=True)
    with gs.open(url, window=WINDOW) as model:
        verdict = gs.check(model, manifest=True)
    assert verdict.manifest is not None
    assert expected.manifest is not None
    assert verdict.manifest.document == expected.manifest.document
    assert (verdict.document.model, verdict.document.findings) == (expected.document.model, expected.document.findings)
    assert server.sent <= 1.02 * layers.stat().st_size


def test_a_study_without_a_run_is_that_of_the_local_file(layers: Path, url: str, tmp_path: Path) -> None:
    options = {"trace": False, "opening": 0}
    for source, name in ((layers, "local"), (url, "elsewhere")):
        with gs.open(source, window=WINDOW) as model:
            gs.study(model, tmp_path / name, **options)
    local, elsewhere = (json.loads((tmp_path / name / "check.json").read_text()) for name in ("local", "elsewhere"))
    assert elsewhere["findings"] == local["findings"]
    assert elsewhere["coverage"] == local["coverage"] == 1


def test_a_diff_reads_both_files_once(server: RangeServer, layers: Path, url: str) -> None:
    expected = gs.diff(layers, layers)
    made = gs.diff(layers, url)
    assert made.models[0].tensors == expected.models[0].tensors
    assert server.sent <= 1.05 * layers.stat().st_size


def test_drops_and_waits_change_nothing(server: RangeServer, layers: Path, url: str) -> None:
    server.behaviour.drop_after, server.behaviour.drops = 700_000, 5
    server.behaviour.refuse = [(503, {}), (429, {"Retry-After": "0"})]
    assert gs.profile(url, fast=True).to_json(True) == gs.profile(layers, fast=True).to_json(True)
    assert server.behaviour.drops == 0


def test_inspect_costs_the_header(server: RangeServer, tmp_path: Path, run_command: RunCommand) -> None:
    path = write_8b_header(server.root / "8b.gguf")
    assert path.stat().st_size > 4_500_000_000
    code, out, error = run_command("inspect", f"{server.url}/8b.gguf?token=secret")
    assert (code, error) == (0, "")
    assert len(server.requests) <= 4
    assert server.sent <= 16 << 20
    local = run_command("inspect", path)[1].replace(str(path), f"{server.url}/8b.gguf")
    assert out == local.replace("8b.gguf ·", f"{server.url}/8b.gguf ·", 1)  # the headline has the name as it was asked


def test_a_selection_fetches_its_tensors_alone(
    server: RangeServer, layers: Path, url: str, run_command: RunCommand
) -> None:
    words = ("--layers", "3-4", "--role", "ffn_down", "--columns", "name,rms")
    expected = run_command("profile", layers, *words)[1]
    code, out, error = run_command("profile", url, *words)
    assert (code, error) == (0, "")
    assert _table(out) == _table(expected)
    assert "2 of 58 tensors" in out
    assert server.sent == (4 << 20) + 2 * 512 * 512 * 4


def _table(shown: str) -> str:
    return shown.partition("tensors: ")[2]


def test_a_selection_reads_no_other_tensor_of_a_local_file(layers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ggufscope.profiles import profiling, selected  # noqa: PLC0415

    seen: list[int] = []
    observe = profiling.observe_model
    monkeypatch.setattr(
        profiling, "observe_model", lambda core, tensors, *rest: seen.extend(tensors) or observe(core, tensors, *rest)
    )
    whole = gs.profile(layers)
    seen.clear()
    with gs.open(layers) as model:
        chosen = [model.tensors["blk.3.attn_norm.weight"], model.tensors["blk.13.ffn_down.weight"]]
        read = selected.profile_selected(model, chosen)
        assert seen == [tensor.index for tensor in chosen]
    for name, row in read.rows.items():
        assert row.to_json() == whole.tensors[name].to_json()


def test_split_models(server: RangeServer, tmp_path: Path) -> None:
    files = synthesize("tiny", server.root / "tiny.gguf", "Q4_K_M", shards=3)
    assert len(files) == 3
    for file in files:
        with gs.open(f"{server.url}/{file.name}?token=secret") as model:
            assert [Path(name).name for name in model.files] == [each.name for each in files]
            assert model.file_sizes == [each.stat().st_size for each in files]
            assert model.identity == gs.open(file).identity
    files[1].unlink()
    with pytest.raises(gs.GGUFError, match="00002-of-00003") as caught:
        gs.open(f"{server.url}/{files[0].name}?token=secret")
    assert "secret" not in str(caught.value)


def test_models_elsewhere_pickle_as_their_names(url: str, layers: Path) -> None:
    with gs.open(url, window=WINDOW) as model:
        again = pickle.loads(pickle.dumps(model))  # noqa: S301
        tensor = pickle.loads(pickle.dumps(model.tensors["output_norm.weight"]))  # noqa: S301
    assert again.identity == gs.open(layers).identity
    with gs.open(layers) as local:
        assert bytes(tensor.data.reshape(-1)) == bytes(local.tensors["output_norm.weight"].data.reshape(-1))
        assert again.tensors["blk.2.attn_k.weight"].statistics() == local.tensors["blk.2.attn_k.weight"].statistics()
    again.close()


def test_a_file_that_changes_while_it_is_read(server: RangeServer, url: str, run_command: RunCommand) -> None:
    server.behaviour.refuse = [(404, {})]
    assert run_command("profile", url)[0] == 3
    with gs.open(url) as model:
        server.behaviour.etag = '"2"'
        with pytest.raises(gs.GGUFError, match=r"layers\.gguf: at byte \d+: the file's ETag is \"2\" now, and"):
            gs.profile(model)


def test_what_is_no_model_is_told(server: RangeServer, run_command: RunCommand) -> None:
    (server.root / "page").write_text("<!DOCTYPE html><html><body>Not Found</body></html>")
    (server.root / "pointer").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    for path, kind in (("page", "HTML"), ("pointer", "LFS")):
        code, out, error = run_command("inspect", f"{server.url}/{path}?token=secret")
        assert (code, out) == (3, "")
        assert kind in error
        assert error.startswith(f"ggufscope: {server.url}/{path}: ")
        assert error.count("\n") == 1


def test_a_malformed_model_is_a_verdict(server: RangeServer, stories260k: Path, run_command: RunCommand) -> None:
    content = stories260k.read_bytes()[:9000]
    digest = hashlib.sha256(content).hexdigest()
    for name in (f"sha256-{digest}", f"sha256-{64 * 'a'}", "cut.gguf"):
        (server.root / name).write_bytes(content)
        told = {
            where: json.loads(run_command("check", where, "--json")[1])
            for where in (f"{server.url}/{name}?token=secret", server.root / name)
        }
        ours, theirs = ({**each, "run": None} for each in told.values())
        assert ours == theirs
        assert not ours["readable"]
        assert len(ours["findings"]) == (2 if "aaaa" in name else 1)


def test_secrets_are_nowhere(server: RangeServer, url: str, tmp_path: Path, run_command: RunCommand) -> None:
    url = url.replace("http://", "http://secret:secret@")
    saved = [tmp_path / name for name in ("profile.json", "check.json", "manifest.json", "diff.json")]
    shown = [
        *run_command("inspect", url, "--json")[1:],
        *run_command("profile", url, "-o", saved[0])[1:],
        *run_command("check", url, "-o", saved[1], "--manifest", saved[2])[1:],
        *run_command("diff", url, url, "-o", saved[3])[1:],
        *run_command("bench", url)[1:],
        *run_command("trace", url)[1:],
        *run_command("inspect", url, "--kv", "none")[1:],
    ]
    server.behaviour.refuse = [(403, {})]
    shown += run_command("profile", url)[1:]
    assert all(path.exists() for path in saved)
    assert not [text for text in [*shown, *(path.read_text() for path in saved)] if "secret" in text]


def test_analyses_and_traces_of_models_elsewhere(server: RangeServer, stories260k: Path) -> None:
    (server.root / "stories.gguf").symlink_to(stories260k)
    name = f"{server.url}/stories.gguf"
    ours, theirs = (json.loads(gs.analyze(each).to_json()) for each in (name, stories260k))
    assert (ours["layers"], ours["hypotheses"]) == (theirs["layers"], theirs["hypotheses"])
    traced = [gs.trace(each, probe="random:1", max_new_tokens=0).to_json() for each in (name, stories260k)]
    first, second = ({**json.loads(each), "run": None} for each in traced)
    assert {name for name in first if first[name] != second[name]} == {"model"}  # the names of the files


def test_what_takes_files_of_this_machine_alone(url: str, run_command: RunCommand) -> None:
    refused = {
        ("trace", url, "--engine", "llama.cpp"): (3, "llama.cpp reads files of this machine alone"),
        ("bench", url): (2, "only files of this machine are measured"),
    }
    for words, (expected, line) in refused.items():
        code, out, error = run_command(*words)
        assert (code, out) == (expected, "")
        assert line in error


def test_file_systems_of_fsspec(layers: Path, tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/models/layers.gguf", layers.read_bytes())
    expected = gs.profile(layers, fast=True).to_json(True)
    archive = tmp_path / "layers.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(layers, "layers.gguf")
    for name in ("memory://models/layers.gguf", f"local://{layers}", f"zip://layers.gguf::file://{archive}"):
        with gs.open(name, window=WINDOW) as model:
            assert model.path == name
            assert gs.profile(model, fast=True).to_json(True) == expected
    with pytest.raises(FileNotFoundError, match=r"memory://models/none\.gguf"):
        gs.open("memory://models/none.gguf")
    with pytest.raises(IsADirectoryError, match="is no file of a known size"):
        gs.open("memory://models")
    memory.rm("/models", recursive=True)


MEMORY = """
    import threading, time
    import ggufscope as gs
    def watch():
        while True:
            sample()
            time.sleep(0.005)
    with gs.open(sys.argv[2], window=32_000_000) as model:
        gs.profile(model, threads=2, fast=True)  # once, so that all is loaded
    with gs.open(sys.argv[1], window=32_000_000) as model:
        before = anonymous()
        threading.Thread(target=watch, daemon=True).start()
        gs.profile(model, threads=2, fast=True)
    print(json.dumps({"grown": peak - before, "tells": before > 0}))
"""


def test_memory_is_bounded(server: RangeServer) -> None:
    write_layers(server.root / "large.gguf", layers=40)
    write_layers(server.root / "small.gguf", layers=1)
    grown = measured(MEMORY, f"{server.url}/large.gguf", f"{server.url}/small.gguf")
    if not grown["tells"]:
        pytest.skip("this system does not tell anonymous memory")
    assert grown["grown"] < 90e6  # of 130 MB


def test_ctrl_c_ends_while_the_server_is_silent(server: RangeServer, url: str) -> None:
    server.behaviour.rate = 8e6
    running = subprocess.Popen(
        [sys.executable, "-m", "ggufscope", "profile", url, "--threads", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    while len(server.requests) < 3:  # the header, and two pieces of what is announced
        assert running.poll() is None
        time.sleep(0.02)
    server.behaviour.rate = 1e3
    time.sleep(0.3)
    clock = time.monotonic()
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=20)
    assert time.monotonic() - clock < 3  # one second, and what a busy machine adds
    assert (running.returncode, out) == (130, "")
    assert error == "ggufscope: interrupted\n"


def test_json_of_inspect_names_the_file(url: str, run_command: RunCommand) -> None:
    told = json.loads(run_command("inspect", url, "--json")[1])
    assert [file["path"] for file in told["model"]["files"]] == [url.partition("?")[0]]


def test_importance_matrices(server: RangeServer, run_command: RunCommand) -> None:
    path = write_importance(server.root / "imatrix.gguf", {"blk.0.attn_q.weight": entry(1, 64)})
    code, out, error = run_command("inspect", f"{server.url}/imatrix.gguf", "--json")
    assert (code, error) == (0, "")
    assert json.loads(out)["importance"] == json.loads(run_command("inspect", path, "--json")[1])["importance"]
