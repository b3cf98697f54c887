"""Exit codes of the commands."""

from __future__ import annotations

from ggufscope.errors import ExitCode

from .markdown import page, paragraph, table


def render() -> str:
    return page(
        "Exit codes",
        paragraph(
            "What every command ends with. An error is one line on standard error, `ggufscope: …`;"
            " results on standard output are whole or not there."
        ),
        table(("exit code", "name", "meaning"), ((code.value, f"`{code.name}`", code.meaning) for code in ExitCode)),
    )
