"""How much memory work needs, apart from pages of mapped files, which the system may take back."""

from __future__ import annotations

from pathlib import Path

_STATUS = Path("/proc/self/status")


class PeakMemory:
    """The largest anonymous resident memory of this process among the moments of `look`; Linux only."""

    def __init__(self) -> None:
        self.peak: int | None = None
        self.look()

    def look(self) -> None:
        now = anonymous_bytes()
        if now is not None:
            self.peak = max(self.peak or 0, now)


def anonymous_bytes() -> int | None:
    """RssAnon of proc(5); None where the system does not tell."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) for line in lines if line.startswith("RssAnon:")]
    return sizes[0] * 1024 if sizes else None
