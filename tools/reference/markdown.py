"""Pieces of Markdown that the pages of the reference are made of, and docstrings as Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

NOTE = "<!-- Written by tools/make_reference.py from the code. -->"
SECTION = re.compile(r"(Args|Attributes|Example|Examples|Raises|Returns|Yields):$")
FIELD = re.compile(r"(\*{0,2}[\w., ]+): (.*)")


def page(title: str, *parts: str) -> str:
    """A whole page: its title, the note that it is made, its parts."""
    return "\n\n".join([f"# {title}", NOTE, *filter(None, parts)]) + "\n"


def paragraph(text: str, width: int = 120) -> str:
    """Text in lines; they break at spaces alone, so that code stays whole where it has none."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table; a pipe in a cell is escaped."""
    columns = list(head)
    cells = [[str(cell).replace("|", r"\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in [columns, *cells]]
    return "\n".join([lines[0], "|" + "---|" * len(columns), *lines[1:]])


def code(text: object) -> str:
    """A name or value as code."""
    return f"`{text}`"


def fenced(text: str, language: str = "") -> str:
    """A block of code."""
    return f"```{language}\n{text}\n```"


def prose(text: str) -> str:
    """Words of a docstring outside code: what Markdown would take for emphasis or HTML is escaped."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece.startswith("`") else re.sub(r"([*<])", r"\\\1", piece) for piece in pieces)


def sections_of(documented: Any) -> dict[str, list[str]]:
    """Lines of a docstring, or of what has one, by its sections; what stands in front of them under an empty name."""
    text = inspect.cleandoc(documented) if isinstance(documented, str) else inspect.getdoc(documented) or ""
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in text.splitlines():
        if SECTION.match(line):
            name = line.rstrip(":")
            sections[name] = []
        elif name and line and not line.startswith(" "):
            name = ""
            sections[name] += ["", line]
        else:
            sections[name].append(line)
    return {
        name: (inspect.cleandoc("\n".join(lines)) if name else "\n".join(lines)).splitlines()
        for name, lines in sections.items()
    }


def fields_of(lines: list[str]) -> dict[str, str]:
    """Name → text of a section such as Args, a field to an entry that may go on in indented lines."""
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        begun = FIELD.match(line)
        if begun and not line.startswith(" "):
            name = begun[1]
            fields[name] = begun[2]
        elif name:
            fields[name] += f" {line.strip()}"
    return fields


def documentation(documented: Any) -> str:
    """A docstring as Markdown."""
    parts = []
    for name, lines in sections_of(documented).items():
        if not lines:
            continue
        if name in {"Example", "Examples"}:
            parts.append(fenced("\n".join(re.sub(r"\s*# doctest: .*", "", line) for line in lines), "pycon"))
        elif fields := fields_of(lines) if name in {"Args", "Attributes", "Raises"} else {}:
            items = [f"* `{field}`: {prose(text.strip())}" for field, text in fields.items()]
            parts += [f"**{name}**", "\n".join(items)]
        elif name:
            parts.append(f"**{name}**: {prose(' '.join(line.strip() for line in lines))}")
        else:
            parts.append(_text(lines))
    return "\n\n".join(parts)


def _text(lines: list[str]) -> str:
    """What a docstring says in front of its sections; what is indented there is drawn, examples are code."""
    paragraphs = []
    for paragraph in "\n".join(lines).split("\n\n"):
        if paragraph.startswith((" ", ">>>")):
            language = "pycon" if ">>>" in paragraph else "text"
            drawn = inspect.cleandoc(f"\n{paragraph}")
            paragraphs.append(fenced(re.sub(r"\s*# doctest: .*", "", drawn), language))
        else:
            paragraphs.append(prose(paragraph))
    return "\n\n".join(filter(str.strip, paragraphs))
