"""Functions that tests have workers of a cluster call; workers find them by name."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import ggufscope._version
from ggufscope.clusters import workers


def wait_for(go: Path, pids: Path) -> int:
    """Tell the process in a file of `pids`, and stay until the file `go` is there."""
    (pids / str(os.getpid())).touch()
    while not go.exists():
        time.sleep(0.01)
    return os.getpid()


def pretend_version(version: str) -> None:
    """Have this process say that its ggufscope is another version."""
    ggufscope._version.__version__ = workers.__version__ = version


def pretend_missing(missing: bool) -> None:
    """Have this process not find ggufscope's version, or find it again."""
    name = "ggufscope._version"
    sys.modules[name] = None if missing else ggufscope._version  # type: ignore[assignment]


def allow_failures(number: int, dask_scheduler: Any) -> None:
    """Have a scheduler give up a call when more workers than this were lost with it."""
    dask_scheduler.allowed_failures = number


def keys_of_calls(dask_scheduler: Any) -> list[str]:
    """The calls that a scheduler knows of, under way or done."""
    return [key for key in dask_scheduler.tasks if key.startswith("call-")]
