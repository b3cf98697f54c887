"""A recipe on standard output: a command for a shell, with what it does not do in comments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..models.recipes.quantizer import PLAIN
from ..terminal.console import show
from ..terminal.standard_output import print_out
from ..text.escape import escape
from ..text.numbers import counted

if TYPE_CHECKING:
    from ..models.recipes import Recipe

_MOST_NAMED = 8


def print_recipe(recipe: Recipe, *, as_json: bool, as_markdown: bool) -> None:
    """The command, for a shell, as Markdown or as JSON."""
    if as_json:
        print_out(json.dumps(recipe.to_json(), indent=1, allow_nan=False))
    else:
        lines = [*recipe_lines(recipe), *recipe.shell().split("\n")]
        show(lambda screen: screen.whole(*lines), markdown=as_markdown)


def recipe_lines(recipe: Recipe) -> list[str]:
    """Comments: what the command starts from, and the tensors whose types it does not give."""
    lines = [f"# REFERENCE.gguf: the same model in {', '.join(PLAIN[:-1])} or {PLAIN[-1]}"]
    if recipe.needs_importance:
        lines.append("# IMATRIX.gguf: an importance matrix of it, which llama-quantize asks for at these types")
    shown = list(recipe.not_made.items())[:_MOST_NAMED]
    lines += [f"# not made so: {escape(name)}: {reason}" for name, reason in shown]
    more = len(recipe.not_made) - len(shown)
    return lines + ([f"# not made so: {counted(more, 'tensor')} more; --json has them"] if more else [])
