"""A notebook as a page of the site: its text, its code, and what its cells showed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

FORMS = ("text/html", "image/png", "text/plain")  # of a result, the richest first


def notebook_page(path: Path) -> str:
    """The Markdown of a notebook, with its saved outputs."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    download = f'<p><a href="{path.name}" download>This page as a notebook</a></p>'
    return "\n\n".join([*(part for cell in cells for part in _parts(cell)), download]) + "\n"


def _parts(cell: dict[str, Any]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        yield f'<div class="notebook-output">{_shown(output)}</div>'


def _shown(output: dict[str, Any]) -> str:
    """What a cell left, as HTML without an empty line, which would end it in Markdown."""
    if output["output_type"] == "stream":
        return _preformatted("".join(output["text"]))
    form = next(form for form in FORMS if form in output["data"])
    content = "".join(output["data"][form])
    if form == "image/png":
        return f'<img alt="" src="data:image/png;base64,{content.strip()}">'
    if form == "text/html":
        return "\n".join(line for line in content.splitlines() if line.strip())
    return _preformatted(content)


def _preformatted(text: str) -> str:
    return f"<pre>{escape(text.rstrip()).replace(chr(10), '&#10;')}</pre>"
