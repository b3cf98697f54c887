"""The machine and the build that numbers were measured with: figures without them say nothing."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from .._core import usable_cores
from .._version import __version__

_PROCESSOR_FILE = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """The machine, as far as the system tells.

    Attributes:
        processor: its name.
        cores: that this process may use.
        memory: bytes; None where the system does not say.
        system: kernel and architecture.
        load: processes that wanted to run, averaged over the last minute; what they take is missing here.
    """

    processor: str
    cores: int
    memory: int | None
    system: str
    load: float | None

    @classmethod
    def this(cls) -> Machine:
        return cls(
            processor=_processor(),
            cores=usable_cores(),
            memory=_memory(),
            system=f"{platform.system()} {platform.machine()}",
            load=_load(),
        )


def versions() -> dict[str, str]:
    """Of ggufscope and of what is measured with it."""
    return {
        "ggufscope": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in ("numpy", "gguf")},
    }


def _processor() -> str:
    if _PROCESSOR_FILE.exists():
        for line in _PROCESSOR_FILE.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip().lower() == "model name":
                return value.strip()
    if platform.system() == "Darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None
