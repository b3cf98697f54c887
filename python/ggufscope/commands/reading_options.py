"""Options of reading and answering, for the commands that run a model."""

from pathlib import Path
from typing import Annotated

import typer

from ..runtime.answering import MOST_TOKENS, USUAL_TOKENS
from ..runtime.engines.engine import ENGINES
from ..runtime.reading.templates import CHOICES
from .completion import choices

USUAL_ENGINE = next(iter(ENGINES))

_ENGINES_HELP = "; ".join(f"{name}: {engine.summary}" for name, engine in ENGINES.items())

PromptsOption = Annotated[
    Path | None, typer.Option("--prompts", metavar="FILE", help="Prompts to read; default: the twenty built in.")
]
TemplateOption = Annotated[
    str,
    typer.Option(
        "--template",
        help=f"Form of a turn around each prompt: {', '.join(CHOICES)}.",
        autocompletion=choices(*CHOICES),
    ),
]
EngineOption = Annotated[str, typer.Option("--engine", help=f"{_ENGINES_HELP}.", autocompletion=choices(*ENGINES))]
MaxNewTokensOption = Annotated[
    int | None,
    typer.Option(
        "--max-new-tokens",
        metavar="N",
        help=f"To answer with, a fixed limit; default: {USUAL_TOKENS}, and up to {MOST_TOKENS} for answers that are not"
        " over then; 0 for texts.",
    ),
]
