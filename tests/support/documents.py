"""Documents of the project, and the Python in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def document(name: str) -> str:
    """The text of a file, named from the project's root."""
    return (ROOT / name).read_text(encoding="utf-8")


def run_python(name: str) -> dict[str, Any]:
    """Run the one piece of Python in a document, in the working directory, and return the names it leaves."""
    (code,) = re.findall(r"```python\n(.*?)```", document(name), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, name, "exec"), names)  # noqa: S102
    return names
