"""Views as they appear: on terminals of several widths, in colour, in pipes, and as Markdown."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from rich.console import Console

from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.markdown import MarkdownScreen
from ggufscope.terminal.screen import Screen
from ggufscope.text.glyphs import Glyphs

Render = Callable[[Screen], None]

WIDTHS = (40, 80, 140)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(render: Render, width: int) -> str:
    """What a terminal in colour shows, without the colours."""
    return _COLOUR.sub("", _printed(render, width, in_colour=True))


def in_pipe(render: Render, width: int) -> str:
    """What goes into a pipe."""
    return _printed(render, width, in_colour=False)


def as_markdown(render: Render) -> str:
    """What `--md` prints."""
    screen = MarkdownScreen(Glyphs(blocks=True), "--json has all")
    render(screen)
    return screen.text() + "\n"


def _printed(render: Render, width: int, *, in_colour: bool) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=in_colour,
        color_system="truecolor" if in_colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    render(TerminalScreen(console))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"
