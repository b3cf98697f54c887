"""Shows how far an installation is, from what `pip -v` prints; tools/install.sh pipes it in here.

    pip -v install … 2>&1 | python tools/progress.py LOG

On a terminal the last line is what happens now, rewritten in place:

    compiling llama-cpp-python [212/240] 3 min 5 s

Elsewhere a step is a line of its own once it is done, and one that takes long says every half a minute how far it is.
All that was read goes to LOG, whose end is printed if pip failed: that is told by its last line, `exit CODE`, which
install.sh adds, because this has to end with pip's exit code and not with its own.
"""

from __future__ import annotations

import re
import shutil
import signal
import sys
import time
from collections import deque
from pathlib import Path
from typing import TextIO

EVERY = 30.0  # seconds between two lines of one step where there is no terminal
LAST = 40  # lines of the log that tell why it failed
_CLEARED = "\r\x1b[K"  # back to the beginning of the line, and nothing in it
_COUNTED = re.compile(r"\s*\[\s*(?:(?P<done>\d+)/(?P<all>\d+)|(?P<percent>\d+)%)\]")  # of ninja, or of make
_BUILT = re.compile(r"\s*(?:Running command )?Building (?:wheel|editable) for (?P<name>[\w.-]+)")
_GOT = re.compile(r"\s*(?:Collecting|Requirement already satisfied:|Downloading|Using cached) ")
_PACKAGE = re.compile(r"\s*Collecting ")
_EXIT = re.compile(r"exit (?P<code>\d+)")


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


class Progress:
    """Steps of an installation on a stream.

    Args:
        out: where they are shown; a line is rewritten in place if that is a terminal.
        clock: seconds, of `time.monotonic`.
    """

    def __init__(self, out: TextIO, clock: float) -> None:
        self._out, self._in_place = out, out.isatty()
        self._step, self._how_far = "", ""
        self._packages = 0
        self._began = self._shown = clock

    def read(self, line: str, clock: float) -> None:
        """Take the next line of pip."""
        if counted := _COUNTED.match(line):
            if not self._step.startswith("compiling"):
                self._begin("compiling", clock)
            percent = counted["percent"]
            self._how_far = f"[{percent} %]" if percent else f"[{counted['done']}/{counted['all']}]"
        elif built := _BUILT.match(line):
            self._begin(f"compiling {built['name']}", clock)
        elif _GOT.match(line):
            self._begin("fetching packages", clock)
            self._packages += _PACKAGE.match(line) is not None
            self._how_far = f"[{self._packages}]"
        elif line.startswith("Installing collected packages:"):
            self._begin("installing packages", clock)
            self._how_far = f"[{line.count(',') + 1}]"
        self.tick(clock)

    def tick(self, clock: float) -> None:
        """Show how far it is by now."""
        if not self._step:
            return
        if self._in_place:
            width = shutil.get_terminal_size().columns
            self._out.write(_CLEARED + self._line(clock)[: width - 1])
        elif clock - self._shown >= EVERY:
            self._out.write(f"{self._line(clock)} so far\n")
        else:
            return
        self._shown = clock
        self._out.flush()

    def end_step(self, clock: float) -> None:
        """Leave the line of the step that is done."""
        if self._step:
            self._out.write(f"{_CLEARED if self._in_place else ''}{self._line(clock)}\n")
            self._out.flush()
        self._step, self._how_far = "", ""

    def _begin(self, step: str, clock: float) -> None:
        if step != self._step:
            self.end_step(clock)
            self._step, self._began, self._shown = step, clock, clock

    def _line(self, clock: float) -> str:
        return "  " + " ".join(filter(None, [self._step, self._how_far, duration(clock - self._began)]))


def main(log: Path) -> int:
    """Show what comes by standard input, and return the exit code that its last line tells."""
    progress = Progress(sys.stdout, time.monotonic())
    last: deque[str] = deque(maxlen=LAST)
    with log.open("w", encoding="utf-8") as kept:
        for line in sys.stdin:
            if end := _EXIT.fullmatch(line.rstrip("\n")):
                progress.end_step(time.monotonic())
                if code := int(end["code"]):
                    kept.flush()
                    sys.stderr.write("".join(last))
                    sys.stderr.write(f"pip failed; all that it said is in {log}\n")
                return code
            kept.write(line)
            last.append(line)
            progress.read(line, time.monotonic())
    return 1  # whoever piped was killed


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except KeyboardInterrupt:  # it reaches pip and install.sh, too
        sys.stderr.write(f"\ninterrupted; all that pip said is in {sys.argv[1]}\n")
        sys.exit(128 + signal.SIGINT)
