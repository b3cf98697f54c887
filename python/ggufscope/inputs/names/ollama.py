"""`ollama:NAME[:TAG]`: a model that Ollama keeps on this machine.

Ollama keeps manifests, `manifests/HOST/NAMESPACE/MODEL/TAG`, JSON that lists layers, and blobs, `blobs/sha256-DIGEST`.
The layer of media type `application/vnd.ollama.image.model` is a GGUF file. A name is `[HOST/][NAMESPACE/]MODEL[:TAG]`,
as `llama3.2:1b`, `someone/model` or `hf.co/org/name:Q4_K_M`.
"""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

from ..._core import GGUFError
from ..located import LocalFile

PREFIX = "ollama:"
_DEFAULT_HOST, _DEFAULT_NAMESPACE, _DEFAULT_TAG = "registry.ollama.ai", "library", "latest"
_MODEL_LAYER = "application/vnd.ollama.image.model"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(:[0-9]{1,5})?")
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_LARGEST_MANIFEST = 1 << 20
_MOST_LISTED = 40

_GIVEN: dict[str, str] = {}  # blob → the name by which it was asked for; several names may stand for one blob


def matches(name: str) -> bool:
    return name.startswith(PREFIX)


def locate(name: str) -> LocalFile:
    """The blob of a model.

    Raises:
        FileNotFoundError: Ollama has no such model here; the line lists those it has.
        GGUFError: Its manifest is malformed, or names no GGUF file, or several.
        ValueError: It is no name of a model.
        OSError: A file cannot be read.
    """
    parts = _parts(name)
    roots = _roots()
    for root in roots:
        manifest = root.joinpath("manifests", *parts)
        if manifest.is_file():
            blob = str(_blob(name, root, _digest(name, manifest)))
            _GIVEN[blob] = name
            return LocalFile(blob)
    known = sorted({shown for root in roots for shown in _installed(root)})
    listed = f"; there are {', '.join(known[:_MOST_LISTED])}" if known else ""
    where = " and ".join(map(str, roots))
    raise FileNotFoundError(f"{name}: Ollama keeps no such model in {where}{listed}")


def name_of_blob(path: str) -> str | None:
    """The name of the model that a file of Ollama is, whose own name is a digest; None of any other file.

    It is the name by which the file was asked for, or else the first of those that Ollama has for it.
    """
    directory, file = os.path.split(os.path.abspath(path))
    digest = _DIGEST.fullmatch(file)
    if digest is None or os.path.basename(directory) != "blobs":
        return None
    if path in _GIVEN:
        return _GIVEN[path]
    manifests = Path(directory).parent / "manifests"
    return min((_shown(each, manifests) for each in _manifests(manifests) if _is_of(each, digest[1])), default=None)


def _is_of(manifest: Path, digest: str) -> bool:
    """Whether a manifest is that of a model; one that cannot be read names nothing."""
    try:
        return _digest(str(manifest), manifest) == digest
    except (GGUFError, OSError):
        return False


def _roots() -> list[Path]:
    """The directories in which Ollama may keep models: its user's, or that of its system service on Linux."""
    own = os.environ.get("OLLAMA_MODELS")
    return [Path(own)] if own else [Path.home() / ".ollama/models", Path("/usr/share/ollama/.ollama/models")]


def _parts(name: str) -> tuple[str, str, str, str]:
    """Host, namespace, model and tag."""
    path, model = name.removeprefix(PREFIX).rpartition("/")[::2]
    before = path.split("/") if path else []
    model, _, tag = model.partition(":")
    parts = (
        before[0] if len(before) == 2 else _DEFAULT_HOST,
        before[-1] if before else _DEFAULT_NAMESPACE,
        model,
        tag or _DEFAULT_TAG,
    )
    if len(before) > 2 or not _HOST.fullmatch(parts[0]) or not all(_PART.fullmatch(part) for part in parts[1:]):
        raise ValueError(f"{name}: Ollama's names are [HOST/][NAMESPACE/]MODEL[:TAG], as ollama:llama3.2:1b")
    return parts


def _digest(name: str, manifest: Path) -> str:
    """The digest of a manifest's model."""
    with manifest.open("rb") as file:
        text = file.read(_LARGEST_MANIFEST + 1)
    try:
        if len(text) > _LARGEST_MANIFEST:
            raise ValueError("too large")
        content: Any = json.loads(text)
        layers = content["layers"]
        digests = [_DIGEST.fullmatch(layer["digest"]) for layer in layers if layer["mediaType"] == _MODEL_LAYER]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GGUFError(f"{name}: {manifest} is no manifest of Ollama ({error})") from None
    if len(digests) != 1 or digests[0] is None:
        raise GGUFError(f"{name}: the manifest {manifest} names {len(digests)} GGUF files; one is needed")
    return digests[0][1]


def _blob(name: str, root: Path, digest: str) -> Path:
    """The file of a digest; `:` stood in place of `-` in older versions of Ollama."""
    for separator in "-:":
        blob = root / "blobs" / f"sha256{separator}{digest}"
        if blob.is_file():
            return blob
    raise FileNotFoundError(errno.ENOENT, f"Ollama's blob of {name} is not there", str(root / f"blobs/sha256-{digest}"))


def _installed(root: Path) -> list[str]:
    """The names of the models in a directory of Ollama, as it shows them."""
    manifests = root / "manifests"
    return [_shown(file, manifests) for file in _manifests(manifests)]


def _manifests(directory: Path) -> list[Path]:
    return list(directory.glob("*/*/*/*"))


def _shown(file: Path, manifests: Path) -> str:
    """The name of a manifest's model."""
    host, namespace, model, tag = file.relative_to(manifests).parts
    path = [host, namespace, model] if host != _DEFAULT_HOST else [namespace, model]
    shown = model if path[:-1] == [_DEFAULT_NAMESPACE] else "/".join(path)
    return f"{PREFIX}{shown}:{tag}"
