"""The memory that a script takes, in an interpreter of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

# Anonymous memory is what a process holds beyond file mappings, in bytes. 0 where the system does not tell.
PRELUDE = """
    import json, pathlib, re, sys
    def anonymous():
        status = pathlib.Path("/proc/self/status")
        return int(re.search(r"RssAnon:\\s+(\\d+) kB", status.read_text())[1]) * 1000 if status.exists() else 0
    peak = 0
    def sample(*_):
        global peak
        peak = max(peak, anonymous())
"""


def measured(script: str, *arguments: object) -> dict[str, Any]:
    """What a script prints as JSON; it can call `anonymous()`, and `sample()`, which keeps the highest in `peak`."""
    source = textwrap.dedent(PRELUDE) + textwrap.dedent(script)
    command = [sys.executable, "-c", source, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)
