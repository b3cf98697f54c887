"""Names of models: which file each kind stands for, and what is said where it stands for none."""

import re
import shutil
import sys
from pathlib import Path

import pytest

import ggufscope as gs
from ggufscope.errors import MissingExtraError
from ggufscope.extras import install_hint
from ggufscope.inputs.candidates import candidates
from ggufscope.inputs.located import read_whole
from ggufscope.inputs.names import ollama
from ggufscope.inputs.naming import file_name, is_remote, locate, resolved, shown_name
from ggufscope.models.subject import Subject
from support.command_line import RunCommand
from support.remote_models import write_ollama

MODEL = "hf.co/org/name/Q4_K_M"


def test_a_path_stands_for_itself(tmp_path: Path, stories260k: Path) -> None:
    for name in (str(stories260k), stories260k, f"file://{stories260k}"):
        assert locate(name).path == str(stories260k)
    odd = tmp_path / "ollama:model"  # what is here comes first
    shutil.copy(stories260k, odd)
    assert resolved(str(odd)) == str(odd)
    with gs.open(odd) as model:
        assert model.n_parameters == 292_800


def test_a_directory_stands_for_its_one_model(tmp_path: Path, stories260k: Path) -> None:
    with pytest.raises(IsADirectoryError, match=r"is a directory without a model \(.gguf, .safetensors\)"):
        gs.open(tmp_path)
    shutil.copy(stories260k, tmp_path / "model.gguf")
    (tmp_path / "mmproj-model.gguf").write_bytes(b"GGUF")
    (tmp_path / "imatrix.gguf").write_bytes(b"GGUF")
    (tmp_path / "README.md").write_text("-")
    with gs.open(tmp_path) as model:
        assert model.path == str(tmp_path / "model.gguf")
    shutil.copy(stories260k, tmp_path / "other.gguf")
    listed = re.escape(
        f"{tmp_path}: 4 models; name one of them, as {tmp_path}/PATH: imatrix.gguf (4 B), mmproj-model.gguf (4 B), "
        "model.gguf (1.19 MB), other.gguf (1.19 MB)"
    )
    with pytest.raises(ValueError, match=listed):
        gs.open(tmp_path)


