"""`hf-cache:ORG/NAME[@REV][/PATH]`: a model that huggingface_hub has downloaded, without a look at the hub.

The cache keeps `models--ORG--NAME/refs/REV`, files that hold the commit of a branch or tag, and
`models--ORG--NAME/snapshots/COMMIT/PATH`, links to blobs. It lies in `$HF_HUB_CACHE`, or else in `$HF_HOME/hub`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..candidates import candidates, the_model
from ..located import LocalFile

PREFIX = "hf-cache:"
_NAME = re.compile(
    r"(?P<org>[\w.-]+)/(?P<repo>[\w.-]+)(?:@(?P<revision>refs/(?:convert/[\w.-]+|pr/\d+)|[^/]+))?(?:/(?P<path>.+))?",
    re.ASCII,
)
_DEFAULT_REVISION = "main"


def matches(name: str) -> bool:
    return name.startswith(PREFIX)


def locate(name: str) -> LocalFile:
    """The file in the cache.

    Raises:
        FileNotFoundError: The repository, the revision or the file is not in the cache.
        ValueError: It is no such name, or stands for several models; the line lists them.
        OSError: A file cannot be read.
    """
    from urllib.parse import unquote  # noqa: PLC0415  takes a while to import

    match = _NAME.fullmatch(name.removeprefix(PREFIX))
    path = match["path"] if match is not None else None
    if match is None or any(part in {"", ".", ".."} for part in (path or "model").split("/")):
        raise ValueError(f"{name}: names of the cache are hf-cache:ORG/NAME[@REV][/PATH]")
    revision = unquote(match["revision"] or _DEFAULT_REVISION)
    snapshot = _snapshot(name, _cache() / f"models--{match['org']}--{match['repo']}", revision)
    if path is None:
        base = f"{PREFIX}{match['org']}/{match['repo']}" + (f"@{match['revision']}" if match["revision"] else "")
        path = the_model(name, candidates(_files(snapshot)), f"{base}/PATH").path
    file = snapshot / path
    if not file.is_file():
        raise FileNotFoundError(f"{name}: the cache has no {path} of that commit in {snapshot}")
    return LocalFile(str(file))


def _cache() -> Path:
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "huggingface"
    )
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or os.path.join(home, "hub")
    return Path(os.path.expandvars(os.path.expanduser(cache)))


def _snapshot(name: str, repository: Path, revision: str) -> Path:
    """The directory of a commit, of which a branch or tag tells."""
    if not repository.is_dir():
        raise FileNotFoundError(f"{name}: not in the cache, {repository} is not there")
    ref = repository / "refs" / revision
    inside = ref.resolve().is_relative_to((repository / "refs").resolve())
    commit = ref.read_text(encoding="utf-8").strip() if inside and ref.is_file() else revision
    snapshot = repository / "snapshots" / commit
    if "/" in commit or commit in {"", ".", ".."} or not snapshot.is_dir():
        kept = sorted(path.name for path in (repository / "snapshots").glob("*"))
        known = f"; there are the commits {', '.join(kept)}" if kept else ""
        raise FileNotFoundError(f"{name}: the cache does not have the revision {revision}{known}")
    return snapshot


def _files(snapshot: Path) -> list[tuple[str, int]]:
    """Paths and sizes of the files of a commit; links to blobs that are gone count with no bytes."""
    files = [path for path in snapshot.rglob("*") if path.is_file() or path.is_symlink()]
    return [(path.relative_to(snapshot).as_posix(), path.stat().st_size if path.is_file() else 0) for path in files]
