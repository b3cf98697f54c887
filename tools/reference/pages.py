"""Every page of docs/reference, and every other file there, by its path."""

from __future__ import annotations

from collections.abc import Callable

from . import api, charts, commands, exit_codes, fields, rules, schemas, tables, trace, types

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands.render,
    "exit_codes.md": exit_codes.render,
    "python.md": api.render,
    "fields.md": fields.render,
    "types.md": types.render,
    "rules.md": rules.render,
    "trace.md": trace.render,
    "tables.md": tables.render,
    "charts.md": charts.render,
    "schemas.md": schemas.render,
}


def files() -> dict[str, str]:
    """Path below docs/reference → text."""
    return {path: render() for path, render in PAGES.items()} | dict(schemas.files())