def test_an_index_without_its_files_tells_which_are_missing(tmp_path: Path) -> None:
    index = '{"weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}}'
    (tmp_path / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    with pytest.raises((OSError, ValueError), match=r"model-00001-of-00002\.safetensors"):
        gs.open(tmp_path)


@pytest.mark.parametrize(("name", "hint"), [("Org/Model-8B", True), ("Org/model.gguf", False), ("here/model", False)])
def test_what_may_be_a_repository_of_the_hub_is_pointed_there(
    name: str, hint: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    with pytest.raises(FileNotFoundError) as raised:
        gs.open(name)
    assert (f"the repository of the hub is hf://{name}" in str(raised.value)) == hint


def test_files_of_one_model_are_one_candidate() -> None:
    files = [
        ("a-00002-of-00002.gguf", 20),
        ("a-00001-of-00002.gguf", 10),
        ("b/model-00001-of-00002.safetensors", 1),
        ("b/model-00002-of-00002.safetensors", 2),
        ("b/model.safetensors.index.json", 99),
        ("c/model.safetensors", 5),
        ("c/config.json", 5),
    ]
    assert list(map(str, candidates(files))) == [
        "a-00001-of-00002.gguf (2 files, 30 B)",
        "b/model.safetensors.index.json (2 files, 3 B)",
        "c/model.safetensors (5 B)",
    ]


@pytest.mark.parametrize(
    ("name", "manifest"),
    [
        ("ollama:llama3.2", "registry.ollama.ai/library/llama3.2/latest"),
        ("ollama:llama3.2:1b", "registry.ollama.ai/library/llama3.2/1b"),
        ("ollama:someone/model:v1", "registry.ollama.ai/someone/model/v1"),
        ("ollama:hf.co/org/name:Q4_K_M", MODEL),
    ],
)
def test_ollama(tmp_path: Path, stories260k: Path, monkeypatch: pytest.MonkeyPatch, name: str, manifest: str) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    blob = write_ollama(tmp_path, manifest, stories260k.read_bytes())
    with gs.open(name) as model:
        assert model.path == str(blob)
        assert model.n_parameters == 292_800
        assert Subject.of(model).file == name, "the name of the blob, a digest, tells nobody which model it is"
    ollama._GIVEN.clear()
    assert file_name(str(blob)) == (name if ":" in name.removeprefix(ollama.PREFIX) else f"{name}:latest")
    assert file_name(str(blob.parent / "m.gguf")) == "m.gguf"


def test_no_result_is_written_over_what_ollama_keeps(
    tmp_path: Path, stories260k: Path, monkeypatch: pytest.MonkeyPatch, run_command: RunCommand
) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    blob = write_ollama(tmp_path, MODEL, stories260k.read_bytes())
    for command in ("profile", "check", "trace"):
        code, out, error = run_command(command, "ollama:hf.co/org/name:Q4_K_M", "-o", blob, "--force")
        assert (code, out, error) == (2, "", f"ggufscope: {blob} is an input: results need a file of their own\n")
    assert blob.read_bytes() == stories260k.read_bytes()


def test_ollamas_older_blobs_and_its_usual_directory(
    tmp_path: Path, stories260k: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OLLAMA_MODELS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    blob = write_ollama(tmp_path / ".ollama/models", MODEL, stories260k.read_bytes())
    older = blob.rename(blob.with_name(blob.name.replace("-", ":")))
    assert resolved("ollama:hf.co/org/name:Q4_K_M") == str(older)


def test_what_ollama_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    write_ollama(tmp_path, "registry.ollama.ai/library/a/latest", b"a")
    write_ollama(tmp_path, MODEL, b"b")
    line = (
        f"ollama:b: Ollama keeps no such model in {tmp_path}; there are ollama:a:latest, ollama:hf.co/org/name:Q4_K_M"
    )
    with pytest.raises(FileNotFoundError, match=re.escape(line)):
        locate("ollama:b")
    shutil.rmtree(tmp_path / "blobs")
    with pytest.raises(FileNotFoundError, match="Ollama's blob of ollama:a is not there"):
        locate("ollama:a")


_MODEL_LAYER = {"mediaType": "application/vnd.ollama.image.model"}


@pytest.mark.parametrize(
    ("layers", "line"),
    [
        ([], "names 0 GGUF files; one is needed"),
        (
            2 * [{"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{64 * '1'}"}],
            "names 2 GGUF files",
        ),
        ([{**_MODEL_LAYER, "digest": "sha256:../../x"}], "names 1 GGUF files"),
        ([_MODEL_LAYER], "is no manifest of Ollama"),
        (["x"], "is no manifest of Ollama"),
    ],
)
def test_malformed_manifests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: list[dict[str, object]], line: str
) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    write_ollama(tmp_path, "registry.ollama.ai/library/a/latest", b"a", layers=layers)
    with pytest.raises(gs.GGUFError, match=line):
        locate("ollama:a")


@pytest.mark.parametrize(
    "name", ["ollama:", "ollama:../a", "ollama:a/b/c/d", "ollama:a:b/c", "ollama:a b", "ollama:.a"]
)
def test_names_that_ollama_does_not_give(name: str) -> None:
    with pytest.raises(ValueError, match="Ollama's names are"):
        locate(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("https://me:secret@example.org:8/a/b.gguf?signature=secret#x", "https://example.org:8/a/b.gguf"),
        ("memory://a/b.gguf", "memory://a/b.gguf"),
        ("zip://b.gguf::https://me:secret@example.org/a.zip?token=secret", "zip://b.gguf::https://example.org/a.zip"),
    ],
)
def test_names_are_shown_without_secrets(name: str, shown: str) -> None:
    assert is_remote(name)
    assert shown_name(name) == shown
    if "zip" not in name:
        assert (locate(name).name, locate(name).address) == (shown, name)


def test_files_beside_keep_query_and_host(tmp_path: Path) -> None:
    first = locate("https://example.org/a/m-00001-of-00002.gguf?token=1")
    other = first.sibling("https://example.org/a/m-00002-of-00002.gguf")
    assert (other.name, other.address) == (
        "https://example.org/a/m-00002-of-00002.gguf",
        "https://example.org/a/m-00002-of-00002.gguf?token=1",
    )
    assert first.sibling(first.name) is first
    (tmp_path / "config.json").write_text("{}")
    beside = locate(tmp_path / "a.gguf").beside("config.json")
    assert read_whole(beside, 10) == b"{}"
    with pytest.raises(ValueError, match="2 bytes; the limit is 1"):
        read_whole(beside, 1)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("https://example.org", "the URL of a file is https://HOST/PATH"),
        ("https:///a.gguf", "the URL of a file is"),
        ("https://example.org/\x1b[31m.gguf", r"https://example.org/\x1b[31m.gguf: a URL has no spaces or control"),
        ("http://example.org/a b.gguf", "a URL has no spaces"),
        ("https://example.org:99999/a.gguf", "no URL"),
        ("https://huggingface.co/org/name/blob/main/a/b.gguf", "a page about a file, which is hf://org/name/a/b.gguf"),
        ("https://huggingface.co/org/name/blob/v1/b.gguf", "a page about a file, which is hf://org/name@v1/b.gguf"),
        ("nonsense://a.gguf", "names do not begin with nonsense://"),
        ("hf-cache:name", "names of the cache are"),
        ("hf-cache:org/name/../../x", "names of the cache are"),
        ("hf://datasets/org/name/a.gguf", "a dataset of the hub, and no model"),
        ("hf://spaces/org/name", "a space of the hub, and no model"),
        ("hf://name", "Repository id must be 'namespace/name'"),
    ],
)
def test_malformed_names(run_command: RunCommand, name: str, line: str) -> None:
    code, out, error = run_command("inspect", name)
    assert (code, out) == (2, "")
    assert line in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("https://example.org/a.gguf", "httpx2"),
        ("hf://org/name/a.gguf", "huggingface_hub"),
        ("s3://a/b.gguf", "fsspec"),
    ],
)
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, name: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=re.escape(f"needs the package {package}: {install_hint('remote')}")):
        locate(name)


def test_a_package_that_a_file_system_needs_is_named() -> None:
    pytest.importorskip("fsspec")
    if shutil.which("s3fs") is None and "s3fs" not in sys.modules:
        with pytest.raises((MissingExtraError, OSError), match="s3"):
            gs.open("s3://bucket.invalid/a.gguf")
