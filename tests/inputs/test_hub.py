"""The hub by its own client, against a server here, and the cache that the client makes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.range_server import RangeServer
from support.remote_models import COMMIT, serve_hub, write_layers

TELL = """
import json, sys
import ggufscope as gs
for name in sys.argv[1:]:
    try:
        with gs.open(name) as model:
            print(json.dumps([model.path, model.n_parameters, gs.profile(model, fast=True).model.identity]))
    except Exception as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""
DOWNLOAD = """
import sys
import huggingface_hub
print(huggingface_hub.hf_hub_download("org/one", "a.gguf"))
"""


def run(script: str, *words: str, server: RangeServer, home: Path, **more: str) -> list[str]:
    """The lines that a script prints whose hub is the server."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HF_ENDPOINT": server.url,
        "HF_HOME": str(home),
        "HF_TOKEN": "hf_secret",
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-c", script, *words], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    assert "secret" not in done.stdout
    return done.stdout.splitlines()


@pytest.fixture
def hub(server: RangeServer) -> RangeServer:
    """The server as the hub, with a repository of one model, of two, and a split one."""
    write_layers(server.root / "a.gguf", layers=3)
    write_layers(server.root / "b.gguf", layers=2)
    (server.root / "README.md").write_text("-")
    serve_hub(server, {"one": ["README.md", "a.gguf"], "two": ["a.gguf", "b.gguf"]})
    return server


def test_the_hubs_own_names(hub: RangeServer, tmp_path: Path) -> None:
    names = [
        "hf://org/one/a.gguf",
        "hf://models/org/one@branch%2Fname/a.gguf",
        "hf://org/one",
        "hf://org/one@refs/pr/3",
    ]
    refused = ["hf://org/two", "hf://org/none/a.gguf", "hf://org/none", "hf://org/one/none.gguf"]
    told = [json.loads(line) for line in run(TELL, *names, *refused, server=hub, home=tmp_path)]
    paths = ["a.gguf", "a.gguf", "a.gguf", "a.gguf"]
    assert [Path(path).name for path, _, _ in told[:4]] == paths
    assert told[1][0] == "hf://org/one@branch%2Fname/a.gguf"
    assert told[2][0] == "hf://org/one/a.gguf"
    assert len({identity for _, _, identity in told[:4]}) == 1
    kinds = ["ValueError", "FileNotFoundError", "FileNotFoundError", "FileNotFoundError"]
    assert [kind for kind, _ in told[4:]] == kinds
    sizes = [(hub.root / name).stat().st_size / 1e6 for name in ("a.gguf", "b.gguf")]
    assert told[4][1] == (
        f"hf://org/two: 2 models; name one of them, as hf://org/two/PATH: "
        f"a.gguf ({sizes[0]:.1f} MB), b.gguf ({sizes[1]:.2f} MB)"
    )
    assert "the hub shows no such repository" in told[5][1]
    assert "the hub shows no such repository" in told[6][1]
    assert "the repository has no such file in this revision" in told[7][1]
    _only_the_hub_sees_the_token(hub)


def _only_the_hub_sees_the_token(hub: RangeServer) -> None:
    """And later ranges go to the signed location, without asking the hub again."""
    told = {name: value for request in hub.requests for name, value in request.headers.items()}
    assert "Bearer hf_secret" in told.values()
    signed = [request for request in hub.requests if request.query.startswith("signature")]
    assert len(signed) == 8
    assert not [request for request in signed if "authorization" in map(str.lower, request.headers)]
    resolved = [request for request in hub.requests if "/resolve/" in request.path]
    assert len(resolved) == 6  # one for each name with a path, or with a repository of one model


def test_a_hub_that_is_not_to_be_asked(hub: RangeServer, tmp_path: Path) -> None:
    told = run(TELL, "hf://org/one/a.gguf", server=hub, home=tmp_path, HF_HUB_OFFLINE="1")
    assert list(map(json.loads, told)) == [
        ["OSError", "hf://org/one: HF_HUB_OFFLINE is set, and the hub is not asked; hf-cache:org/one is what is here"]
    ]
    assert not hub.requests


def test_the_cache_of_the_hubs_client(hub: RangeServer, tmp_path: Path) -> None:
    (kept,) = run(DOWNLOAD, server=hub, home=tmp_path)
    hub.forget()
    names = [
        "hf-cache:org/one",
        "hf-cache:org/one/a.gguf",
        "hf-cache:org/one@main/a.gguf",
        f"hf-cache:org/one@{COMMIT}",
    ]
    refused = ["hf-cache:org/two", "hf-cache:org/one@v9", "hf-cache:org/one/none.gguf", "hf-cache:org/one@../../x"]
    told = [json.loads(line) for line in run(TELL, *names, *refused, server=hub, home=tmp_path)]
    assert [path for path, _, _ in told[:4]] == 4 * [kept]
    assert [kind for kind, _ in told[4:]] == [*3 * ["FileNotFoundError"], "ValueError"]
    assert told[5][1] == f"hf-cache:org/one@v9: the cache does not have the revision v9; there are the commits {COMMIT}"
    assert not [request for request in hub.requests if "resolve" in request.path]
    elsewhere = run(TELL, names[0], server=hub, home=tmp_path / "x", HF_HUB_CACHE=str(tmp_path / "hub"))
    assert json.loads(elsewhere[0]) == told[0]
