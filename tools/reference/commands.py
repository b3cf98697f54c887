"""Commands and their options, from the command line itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer

from ggufscope.commands.app import COMMANDS, build_app, load_command

from .markdown import code, documentation, fenced, page, paragraph, prose, table


def render() -> str:
    return page(
        "Commands",
        paragraph(
            "Every command of `ggufscope`, its arguments and its options, as `ggufscope COMMAND --help`"
            " tells them. Each ends with one of the [exit codes](exit_codes.md); `--debug`, anywhere on"
            " the line, prints the traceback of an error."
        ),
        table(("command", ""), ((f"[`{name}`](#{name})", prose(about)) for name, about in COMMANDS.items())),
        *(part for name in COMMANDS for part in section(name)),
    )


def section(name: str) -> Iterator[str]:
    group: Any = typer.main.get_command(build_app(name))
    command = group.commands[name]
    yield f"## {name}"
    yield prose(COMMANDS[name])
    arguments = [usage(parameter) for parameter in command.params if parameter.param_type_name == "argument"]
    yield fenced(" ".join([f"ggufscope {name}", "[OPTIONS]", *arguments]), "text")
    about = documentation(load_command(name)).partition("\n\n")[2]
    if about:
        yield about
    rows = [row(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
    yield table(("argument or option", "what it does", "default"), rows)


def usage(parameter: Any) -> str:
    """An argument in the line of usage: in brackets where it may be missing, with dots where there may be several."""
    shown = re.sub(r"[\[\]{}…]|\.\.\.", "", parameter.metavar or parameter.name.upper())
    shown += "…" if parameter.nargs == -1 else ""
    return shown if parameter.required else f"[{shown}]"


def row(parameter: Any) -> tuple[str, str, str]:
    """A parameter as `--help` has it."""
    is_option = parameter.param_type_name == "option"
    names = ", ".join((*parameter.opts, *parameter.secondary_opts)) if is_option else ""
    metavar = parameter.metavar or ("" if getattr(parameter, "is_flag", False) else parameter.name.upper())
    shown = " ".join(filter(None, [names, "" if getattr(parameter, "is_flag", False) else metavar]))
    again = "; may be given again" if is_option and parameter.multiple else ""
    help_text = inspect.cleandoc(parameter.help or "").replace("\n", " ")
    default = parameter.default
    has_default = isinstance(default, (int, float, str)) and not isinstance(default, bool) and default != ""
    return code(shown), prose(f"{help_text.rstrip('.')}{again}."), code(default) if has_default else ""
